package dev.daxverbs.examples.demo;

import org.HdrHistogram.Histogram;

import java.util.ArrayList;
import java.util.List;

/** Latency over time, in buckets of equal length, so that its size does not grow with the number of transfers. */
final class Timeline {
    /**
     * What completed in one bucket.
     *
     * @param timeNs the middle of the bucket, from the start of the scenario
     * @param typicalNs the median latency; 0 if nothing succeeded
     * @param quietMaxNs the longest latency of a transfer that met no break; 0 if there was none
     * @param breakMaxNs the longest of one that did; 0 if there was none
     * @param failed how many failed
     * @param lost how many were lost
     */
    record Bucket(long timeNs, long typicalNs, long quietMaxNs, long breakMaxNs, int failed, int lost) {
        boolean isEmpty() {
            return typicalNs == 0 && failed == 0 && lost == 0;
        }
    }

    private final long startNs;
    private final long bucketNs;
    private final List<Bucket> buckets = new ArrayList<>();
    private final Histogram latencies = new Histogram(2);
    private long number; // of the bucket that is being filled
    private long quietMaxNs;
    private long breakMaxNs;
    private int failed;
    private int lost;

    Timeline(long startNs, long bucketNs) {
        this.startNs = startNs;
        this.bucketNs = bucketNs;
    }

    void succeeded(long nowNs, long latencyNs, boolean duringBreak) {
        roll(nowNs);
        latencies.recordValue(latencyNs);
        if (duringBreak) {
            breakMaxNs = Math.max(breakMaxNs, latencyNs);
        } else {
            quietMaxNs = Math.max(quietMaxNs, latencyNs);
        }
    }

    void failed(long nowNs) {
        roll(nowNs);
        failed++;
    }

    void lost(long nowNs) {
        roll(nowNs);
        lost++;
    }

    private void roll(long nowNs) {
        long current = (nowNs - startNs) / bucketNs;
        if (current != number) {
            close();
            number = current;
        }
    }

    private void close() {
        Bucket bucket = new Bucket(number * bucketNs + bucketNs / 2,
                latencies.getTotalCount() == 0 ? 0 : latencies.getValueAtPercentile(50), quietMaxNs, breakMaxNs, failed, lost);
        if (!bucket.isEmpty()) {
            buckets.add(bucket);
        }
        latencies.reset();
        quietMaxNs = 0;
        breakMaxNs = 0;
        failed = 0;
        lost = 0;
    }

    /** Ends the last bucket; those without any transfer are left out. */
    List<Bucket> finish() {
        close();
        return List.copyOf(buckets);
    }
}
