package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Latency;

import org.HdrHistogram.Histogram;

import java.util.List;

/** Latencies of the transfers that succeeded: as a whole, apart for those that met a break, and over time. One thread. */
final class LatencyLog {
    private static final int DIGITS = 3;

    private final Histogram all = new Histogram(DIGITS);
    private final Histogram quiet = new Histogram(DIGITS);
    private final Histogram duringBreak = new Histogram(DIGITS);
    private final Timeline timeline;

    LatencyLog(long startNs, long bucketNs) {
        timeline = new Timeline(startNs, bucketNs);
    }

    void succeeded(long nowNs, long latencyNs, boolean metBreak) {
        all.recordValue(latencyNs);
        (metBreak ? duringBreak : quiet).recordValue(latencyNs);
        timeline.succeeded(nowNs, latencyNs, metBreak);
    }

    void failed(long nowNs) {
        timeline.failed(nowNs);
    }

    void lost(long nowNs) {
        timeline.lost(nowNs);
    }

    Latency all() {
        return Latency.of(all);
    }

    Latency quiet() {
        return Latency.of(quiet);
    }

    Latency duringBreak() {
        return Latency.of(duringBreak);
    }

    List<Timeline.Bucket> buckets() {
        return timeline.finish();
    }
}
