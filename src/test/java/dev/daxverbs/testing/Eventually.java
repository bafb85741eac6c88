package dev.daxverbs.testing;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits with a limit. */
public final class Eventually {
    private Eventually() {
    }

    /** Waits until something is so. */
    public static void await(String what, BooleanSupplier condition) {
        await(what, OtherProcess.LIMIT, condition);
    }

    /** Waits until something is so, not longer than a limit. */
    public static void await(String what, Duration limit, BooleanSupplier condition) {
        long endNs = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - endNs >= 0) {
                throw new AssertionError("not within " + limit + ": " + what);
            }
            pause(1);
        }
    }

    /** Waits for a latch. */
    public static void await(String what, CountDownLatch latch) {
        try {
            if (!latch.await(OtherProcess.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("not within " + OtherProcess.LIMIT + ": " + what);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(what, e);
        }
    }

    /** Takes from a queue. */
    public static <T> T take(String what, BlockingQueue<T> queue) {
        try {
            T taken = queue.poll(OtherProcess.LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (taken == null) {
                throw new AssertionError("not within " + OtherProcess.LIMIT + ": " + what);
            }
            return taken;
        } catch (InterruptedException e) {
            throw new AssertionError(what, e);
        }
    }

    /** Waits for a time. */
    public static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
