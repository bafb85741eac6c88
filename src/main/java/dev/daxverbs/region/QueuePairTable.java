package dev.daxverbs.region;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Finds a queue pair by the index in its {@link WorkRequestId}s. Indexes are used again, so whoever looks one up compares the
 * queue pair's number with the completion's.
 */
final class QueuePairTable {
    private static final BitSet USED = new BitSet(); // guarded by the class
    private static volatile TrackedQueuePair[] table = new TrackedQueuePair[16];

    private QueuePairTable() {
    }

    /** Takes the lowest free index. */
    static synchronized int reserve() {
        int index = USED.nextClearBit(0);
        if (index == WorkRequestId.MAX_QUEUE_PAIRS) {
            throw new IllegalStateException("%d queue pairs are open: close some".formatted(index));
        }
        USED.set(index);
        return index;
    }

    static synchronized void enter(int index, TrackedQueuePair queuePair) {
        TrackedQueuePair[] now = table;
        TrackedQueuePair[] next = Arrays.copyOf(now, Math.max(now.length, Integer.highestOneBit(index + 1) << 1));
        next[index] = queuePair;
        table = next;
    }

    static synchronized void release(int index) {
        TrackedQueuePair[] next = table.clone();
        if (index < next.length) {
            next[index] = null;
        }
        table = next;
        USED.clear(index);
    }

    /** The queue pair, or null if none has the index now. */
    static TrackedQueuePair find(int index) {
        TrackedQueuePair[] now = table;
        return index < now.length ? now[index] : null;
    }
}
