package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionChannel;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A completion queue that gives users their own numbers, and that a break can poll when its owner does not.
 *
 * <p>Fields are used within the gate, by the owner in {@link #poll} or by others with the gate seized; but {@link #announced} and
 * {@link #attention}, by which pumps say that a queue pair has outcomes which no completion of the device will bring.
 */
final class TrackedCompletionQueue extends CompletionQueue {
    private static final int SWEEP = 64;
    private static final VarHandle ATTENTION;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(TrackedCompletionQueue.class, "attention", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final KeptCompletions kept = new KeptCompletions();
    private final WorkCompletions swept = new WorkCompletions(SWEEP);
    private final ConcurrentLinkedQueue<TrackedQueuePair> announced = new ConcurrentLinkedQueue<>();
    private boolean attention; // there may be announced ones
    private int blocked; // queue pairs with outcomes that wait for the device's completions before them
    private final int spare; // entries that are nobody's, for a probe: 0 or 1
    private final AtomicBoolean spareTaken = new AtomicBoolean();
    private int reserved; // completions that the attached queue pairs can have outstanding; guarded by this

    TrackedCompletionQueue(DeviceContext context, int entries, CompletionChannel channel, int vector) {
        this(context, entries, channel, vector, entries >= 1 && entries < context.attributes().maxCqe() ? 1 : 0);
    }

    private TrackedCompletionQueue(DeviceContext context, int entries, CompletionChannel channel, int vector, int spare) {
        super(context, entries + spare, channel, vector);
        this.spare = spare;
    }

    @Override
    public int entries() {
        return super.entries() - spare;
    }

    /**
     * Takes the entry for a probe's completion; {@link #giveSpareBack} must follow.
     *
     * @return false if another has it
     */
    boolean takeSpare() {
        return spareTaken.compareAndSet(false, true);
    }

    void giveSpareBack() {
        spareTaken.set(false);
    }

    /** Refuses a queue pair that sends probes, if there is no room for one. */
    void checkSpare() {
        if (spare == 0) {
            throw new IllegalArgumentException("%s has all of the device's max_cqe=%d entries: a connection needs one for the library".formatted(this,
                    context().attributes().maxCqe()));
        }
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
        if (!kept.isEmpty() || blocked > 0 || (boolean) ATTENTION.getAcquire(this)) {
            sweepInside();
            return kept.moveTo(into);
        }
        int polled = pollDevice(into);
        if (polled == 1) { // what the compiler does for a loop costs more than one turn of it
            return completeNext(into) ? 1 : translateFrom(into, 0);
        }
        for (int i = 0; i < polled; ) {
            TrackedQueuePair queuePair = TrackedQueuePair.of(into.wrId(i), into.queuePairNumber(i));
            int end = queuePair == null ? i : queuePair.completeNext(into, i, polled);
            if (end == i) {
                return translateFrom(into, i);
            }
            i = end;
        }
        return polled;
    }

    /** Deals with the only completion of a list, if that is simple. */
    private static boolean completeNext(WorkCompletions into) {
        long wrId = into.wrId(0);
        TrackedQueuePair queuePair = TrackedQueuePair.of(wrId, into.queuePairNumber(0));
        return queuePair != null && queuePair.completeNext(into, wrId);
    }

    /** Gives completions of the device their users' numbers, from one that may be special in some way; returns how many the list has then. */
    private int translateFrom(WorkCompletions into, int from) {
        int size = from;
        for (int i = from; i < into.size(); i++) {
            long wrId = into.wrId(i);
            TrackedQueuePair queuePair = TrackedQueuePair.of(wrId, into.queuePairNumber(i));
            if (queuePair == null) {
                continue; // it was closed, and with it what was outstanding
            }
            if (queuePair.hasOutcomesBefore(wrId)) { // announced after the look above
                keepFrom(into, i);
                into.truncate(size);
                return kept.moveTo(into);
            }
            if (queuePair.translate(into, i, wrId)) {
                into.move(i, size++);
            }
        }
        into.truncate(size);
        return size;
    }

    private void keepFrom(WorkCompletions polled, int from) {
        for (int i = from; i < polled.size(); i++) {
            keep(polled, i);
        }
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
                keep(swept, i);
            }
        } while (swept.size() == swept.capacity());
        if ((boolean) ATTENTION.getAcquire(this)) {
            ATTENTION.setVolatile(this, false); // before the look: who announces after it is seen the next time
            for (TrackedQueuePair queuePair = announced.poll(); queuePair != null; queuePair = announced.poll()) {
                queuePair.deliver(this);
            }
        }
    }

    private void keep(WorkCompletions polled, int i) {
        long wrId = polled.wrId(i);
        TrackedQueuePair queuePair = TrackedQueuePair.of(wrId, polled.queuePairNumber(i));
        if (queuePair == null) {
            return;
        }
        queuePair.deliverBefore(this, wrId);
        if (queuePair.translate(polled, i, wrId)) {
            kept.add(polled, i);
        }
        queuePair.deliver(this);
    }

    /** A queue pair has outcomes for its user. Any thread; after they were published. */
    void announce(TrackedQueuePair queuePair) {
        announced.add(queuePair);
        ATTENTION.setVolatile(this, true);
        report();
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

    // Only within the gate.

    /** One more, or one less, queue pair has outcomes that wait for completions of the device. */
    void countBlocked(int change) {
        blocked += change;
    }

    /** The turn of a completion has come that the device did not make as a whole. */
    void keepOutcome(long wrId, CompletionStatus status, CompletionOpcode opcode, long lengthBytes, int queuePairNumber) {
        kept.add(wrId, status, opcode, lengthBytes, queuePairNumber);
    }

    /** The turn of a completion has come that was held. */
    void keepHeld(WorkCompletions held) {
        kept.add(held, 0);
    }
}
