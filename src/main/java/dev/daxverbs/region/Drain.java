package dev.daxverbs.region;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits until what queue pairs had posted has completed. It polls their completion queues itself, as their owners need not.
 */
final class Drain {
    private static final int SPINS = 50;
    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(20);
    /** How long the completions of a queue pair in error may take: they are flushed, not executed. */
    private static final long FLUSH_NS = TimeUnit.SECONDS.toNanos(1);

    private final Map<TrackedQueuePair, Long> ends = new LinkedHashMap<>();

    private Drain() {
    }

    /** Seizes each gate once: what is posted later names no registration that was withdrawn before. */
    static Drain of(Set<TrackedQueuePair> queuePairs) {
        Drain drain = new Drain();
        for (TrackedQueuePair queuePair : queuePairs) {
            drain.ends.put(queuePair, queuePair.fenceOff());
        }
        return drain;
    }

    /**
     * Waits; queue pairs that do not finish in time are fenced, so that the device stops.
     *
     * @param deadlineNs when to stop waiting, by {@link System#nanoTime()}
     * @return how many were fenced
     */
    int await(long deadlineNs) {
        if (awaitAll(deadlineNs)) {
            return 0;
        }
        int late = ends.size();
        ends.keySet().forEach(TrackedQueuePair::fence);
        awaitAll(System.nanoTime() + FLUSH_NS);
        return late;
    }

    private boolean awaitAll(long deadlineNs) {
        int round = 0;
        while (true) {
            ends.entrySet().removeIf(entry -> entry.getKey().isDrained(entry.getValue()));
            if (ends.isEmpty()) {
                return true;
            }
            if (System.nanoTime() - deadlineNs > 0) {
                return false;
            }
            if (round++ < SPINS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }
}
