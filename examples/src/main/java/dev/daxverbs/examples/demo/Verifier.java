package dev.daxverbs.examples.demo;

import dev.daxverbs.dax.DaxFile;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Compares pages of the file, read by {@code pread(2)} on the mapping's own descriptor, with what they should be. */
final class Verifier {
    private final DaxFile file;
    private final MemorySegment found = Arena.ofAuto().allocate(FileUnderTest.PAGE_BYTES, FileUnderTest.PAGE_BYTES);

    Verifier(DaxFile file) {
        this.file = file;
    }

    /** Whether the page is, byte for byte, what is expected. */
    boolean holds(long page, MemorySegment expected) throws IOException {
        long read = file.read(found, page * FileUnderTest.PAGE_BYTES);
        return read == FileUnderTest.PAGE_BYTES && found.mismatch(expected) == -1;
    }
}
