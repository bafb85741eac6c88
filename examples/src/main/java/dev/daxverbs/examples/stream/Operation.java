package dev.daxverbs.examples.stream;

import java.util.List;

/** Which transfers there are: each puts bytes into the file by one of the first and gets them back by one of the second. */
enum Operation {
    /** RDMA writes only: the file is the target's memory, then the source. */
    WRITE(List.of(Step.WRITE), List.of(Step.GATHER_WRITE)),
    /** RDMA reads only: the file is what is read into, then what is read. */
    READ(List.of(Step.SCATTER_READ), List.of(Step.READ)),
    /** Sends only: into a receive on the file, then from the file. */
    SEND(List.of(Step.RECEIVE), List.of(Step.SEND)),
    /** All of them, and atomics. */
    MIXED(List.of(Step.WRITE, Step.SCATTER_READ, Step.WRITE_IMMEDIATE, Step.SPLIT_READ, Step.RECEIVE),
            List.of(Step.READ, Step.GATHER_WRITE, Step.SEND, Step.SPLIT_WRITE));

    private final List<Step> puts;
    private final List<Step> gets;

    Operation(List<Step> puts, List<Step> gets) {
        this.puts = puts;
        this.gets = gets;
    }

    List<Step> puts() {
        return puts;
    }

    List<Step> gets() {
        return gets;
    }

    boolean hasAtomics() {
        return this == MIXED;
    }
}
