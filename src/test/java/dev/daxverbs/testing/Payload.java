package dev.daxverbs.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Bytes that tell where they come from: every seed has its own sequence. */
public final class Payload {
    private Payload() {
    }

    /** The sequence of a seed. */
    public static byte[] of(int seed, long bytes) {
        byte[] payload = new byte[Math.toIntExact(bytes)];
        new Random(seed * 0x9e3779b97f4a7c15L).nextBytes(payload);
        return payload;
    }

    /** Fills memory with the sequence of a seed, and gives it. */
    public static byte[] fill(MemorySegment memory, int seed) {
        byte[] payload = of(seed, memory.byteSize());
        memory.copyFrom(MemorySegment.ofArray(payload));
        return payload;
    }

    /** Asserts what a range of memory holds, without a message of megabytes. */
    public static void expect(MemorySegment memory, long offset, byte[] expected) {
        long mismatch = MemorySegment.mismatch(memory, offset, offset + expected.length, MemorySegment.ofArray(expected), 0,
                expected.length);
        assertThat(mismatch).as("first wrong byte of %d from offset %d", expected.length, offset).isEqualTo(-1);
    }

    /** Asserts that a range of memory is as it was allocated. */
    public static void expectZero(MemorySegment memory, long offset, long bytes) {
        expect(memory, offset, new byte[Math.toIntExact(bytes)]);
    }

    /** A part of a payload. */
    public static byte[] part(byte[] payload, int offset, int length) {
        return MemorySegment.ofArray(payload).asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }
}
