package dev.daxverbs.region;

import dev.daxverbs.verbs.QueuePair;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits until what queue pairs had posted has completed, and peers in other processes say the same of theirs. It polls their completion
 * queues itself, as their owners need not.
 */
final class Drain {
    private static final int SPINS = 50;
    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(20);
    /** How long the completions of a queue pair in error may take: they are flushed, not executed. */
    private static final long FLUSH_NS = TimeUnit.SECONDS.toNanos(1);

    private final Map<TrackedQueuePair, TrackedQueuePair.DrainEnd> ends = new LinkedHashMap<>();
    private final List<RegionGrants> grants;

    private Drain(Collection<RegionGrants> grants) {
        this.grants = new ArrayList<>(grants);
    }

    /** Seizes each gate once, all for the price of one: what is posted later names no registration that was withdrawn before. */
    static Drain of(Set<TrackedQueuePair> queuePairs) {
        return of(queuePairs, List.of());
    }

    /**
     * Also of peers in other processes.
     *
     * @param grants what they were granted, and has been revoked
     */
    static Drain of(Set<TrackedQueuePair> queuePairs, Collection<RegionGrants> grants) {
        Drain drain = new Drain(grants);
        List<TrackedQueuePair.DrainEnd> ends = TrackedQueuePair.fenceOff(queuePairs);
        int i = 0;
        for (TrackedQueuePair queuePair : queuePairs) {
            drain.ends.put(queuePair, ends.get(i++));
        }
        return drain;
    }

    /**
     * Waits; queue pairs that do not finish in time are fenced, so that the device stops.
     *
     * @param deadlineNs when to stop waiting, by {@link System#nanoTime()}
     * @return those that were fenced
     */
    List<QueuePair> await(long deadlineNs) {
        if (awaitAll(deadlineNs)) {
            return List.of();
        }
        Set<QueuePair> late = new LinkedHashSet<>(ends.keySet()); // one may have many regions
        ends.keySet().forEach(TrackedQueuePair::fence);
        grants.forEach(granted -> late.addAll(granted.fenceLate()));
        awaitAll(System.nanoTime() + FLUSH_NS);
        return List.copyOf(late);
    }

    private boolean awaitAll(long deadlineNs) {
        int round = 0;
        while (true) {
            ends.entrySet().removeIf(entry -> entry.getKey().isDrained(entry.getValue()));
            grants.removeIf(RegionGrants::isDrained);
            if (ends.isEmpty() && grants.isEmpty()) {
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
