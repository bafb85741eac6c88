package dev.daxverbs.region;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where to look first: which range was last given for an address. A hint may be out of date, or for another address that shares its place;
 * whoever follows one asks the range itself whether it serves, and holds it, which a retired one refuses. So nothing depends on what is
 * here but time: a search through the table takes some ten branches that the processor cannot foresee.
 *
 * <p>Any thread may use it, without a lock.
 */
final class RangeHints<R> {
    private static final int LEAST = 1 << 6;
    private static final int MOST = 1 << 16;
    /** 2^64 divided by the golden ratio: spreads addresses that have the same last bits. */
    private static final long SPREAD = 0x9e3779b97f4a7c15L;

    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(KeptRange[].class);

    private final KeptRange<R>[] hints;
    private final int shift;

    /** For so many ranges: twice as many places, within bounds. */
    @SuppressWarnings("unchecked")
    RangeHints(int ranges) {
        int bits = 64 - Long.numberOfLeadingZeros(Math.max(LEAST, Math.min(MOST, 2L * ranges)) - 1);
        hints = (KeptRange<R>[]) new KeptRange<?>[1 << bits];
        shift = 64 - bits;
    }

    private int place(long address) {
        return (int) (address * SPREAD >>> shift);
    }

    /** A range that may be the one; or null. */
    @SuppressWarnings("unchecked")
    KeptRange<R> get(long address) {
        return (KeptRange<R>) ELEMENT.getAcquire(hints, place(address)); // pairs with put: the range is seen as it was made
    }

    /** Remembers a range that the caller holds. */
    void put(long address, KeptRange<R> range) {
        int place = place(address);
        ELEMENT.setVolatile(hints, place, range);
        // Whoever retires it clears the hints afterwards. Either it is not retired yet, so that this one is found then; or we see it here
        // (volatile both).
        if (range.isRetired()) {
            ELEMENT.compareAndSet(hints, place, range, null);
        }
    }

    /** Forgets what has been retired, so that nothing is kept reachable (memory of automatic arenas, for instance) by a hint to it. */
    void clearRetired() {
        for (int i = 0; i < hints.length; i++) {
            @SuppressWarnings("unchecked")
            KeptRange<R> range = (KeptRange<R>) ELEMENT.getVolatile(hints, i);
            if (range != null && range.isRetired()) {
                ELEMENT.compareAndSet(hints, i, range, null);
            }
        }
    }
}
