package dev.daxverbs.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Native memory by address, unchecked: one load or store each.
 *
 * <p>For the lists of the hot path, which check their indexes themselves. Through segments that lie in fields and arrays each access would
 * check kind, bounds, alignment and arena again, which the compiler cannot take out, as it knows nothing of those segments; here there is one
 * segment, which is constant and has every address.
 *
 * <p>Whoever uses it keeps the memory's owner reachable past the access ({@link java.lang.ref.Reference#reachabilityFence}), and checks what
 * comes from a user before: a wrong address ends the JVM.
 */
public final class RawMemory {
    @SuppressWarnings("restricted")
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private RawMemory() {
    }

    /** Four bytes, in this processor's order. */
    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    /** Four bytes, in this processor's order. */
    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    /** Eight bytes, in this processor's order. */
    public static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    /** Eight bytes, in this processor's order. */
    public static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    /** Copies bytes; the two ranges may overlap. */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /** Bytes, as a segment that is always accessible. */
    public static MemorySegment segment(long address, long bytes) {
        return ALL.asSlice(address, bytes);
    }

    /** Sets bytes to zero. */
    public static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }
}
