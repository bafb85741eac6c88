package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Latency;

import java.util.Locale;

/** The line that is printed every second. One thread. */
final class SecondLine {
    private final boolean connected;
    private long lastNs;
    private long lastSucceeded;
    private Counts last = Counts.NONE;

    /**
     * The lines of a run.
     *
     * @param startNs when it began, by {@link System#nanoTime()}
     * @param connected whether there are two processes, so that transfers may be EMULATED
     */
    SecondLine(long startNs, boolean connected) {
        lastNs = startNs;
        this.connected = connected;
    }

    /**
     * The line for the time since the last one.
     *
     * @param elapsedSeconds since the start
     * @param nowNs now, by {@link System#nanoTime()}
     * @param tally what happened to all transfers
     * @param numbers what the library has counted
     */
    String next(long elapsedSeconds, long nowNs, Tally tally, Counts numbers) {
        Latency latency = Latency.of(tally.newLatencies());
        long succeeded = tally.successes();
        double rate = (succeeded - lastSucceeded) * 1e9 / Math.max(1, nowNs - lastNs);
        Counts since = numbers.since(last);
        String line = String.format(Locale.ROOT, "%4d s  %,8.0f/s  DIRECT %5.1f %%  STAGED %5.1f %%%s  breaks %,d (+%d)  failed %,d  lost %,d  truncated %,d"
                + "  p50 %,.1f µs  p99 %,.1f µs  max %,.1f µs", elapsedSeconds, rate, since.share(since.direct()), since.share(since.staged()),
                connected ? String.format(Locale.ROOT, "  EMULATED %5.1f %%", since.share(since.emulated())) : "", numbers.breaks(), since.breaks(),
                tally.failed(), tally.lost(), tally.truncated(), latency.p50(), latency.p99(), latency.max());
        lastNs = nowNs;
        lastSucceeded = succeeded;
        last = numbers;
        return line;
    }
}
