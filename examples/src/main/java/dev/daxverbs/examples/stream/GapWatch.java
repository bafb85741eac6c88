package dev.daxverbs.examples.stream;

import java.util.concurrent.TimeUnit;

/**
 * The longest times between completions, whichever queue pair has them: a peer that goes on working through a break has no long ones. Any thread.
 */
final class GapWatch {
    /**
     * The longest ones, in milliseconds.
     *
     * @param all of all
     * @param emulated of those that transfers were EMULATED in, before or after
     * @param held of those while a writer held the file open, its opening included
     */
    record Gaps(double all, double emulated, double held) {
    }

    private boolean running = true;
    private boolean begun;
    private long lastNs;
    private long lastEmulated;
    private boolean wasEmulated;
    private boolean held;
    private long longestNs;
    private long longestEmulatedNs;
    private long longestHeldNs;

    /** From now on nothing is asked for: the last gap ends here. */
    synchronized void end(long nowNs) {
        if (begun) {
            completed(nowNs, lastEmulated);
        }
        running = false;
    }

    /** Whether a writer holds the file open, or is about to. */
    synchronized void hold(boolean now) {
        held = now;
    }

    /**
     * A poll has found completions; the first ones are the beginning.
     *
     * @param nowNs when, by {@link System#nanoTime()}
     * @param emulated how many transfers the library has counted as EMULATED so far
     */
    synchronized void completed(long nowNs, long emulated) {
        if (!running) {
            return;
        }
        if (!begun) {
            begun = true;
            lastNs = nowNs;
        }
        long gapNs = nowNs - lastNs;
        boolean isEmulated = emulated != lastEmulated;
        longestNs = Math.max(longestNs, gapNs);
        if (isEmulated || wasEmulated) {
            longestEmulatedNs = Math.max(longestEmulatedNs, gapNs);
        }
        if (held) {
            longestHeldNs = Math.max(longestHeldNs, gapNs);
        }
        wasEmulated = isEmulated;
        lastEmulated = emulated;
        lastNs = nowNs;
    }

    synchronized Gaps longest() {
        return new Gaps(millis(longestNs), millis(longestEmulatedNs), millis(longestHeldNs));
    }

    private static double millis(long ns) {
        return TimeUnit.NANOSECONDS.toMicros(ns) / 1000.0;
    }
}
