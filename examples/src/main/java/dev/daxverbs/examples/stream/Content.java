package dev.daxverbs.examples.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Reads the content of the file beside the transfers, while others may make it shorter. One thread. */
@FunctionalInterface
interface Content extends AutoCloseable {
    /**
     * Reads.
     *
     * @param destination where to; native memory
     * @param position where to begin in the file, in bytes
     * @return how many bytes: fewer than the destination has if the file ends before
     * @throws IOException if the kernel refuses
     */
    long read(MemorySegment destination, long position) throws IOException;

    @Override
    default void close() throws IOException {
    }
}
