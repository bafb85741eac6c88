package dev.daxverbs.region;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The user's numbers of posted receives: a ring, in order. Filled within the queue pair's receive gate, read within the gate of its completion
 * queue; {@code completed} is written with release and read with acquire, as in {@link SendSlots}.
 */
final class ReceiveSlots {
    private static final VarHandle POSTED;
    private static final VarHandle COMPLETED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            POSTED = lookup.findVarHandle(ReceiveSlots.class, "posted", long.class);
            COMPLETED = lookup.findVarHandle(ReceiveSlots.class, "completed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int capacity;
    private final int mask;
    private final long[] userIds;
    private long posted;
    private long completed;

    ReceiveSlots(int capacity) {
        this.capacity = capacity;
        int size = capacity <= 1 ? 1 : Integer.highestOneBit(capacity - 1) << 1;
        mask = size - 1;
        userIds = new long[size];
    }

    int room() {
        return capacity - (int) (posted - (long) COMPLETED.getAcquire(this));
    }

    long posted() {
        return posted;
    }

    void fill(long sequence, long userId) {
        userIds[(int) sequence & mask] = userId;
    }

    /** Requests up to here are with the device, or on their way to it. */
    void postTo(long end) {
        POSTED.setRelease(this, end);
    }

    void forgetAll() {
        COMPLETED.setRelease(this, posted);
    }

    long completed() {
        return completed;
    }

    boolean isPosted(long sequence) {
        return sequence < (long) POSTED.getAcquire(this);
    }

    long userId(long sequence) {
        return userIds[(int) sequence & mask];
    }

    void completeTo(long end) {
        COMPLETED.setRelease(this, end);
    }
}
