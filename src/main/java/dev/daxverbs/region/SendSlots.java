package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.SendWorkRequests;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a queue pair remembers of each send work request that was accepted and has not completed: a ring, in order.
 *
 * <pre>
 *   completed &lt;= posted &lt;= accepted &lt;= completed + capacity
 *   [completed, posted)   with the device, or settled without it
 *   [posted, accepted)    deferred: copies that wait for a region
 * </pre>
 *
 * <p>{@code accepted}, {@code posted} and the slots beyond {@code completed} change within the queue pair's send gate;
 * {@code completed} within the gate of its completion queue. {@code completed} is written with release and read with acquire, so that a
 * slot is used again only after its completion was dealt with; {@code accepted} likewise before a request is handed to the device,
 * so that whoever sees its completion sees its slot.
 */
final class SendSlots {
    private static final byte SIGNALED = 1;
    private static final byte TRACKED = 2;
    private static final byte HIDDEN = 4;

    private static final VarHandle ACCEPTED;
    private static final VarHandle COMPLETED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ACCEPTED = lookup.findVarHandle(SendSlots.class, "accepted", long.class);
            COMPLETED = lookup.findVarHandle(SendSlots.class, "completed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int capacity;
    private final int mask;
    private final int maxElements;
    private final int maxInlineBytes;
    private final long[] userIds;
    private final byte[] flags;
    private final CompletionStatus[] settled; // how a request ended that the device never had; else null
    private final SendWorkRequests[] copies; // of deferred requests; made when first needed, used again
    private long accepted;
    private long posted;
    private long completed;
    private long trackedPosted; // the end of the last posted request that names a tracked region

    SendSlots(int capacity, int maxElements, int maxInlineBytes) {
        this.capacity = capacity;
        this.maxElements = Math.max(1, maxElements);
        this.maxInlineBytes = maxInlineBytes;
        int size = capacity <= 1 ? 1 : Integer.highestOneBit(capacity - 1) << 1;
        mask = size - 1;
        userIds = new long[size];
        flags = new byte[size];
        settled = new CompletionStatus[size];
        copies = new SendWorkRequests[size];
    }

    // Within the send gate.

    /** How many requests can be accepted now. */
    int room() {
        return capacity - (int) (accepted - (long) COMPLETED.getAcquire(this));
    }

    boolean hasDeferred() {
        return accepted != posted;
    }

    long accepted() {
        return accepted;
    }

    long posted() {
        return posted;
    }

    long trackedPosted() {
        return trackedPosted;
    }

    /** Fills the slot after the accepted ones, which {@link #acceptFilled} then makes accepted. */
    void fill(long sequence, long userId, boolean signaled, boolean tracked) {
        int slot = (int) sequence & mask;
        userIds[slot] = userId;
        flags[slot] = (byte) ((signaled ? SIGNALED : 0) | (tracked ? TRACKED : 0));
        settled[slot] = null;
    }

    /** The device was asked for a completion that the user did not ask for. */
    void hide(long sequence) {
        flags[(int) sequence & mask] |= HIDDEN;
    }

    boolean isHidden(long sequence) {
        return (flags[(int) sequence & mask] & HIDDEN) != 0;
    }

    /** Slots up to here are filled; published before the device gets the requests, so that the reader of a completion sees its slot. */
    void acceptFilled(long end) {
        ACCEPTED.setRelease(this, end);
    }

    /** The device has the requests up to here; filled ones beyond are forgotten. */
    void postFilled(long end) {
        for (long sequence = posted; sequence < end; sequence++) {
            if ((flags[(int) sequence & mask] & TRACKED) != 0) {
                trackedPosted = sequence + 1;
            }
        }
        posted = end;
        ACCEPTED.setRelease(this, end);
    }

    /** Keeps a copy of a request until its regions can be used. */
    void defer(SendWorkRequests requests, int index, boolean signaled) {
        fill(accepted, requests.wrId(index), signaled, true);
        int slot = (int) accepted & mask;
        if (copies[slot] == null) {
            copies[slot] = new SendWorkRequests(1, maxElements, maxInlineBytes);
        }
        copies[slot].clear();
        copies[slot].append(requests, index);
        ACCEPTED.setRelease(this, accepted + 1);
    }

    /** The copy of the oldest deferred request. */
    SendWorkRequests firstDeferred() {
        return copies[(int) posted & mask];
    }

    /** The device has the oldest deferred request. */
    void postDeferred() {
        trackedPosted = ++posted;
    }

    // Within the send gate, and the gate of the completion queue.

    /** The oldest deferred request ends without the device. */
    void settleDeferred(CompletionStatus status) {
        settled[(int) posted & mask] = status;
        posted++;
    }

    /** Everything is gone without completions, as in a move to RESET. */
    void forgetAll() {
        posted = accepted;
        trackedPosted = 0;
        COMPLETED.setRelease(this, accepted);
    }

    // Within the gate of the completion queue.

    long completed() {
        return completed;
    }

    /** Whether the request was accepted, as far as the reader of a completion can see. */
    boolean isAccepted(long sequence) {
        return sequence < (long) ACCEPTED.getAcquire(this);
    }

    /** The oldest request that has not completed, if it ended without the device; else null. */
    CompletionStatus settledAt(long sequence) {
        return sequence < (long) ACCEPTED.getAcquire(this) ? settled[(int) sequence & mask] : null;
    }

    long userId(long sequence) {
        return userIds[(int) sequence & mask];
    }

    boolean isSignaled(long sequence) {
        return (flags[(int) sequence & mask] & SIGNALED) != 0;
    }

    /** Requests up to here have completed: their slots can be used again. */
    void completeTo(long end) {
        COMPLETED.setRelease(this, end);
    }

    // Anywhere.

    boolean isCompleted(long end) {
        return (long) COMPLETED.getAcquire(this) >= end;
    }
}
