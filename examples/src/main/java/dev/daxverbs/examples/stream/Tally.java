package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.stream.Judge.Verdict;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What happened to all transfers. Any thread counts; one reads the latencies. */
final class Tally {
    /** To the percent: it is looked at every second, on processors that may be slow. */
    private static final int DIGITS = 2;
    private static final long LEAST_NS = 1000;
    private static final long MOST_NS = TimeUnit.HOURS.toNanos(1);

    private final LongAdder begun = new LongAdder();
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder truncated = new LongAdder();
    private final LongAdder outOfOrder = new LongAdder();
    private final LongAdder compared = new LongAdder();
    private final LongAdder excused = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final Map<String, Long> reasons = new ConcurrentSkipListMap<>();
    private final Recorder latencies = new Recorder(LEAST_NS, MOST_NS, DIGITS);
    private final Histogram total = new Histogram(LEAST_NS, MOST_NS, DIGITS);

    void begun() {
        begun.increment();
    }

    void succeeded(long latencyNs) {
        succeeded.increment();
        latencies.recordValue(Math.clamp(latencyNs, 0, MOST_NS));
    }

    /** One that nobody has timed. */
    void succeeded() {
        succeeded.increment();
    }

    /** So many more were made than this process has seen. */
    void alsoMade(long number) {
        begun.add(number);
    }

    void failed(String reason) {
        failed.increment();
        note(reason);
    }

    void metEnd() {
        truncated.increment();
    }

    void outOfOrder(long times, String reason) {
        if (times > 0) {
            outOfOrder.add(times);
            note(reason);
        }
    }

    /**
     * A comparison.
     *
     * @param verdict what it says
     * @param reason what it means if it is wrong
     */
    void compared(Verdict verdict, String reason) {
        switch (verdict) {
            case RIGHT -> compared.increment();
            case WRONG -> {
                compared.increment();
                lost.increment();
                note(reason);
            }
            case EXCUSED -> excused.increment();
            default -> {
                // nothing was learned
            }
        }
    }

    private void note(String reason) {
        reasons.merge(reason, 1L, Long::sum);
    }

    /** The latencies, in nanoseconds, since this was called before. */
    Histogram newLatencies() {
        Histogram interval = latencies.getIntervalHistogram();
        total.add(interval);
        return interval;
    }

    /** The latencies that {@link #newLatencies} has given. */
    Histogram allLatencies() {
        return total;
    }

    /** All that were posted or tried to be. */
    long transfers() {
        return begun.sum();
    }

    long successes() {
        return succeeded.sum();
    }

    /** Those that completed with another status than success or FILE_TRUNCATED, were refused for another reason, or never completed. */
    long failed() {
        return failed.sum();
    }

    /** Those that were refused or completed because the file ended before their range. */
    long truncated() {
        return truncated.sum();
    }

    long outOfOrder() {
        return outOfOrder.sum();
    }

    /** Comparisons in which nobody else can have changed the bytes, or that found the expected ones. */
    long compared() {
        return compared.sum();
    }

    /** Comparisons that found zeros where another process may have made some. */
    long excused() {
        return excused.sum();
    }

    /** Comparisons that found what must not be. */
    long lost() {
        return lost.sum();
    }

    /** What went wrong, and how often. */
    Map<String, Long> reasons() {
        return new TreeMap<>(reasons);
    }
}
