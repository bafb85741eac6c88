package dev.daxverbs.region;

import java.util.concurrent.atomic.AtomicLong;

/** What happened to the files of one domain's regions, and to its queue pairs that are closed. Any thread. */
final class DomainCounters {
    private final AtomicLong breaks = new AtomicLong();
    private final AtomicLong forced = new AtomicLong();
    private final AtomicLong fenced = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private long direct; // of closed queue pairs, as the next three; guarded by this
    private long staged;
    private long emulated;
    private long truncated;

    void countBreak() {
        breaks.incrementAndGet();
    }

    void countForced() {
        forced.incrementAndGet();
    }

    void countFenced() {
        fenced.incrementAndGet();
    }

    /** A request was refused before it was posted, as its file has not got its range. */
    void countRefused() {
        refused.incrementAndGet();
    }

    synchronized void addClosed(TrackedQueuePair queuePair) {
        direct += queuePair.directCount();
        staged += queuePair.stagedCount();
        emulated += queuePair.emulatedCount();
        truncated += queuePair.truncatedCount();
    }

    /** All together, with those of open queue pairs. */
    synchronized RegionCounters with(Iterable<TrackedQueuePair> open) {
        long directNow = direct;
        long stagedNow = staged;
        long emulatedNow = emulated;
        long truncatedNow = truncated + refused.get();
        for (TrackedQueuePair queuePair : open) {
            directNow += queuePair.directCount();
            stagedNow += queuePair.stagedCount();
            emulatedNow += queuePair.emulatedCount();
            truncatedNow += queuePair.truncatedCount();
        }
        return new RegionCounters(directNow, stagedNow, emulatedNow, truncatedNow, breaks.get(), forced.get(), fenced.get());
    }
}
