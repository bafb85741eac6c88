package dev.daxverbs.region;

import dev.daxverbs.verbs.WorkCompletions;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a queue pair remembers of posted receives: a ring, in order. Filled within the queue pair's receive gate, read within the gate of its
 * completion queue; the pump copies what arrived in staged ones.
 *
 * <pre>
 *   completed &lt;= copied &lt;= arrived &lt;= posted &lt;= completed + capacity
 *   [completed, copied)   the poller may give them to the user
 *   [copied, arrived)     the device is done with them, what they brought is to be copied
 *   [arrived, posted)     parked at the device
 * </pre>
 *
 * <p>Each number has one writer, which writes it with release after what belongs to it; others read it with acquire. While nothing is staged
 * {@code copied} and {@code arrived} follow {@code completed} and cost nothing.
 */
final class ReceiveSlots {
    private static final VarHandle POSTED;
    private static final VarHandle ARRIVED;
    private static final VarHandle COPIED;
    private static final VarHandle COMPLETED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            POSTED = lookup.findVarHandle(ReceiveSlots.class, "posted", long.class);
            ARRIVED = lookup.findVarHandle(ReceiveSlots.class, "arrived", long.class);
            COPIED = lookup.findVarHandle(ReceiveSlots.class, "copied", long.class);
            COMPLETED = lookup.findVarHandle(ReceiveSlots.class, "completed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int capacity;
    private final int mask;
    private final long[] userIds;
    private final StagedReceive[] staged; // null where the receive names no file
    private final WorkCompletions[] held; // what the device said, while it waits for its copy; made when first needed
    private long posted;
    private long arrived; // while there are held ones
    private long copied; // likewise
    private long completed;
    private boolean everHeld; // of the poller

    ReceiveSlots(int capacity) {
        this.capacity = capacity;
        int size = SendSlots.ringSize(capacity);
        mask = size - 1;
        userIds = new long[size];
        staged = new StagedReceive[size];
        held = new WorkCompletions[size];
    }

    // The owner, within the receive gate.

    int room() {
        return capacity - (int) (posted - (long) COMPLETED.getAcquire(this));
    }

    long posted() {
        return posted;
    }

    void fill(long sequence, long userId, StagedReceive receive) {
        userIds[(int) sequence & mask] = userId;
        staged[(int) sequence & mask] = receive;
    }

    /** Requests up to here are with the device, or on their way to it. */
    void postTo(long end) {
        POSTED.setRelease(this, end);
    }

    // The poller, within the gate of the completion queue.

    long completed() {
        return completed;
    }

    boolean isPosted(long sequence) {
        return sequence < (long) POSTED.getAcquire(this);
    }

    long userId(long sequence) {
        return userIds[(int) sequence & mask];
    }

    /** Whether a completion must wait: its receive was staged, or one before it waits. */
    boolean mustHold(long sequence) {
        return staged[(int) sequence & mask] != null || everHeld && arrived > completed;
    }

    /** The next number that the device's completions are about. */
    long nextArrival() {
        return everHeld ? Math.max(arrived, completed) : completed;
    }

    /** Keeps the completion of a receive until its turn. */
    void hold(long sequence, WorkCompletions completions, int i) {
        int slot = (int) sequence & mask;
        if (held[slot] == null) {
            held[slot] = new WorkCompletions(1);
        }
        held[slot].clear();
        held[slot].append(completions, i);
        if (!everHeld || arrived < completed) { // the first for a while: until now nobody counted
            COPIED.setRelease(this, sequence);
            everHeld = true;
        }
        ARRIVED.setRelease(this, sequence + 1);
    }

    /** The completion that the user is to get next, or null if there is none held, or it is not copied yet. */
    WorkCompletions firstCopied() {
        return everHeld && completed < arrived && completed < (long) COPIED.getAcquire(this) ? held[(int) completed & mask] : null;
    }

    void completeTo(long end) {
        COMPLETED.setRelease(this, end);
    }

    // The pump.

    long copied() {
        return (long) COPIED.getAcquire(this);
    }

    boolean hasArrived(long sequence) {
        return sequence < (long) ARRIVED.getAcquire(this);
    }

    StagedReceive stagedAt(long sequence) {
        return staged[(int) sequence & mask];
    }

    WorkCompletions heldAt(long sequence) {
        return held[(int) sequence & mask];
    }

    void copyTo(long end) {
        staged[(int) (end - 1) & mask] = null;
        COPIED.setRelease(this, end);
    }

    // With everybody kept out.

    /** Everything is gone without completions; returns staging memory. */
    void forgetAll() {
        for (int slot = 0; slot < staged.length; slot++) {
            if (staged[slot] != null) {
                staged[slot].giveBack();
                staged[slot] = null;
            }
        }
        ARRIVED.setRelease(this, posted);
        COPIED.setRelease(this, posted);
        COMPLETED.setRelease(this, posted);
    }
}
