package dev.daxverbs.examples.demo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a transfer writes to its page: its number, the page's number, and words that follow from both, so that bytes of another transfer, of another
 * page, or of two transfers mixed are all seen as wrong.
 */
final class Pattern {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L; // 2^64 divided by the golden ratio: neighbours differ in many bits
    private static final byte UNTOUCHED = (byte) 0xEE;

    private Pattern() {
    }

    /** Fills a page's worth of memory. */
    static void fill(MemorySegment memory, long sequence, long page) {
        memory.setAtIndex(WORD, 0, sequence);
        memory.setAtIndex(WORD, 1, page);
        long word = (sequence + 1) * STEP ^ page;
        for (long i = 2; i < memory.byteSize() / WORD.byteSize(); i++) {
            word += STEP;
            memory.setAtIndex(WORD, i, word);
        }
    }

    /** Fills memory with what no transfer brings, so that a read that brings nothing is seen. */
    static void clear(MemorySegment memory) {
        memory.fill(UNTOUCHED);
    }
}
