package dev.daxverbs.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Who holds a thing that is shared, and whether others may still have it: a count, and a word that ends it.
 *
 * <p><b>Assumptions.</b> Whoever is told that the thing is to be ended, by {@link #release}, {@link #retire} or {@link #retireIdle}, ends
 * it, or calls {@link #reinstate}. Each {@link #hold} that succeeded is followed by one {@link #release}.
 *
 * <p><b>Guarantees.</b> Exactly one caller is told to end the thing, and at that time nobody holds it and nobody will. What a holder did
 * before its release is visible to that caller; what was done to the thing before it was shared is visible to each holder.
 *
 * <p><b>Progress.</b> Lock-free: an attempt is repeated only if that of another thread succeeded in between.
 */
public class Holders {
    // One word, so that it changes as a whole:
    //
    //   63       62 ............... 24   23 ........... 0
    //   retired  holds so far (wraps)    holders
    private static final long RETIRED = 1L << 63;
    private static final int HOLDS_SHIFT = 24;
    private static final long ONE_HOLD = 1L << HOLDS_SHIFT;
    private static final long HOLDERS = ONE_HOLD - 1;
    /** So that the number of holds so far can be compared with an earlier one: it wraps at 2^39. */
    private static final long HOLDS_MASK = RETIRED - 1 >>> HOLDS_SHIFT;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Holders.class, "state", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile long state;

    /**
     * With one holder, its maker.
     *
     * @param shared whether others may hold it as well; if not, it is retired from the start
     */
    protected Holders(boolean shared) {
        state = shared ? 1 : RETIRED | 1;
    }

    /**
     * Holds it.
     *
     * @return false if it is retired
     * @throws IllegalStateException if it is held 2^24 - 1 times
     */
    public final boolean hold() {
        long now = state;
        while (now >= 0) {
            if ((now & HOLDERS) == HOLDERS) {
                throw new IllegalStateException("holders=" + HOLDERS + ": no more can be counted");
            }
            long next = now + ONE_HOLD + 1 & ~RETIRED; // without the carry of a count of holds that wraps
            if (STATE.compareAndSet(this, now, next)) {
                return true;
            }
            now = state;
        }
        return false;
    }

    /**
     * Lets it go.
     *
     * @return true if the caller has to end it: it is retired, and this was its last holder
     * @throws IllegalStateException if nobody holds it
     */
    public final boolean release() {
        for (;;) {
            long now = state;
            if ((now & HOLDERS) == 0) {
                throw new IllegalStateException("released more often than it was held");
            }
            if (STATE.compareAndSet(this, now, now - 1)) {
                return now < 0 && (now & HOLDERS) == 1;
            }
        }
    }

    /**
     * Lets nobody have it any more who does not have it yet. Retiring it again does nothing.
     *
     * @return true if the caller has to end it: nobody holds it
     */
    public final boolean retire() {
        long before = (long) STATE.getAndBitwiseOr(this, RETIRED);
        return before >= 0 && (before & HOLDERS) == 0;
    }

    /**
     * Retires it if nobody holds it.
     *
     * @return true if so: the caller has to end it, or to reinstate it
     */
    public final boolean retireIdle() {
        for (;;) {
            long now = state;
            if (now < 0 || (now & HOLDERS) != 0) {
                return false;
            }
            if (STATE.compareAndSet(this, now, now | RETIRED)) {
                return true;
            }
        }
    }

    /** Undoes {@link #retireIdle}; only by the thread that was told to end it. */
    public final void reinstate() {
        STATE.getAndBitwiseAnd(this, ~RETIRED);
    }

    /**
     * How many hold it.
     *
     * @return 0 to 2^24 - 1
     */
    public final int holders() {
        return (int) (state & HOLDERS);
    }

    /**
     * Whether it has been retired.
     *
     * @return true if nobody can hold it any more
     */
    public final boolean isRetired() {
        return state < 0;
    }

    /**
     * How often it has been held, not counting its maker's hold, modulo 2^39.
     *
     * @return 0 to 2^39 - 1
     */
    public final long holds() {
        return state >>> HOLDS_SHIFT & HOLDS_MASK;
    }

    /**
     * How many holds there were between two looks.
     *
     * @param before what {@link #holds} gave at the first
     * @param after what it gave at the second, fewer than 2^39 holds later
     * @return the number
     */
    public static long holdsBetween(long before, long after) {
        return after - before & HOLDS_MASK;
    }
}
