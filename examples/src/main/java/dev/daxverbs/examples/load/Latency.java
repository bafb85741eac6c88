package dev.daxverbs.examples.load;

import org.HdrHistogram.Histogram;

/**
 * A distribution, in microseconds.
 *
 * @param count how many transfers
 * @param p50 half of them took at most so long
 * @param p99 99 % of them
 * @param p999 99.9 % of them
 * @param max all of them
 */
public record Latency(long count, double p50, double p99, double p999, double max) {
    /** Of no transfers. */
    public static final Latency NONE = new Latency(0, 0, 0, 0, 0);

    /** The distribution that a histogram of nanoseconds has. */
    public static Latency of(Histogram nanoseconds) {
        return nanoseconds.getTotalCount() == 0 ? NONE : new Latency(nanoseconds.getTotalCount(), micros(nanoseconds.getValueAtPercentile(50)),
                micros(nanoseconds.getValueAtPercentile(99)), micros(nanoseconds.getValueAtPercentile(99.9)), micros(nanoseconds.getMaxValue()));
    }

    private static double micros(long nanoseconds) {
        return nanoseconds / 1000 + nanoseconds % 1000 / 100 / 10.0; // 0.1 µs is as fine as it can be told
    }
}
