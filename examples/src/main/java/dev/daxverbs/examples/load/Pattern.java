package dev.daxverbs.examples.load;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a transfer writes to its place in the file: its number, the place's number, and words that follow from both, so that bytes of another
 * transfer, of another place, or of two transfers mixed are all seen as wrong.
 */
public final class Pattern {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L; // 2^64 divided by the golden ratio: neighbours differ in many bits
    private static final byte UNTOUCHED = (byte) 0xEE;

    private Pattern() {
    }

    /** Fills memory of any length and alignment; what does not fill a word gets the last word's first bytes. */
    public static void fill(MemorySegment memory, long sequence, long place) {
        long words = memory.byteSize() / WORD.byteSize();
        long word = (sequence + 1) * STEP ^ place;
        for (long i = 0; i < words; i++) {
            word += STEP;
            memory.set(WORD, i * WORD.byteSize(), i == 0 ? sequence : i == 1 ? place : word);
        }
        for (long i = words * WORD.byteSize(); i < memory.byteSize(); i++) {
            word += STEP;
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) (word >>> Long.SIZE - Byte.SIZE | 1)); // never zero, which is what a truncated file has
        }
    }

    /** Fills memory with what no transfer brings, so that a read that brings nothing is seen. */
    public static void clear(MemorySegment memory) {
        memory.fill(UNTOUCHED);
    }
}
