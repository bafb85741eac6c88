package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.region.RegionCounters;

import java.util.Locale;

/** The line that is printed every second. One thread. */
final class SecondLine {
    private long lastNs;
    private long lastSucceeded;
    private RegionCounters last = new RegionCounters(0, 0, 0, 0, 0, 0);

    SecondLine(long startNs) {
        lastNs = startNs;
    }

    /**
     * The line for the time since the last one.
     *
     * @param elapsedSeconds since the start
     * @param nowNs now, by {@link System#nanoTime()}
     * @param tally what happened to all transfers
     * @param numbers what the library has counted
     */
    String next(long elapsedSeconds, long nowNs, Tally tally, RegionCounters numbers) {
        Latency latency = Latency.of(tally.newLatencies());
        long succeeded = tally.succeeded();
        double rate = (succeeded - lastSucceeded) * 1e9 / Math.max(1, nowNs - lastNs);
        String line = String.format(Locale.ROOT, "%4d s  %,8.0f/s  DIRECT %5.1f %%  STAGED %5.1f %%  breaks %,d (+%d)  failed %,d  lost %,d  truncated %,d"
                + "  p50 %,.1f µs  p99 %,.1f µs  max %,.1f µs", elapsedSeconds, rate, share(numbers.direct() - last.direct(), numbers.staged() - last.staged()),
                share(numbers.staged() - last.staged(), numbers.direct() - last.direct()), numbers.breaks(), numbers.breaks() - last.breaks(),
                tally.failed(), tally.lost(), tally.truncated(), latency.p50(), latency.p99(), latency.max());
        lastNs = nowNs;
        lastSucceeded = succeeded;
        last = numbers;
        return line;
    }

    /** In percent. */
    private static double share(long part, long rest) {
        return part + rest == 0 ? 0 : 100.0 * part / (part + rest);
    }
}
