package dev.daxverbs.region;

import java.lang.foreign.MemorySegment;

/**
 * A piece of a {@link StagingPool}, somebody's until it is given back.
 *
 * @param pool where it is from
 * @param offset bytes from the start of the pool's memfd
 * @param segment the memory, as long as was asked for
 */
record StagingBuffer(StagingPool pool, long offset, MemorySegment segment) {
    long address() {
        return segment.address();
    }

    int localKey() {
        return pool.registration().localKey();
    }

    int remoteKey() {
        return pool.registration().remoteKey();
    }

    void giveBack() {
        pool.giveBack(this);
    }
}
