package dev.daxverbs.examples.stream;

/** One way to put bytes into the file or to get them out of it. */
enum Step {
    /** RDMA write from anonymous memory to the file. */
    WRITE(true),
    /** The same with immediate data, which takes a receive of the peer. */
    WRITE_IMMEDIATE(true),
    /** RDMA read of anonymous memory, scattered into the file. */
    SCATTER_READ(true),
    /** The same, scattered into the file and anonymous memory. */
    SPLIT_READ(true),
    /** Send from anonymous memory into a receive that is posted on the file. */
    RECEIVE(true),
    /** RDMA read of the file into anonymous memory. */
    READ(false),
    /** RDMA write to anonymous memory, gathered from the file. */
    GATHER_WRITE(false),
    /** The same, gathered from the file and anonymous memory. */
    SPLIT_WRITE(false),
    /** Send from the file into a receive that is posted on anonymous memory. */
    SEND(false),
    /** Adds one to a word of the file. */
    FETCH_ADD(false);

    private final boolean put;

    Step(boolean put) {
        this.put = put;
    }

    /** Whether it changes the place's range in the file. */
    boolean isPut() {
        return put;
    }

    /** Whether it has a second element, of anonymous memory. */
    boolean isSplit() {
        return this == SPLIT_READ || this == SPLIT_WRITE;
    }

    /** Whether it takes one of the receives that the target has posted on anonymous memory. */
    boolean takesReceive() {
        return this == SEND || this == WRITE_IMMEDIATE;
    }

    /** Whether a {@link #READ} posted right behind it must bring what it wrote: the peer executes writes and reads in order. */
    boolean canBeFollowed() {
        return this == WRITE || this == WRITE_IMMEDIATE;
    }
}
