package dev.daxverbs.examples.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What a poller does between polls that found nothing. */
public final class Idle {
    private static final int SPINS = 5;
    private static final int YIELDS = 10;
    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(50);

    private static final long MOST_PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(500);

    private Idle() {
    }

    /** The device may be software, and need the processor; in a long break others need it more. */
    public static void rest(int idlePolls) {
        if (idlePolls > SPINS + YIELDS) {
            LockSupport.parkNanos(PAUSE_NS);
        } else if (idlePolls > SPINS) {
            Thread.yield();
        }
    }

    /** The same where two processes do so, each with several threads: pauses grow, as waking up is most of what they do. */
    public static void restLonger(int idlePolls) {
        if (idlePolls > SPINS + YIELDS) {
            LockSupport.parkNanos(Math.min(MOST_PAUSE_NS, PAUSE_NS * (idlePolls - SPINS - YIELDS)));
        } else {
            rest(idlePolls);
        }
    }
}
