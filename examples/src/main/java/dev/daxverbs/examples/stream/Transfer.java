package dev.daxverbs.examples.stream;

/** A transfer that is being made. Used again and again by its place, and by one thread. */
final class Transfer {
    final Place place;
    Step step;
    /** Of the first region byte, of the place's region. */
    long offset;
    long lengthBytes;
    /** How many bytes the second element has; 0 without one. */
    long tailBytes;
    /** Whether the element of anonymous memory comes first. */
    boolean tailFirst;
    int word;
    boolean signaled;
    boolean hasImmediate;
    int immediate;

    long postedNs;
    Moment postedAt;
    boolean outstanding;
    /** How many completions are still to come. */
    int parts;
    boolean truncated;
    /** Which of the target's receives a message took. */
    int receive;
    /** The lease at a time before the transfer was executed; null until a completion came. */
    Moment since;

    Transfer(Place place) {
        this.place = place;
    }

    long totalBytes() {
        return lengthBytes + tailBytes;
    }

    /** Where the file's bytes begin in the message. */
    long fileBytesAt() {
        return tailFirst ? tailBytes : 0;
    }

    long tailAt() {
        return tailFirst ? 0 : lengthBytes;
    }

    @Override
    public String toString() {
        return "%s of %d+%d bytes at %d%s".formatted(step, lengthBytes, tailBytes, offset, signaled ? "" : ", unsignaled");
    }
}
