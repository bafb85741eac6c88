package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionChannel;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.WorkCompletions;

/**
 * A completion queue that gives users their own numbers, and that a break can poll when its owner does not.
 *
 * <p>All fields are used within the gate: by the owner in {@link #poll}, by others with the gate seized.
 */
final class TrackedCompletionQueue extends CompletionQueue {
    private static final int SWEEP = 64;

    private final KeptCompletions kept = new KeptCompletions();
    private final WorkCompletions swept = new WorkCompletions(SWEEP);
    private int settled; // requests that ended without the device, and whose turn to complete has not come
    private int reserved; // completions that the attached queue pairs can have outstanding; guarded by this

    TrackedCompletionQueue(DeviceContext context, int entries, CompletionChannel channel, int vector) {
        super(context, entries, channel, vector);
    }

    /**
     * Sets room aside for a queue pair's completions. Work requests that name tracked regions always complete on the device,
     * signaled or not, so the room must be there.
     */
    synchronized void reserve(int completions) {
        if (completions > entries() - reserved) {
            throw new IllegalArgumentException(("%s has entries=%d, of which %d are taken: a queue pair with %d outstanding requests does"
                    + " not fit; create the queue with room for all").formatted(this, entries(), reserved, completions));
        }
        reserved += completions;
    }

    synchronized void giveBack(int completions) {
        reserved -= completions;
    }

    @Override
    protected int pollInside(WorkCompletions into) {
        if (kept.isEmpty() && settled == 0) {
            pollDevice(into);
            int size = 0;
            for (int i = 0; i < into.size(); i++) {
                if (TrackedQueuePair.translate(into, i)) {
                    into.move(i, size++);
                }
            }
            into.truncate(size);
            return size;
        }
        sweepInside();
        return kept.moveTo(into);
    }

    /** Polls in the owner's place, and keeps for it what there is. */
    void sweep() {
        seizeGate();
        try {
            if (isOpen()) {
                sweepInside();
            }
        } finally {
            releaseGate();
        }
    }

    private void sweepInside() {
        do {
            pollDevice(swept);
            for (int i = 0; i < swept.size(); i++) {
                TrackedQueuePair queuePair = TrackedQueuePair.of(swept, i);
                if (settled > 0 && queuePair != null) {
                    queuePair.completeSettled(this, swept.wrId(i));
                }
                if (TrackedQueuePair.translate(swept, i)) {
                    kept.add(swept, i);
                }
                if (settled > 0 && queuePair != null) {
                    queuePair.completeSettled(this);
                }
            }
        } while (swept.size() == swept.capacity());
    }

    /** Runs something with the owner kept out. */
    void exclusively(Runnable action) {
        seizeGate();
        try {
            action.run();
        } finally {
            releaseGate();
        }
    }

    /** One more request ended without the device. Only with the gate seized. */
    void countSettled() {
        settled++;
    }

    /** Requests that had ended without the device are forgotten. Only with the gate seized. */
    void forgetSettled(int count) {
        settled -= count;
    }

    /** The turn of a request that ended without the device has come. Only within the gate. */
    void keepSettled(long wrId, CompletionStatus status, int queuePairNumber) {
        settled--;
        kept.add(wrId, status, queuePairNumber);
        report();
    }
}
