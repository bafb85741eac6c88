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
 *   [completed, posted)   with the device, or ended: staged or settled
 *   [posted, accepted)    deferred: copies that the pump has not got to
 * </pre>
 *
 * <p>{@code accepted}, {@code posted} and the slots beyond {@code completed} change within the queue pair's send gate while nothing is
 * deferred, else under the pump's lock ({@link Pump} says who may when); {@code completed} changes within the gate of the completion queue.
 * {@code completed} is written with release and read with acquire, so that a slot is used again only after its completion was dealt
 * with; {@code accepted} likewise before a request is handed to the device, so that whoever sees its completion sees its slot. The
 * outcome of a request that has no completion of its own on the device is published with release, after all else of its slot.
 */
final class SendSlots {
    private static final byte SIGNALED = 1;
    private static final byte TRACKED = 2;
    private static final byte STAGED = 4;
    private static final byte SILENT = 8; // the device will say nothing of it, unless it fails

    private static final VarHandle ACCEPTED;
    private static final VarHandle COMPLETED;
    private static final VarHandle OUTCOME = MethodHandles.arrayElementVarHandle(CompletionStatus[].class);

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
    private final CompletionStatus[] outcomes; // of requests that have no completion of their own on the device; else null
    private final SendWorkRequests[] copies; // of deferred requests; made when first needed, used again
    private long accepted;
    private long posted;
    private long completed;
    private long trackedPosted; // the end of the last request that was posted as it is and names a tracked region
    private long directPosted; // the end of the last request that was posted as it is
    private long trackedCount; // how many of those there were
    private long filledTracked; // the end of the last of them among those filled and not posted yet
    private int filledTrackedCount; // how many of them there are

    SendSlots(int capacity, int maxElements, int maxInlineBytes) {
        this.capacity = capacity;
        this.maxElements = Math.max(1, maxElements);
        this.maxInlineBytes = maxInlineBytes;
        int size = ringSize(capacity);
        mask = size - 1;
        userIds = new long[size];
        flags = new byte[size];
        outcomes = new CompletionStatus[size];
        copies = new SendWorkRequests[size];
    }

    /** The least power of two that is not less. */
    static int ringSize(int capacity) {
        return capacity <= 1 ? 1 : Integer.highestOneBit(capacity - 1) << 1;
    }

    int capacity() {
        return capacity;
    }

    int maxElements() {
        return maxElements;
    }

    // Whoever posts: within the send gate, or under the pump's lock.

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

    /** The end of the last request that the device has, or had, as it is. */
    long directPosted() {
        return directPosted;
    }

    /** How many requests that name a tracked region were posted as they are. Read from anywhere: then it may be an old number. */
    long trackedCount() {
        return trackedCount;
    }

    /** Before slots are filled that {@link #postFilled} will make posted. */
    void beginFilling() {
        filledTrackedCount = 0;
    }

    /**
     * Fills the slot after the accepted ones, which {@link #acceptFilled} then makes accepted.
     *
     * @param signaled whether the user wants a completion
     * @param tracked whether it names a tracked region
     * @param silent whether the device is not asked for a completion
     */
    void fill(long sequence, long userId, boolean signaled, boolean tracked, boolean silent) {
        fill(sequence, userId, (signaled ? SIGNALED : 0) | (tracked ? TRACKED : 0) | (silent ? SILENT : 0));
        if (tracked) {
            filledTracked = sequence + 1;
            filledTrackedCount++;
        }
    }

    /** The same for a request that names a tracked region and is alone: {@link #postTracked} makes it posted. */
    void fillTracked(long sequence, long userId, boolean signaled) {
        fill(sequence, userId, signaled ? SIGNALED | TRACKED : TRACKED);
    }

    private void fill(long sequence, long userId, int what) {
        int slot = (int) sequence & mask;
        userIds[slot] = userId;
        flags[slot] = (byte) what;
        if (outcomes[slot] != null) { // storing a reference is dearer than looking at one
            outcomes[slot] = null;
        }
    }

    /** Slots up to here are filled; published before the device gets the requests, so that the reader of a completion sees its slot. */
    void acceptFilled(long end) {
        ACCEPTED.setRelease(this, end);
    }

    /** The device has the requests up to here; filled ones beyond are forgotten. */
    void postFilled(long end) {
        if (end != accepted) {
            countFilledTo(end);
        }
        if (filledTrackedCount > 0) {
            trackedPosted = filledTracked;
            trackedCount += filledTrackedCount;
        }
        posted = end;
        directPosted = end;
        ACCEPTED.setRelease(this, end);
    }

    /** The device has the one request that was accepted. */
    void postTracked() {
        trackedPosted = accepted;
        trackedCount++;
        posted = accepted;
        directPosted = accepted;
        ACCEPTED.setRelease(this, accepted);
    }

    /** The device has not taken all. */
    private void countFilledTo(long end) {
        filledTrackedCount = 0;
        for (long sequence = posted; sequence < end; sequence++) {
            if ((flags[(int) sequence & mask] & TRACKED) != 0) {
                filledTracked = sequence + 1;
                filledTrackedCount++;
            }
        }
    }

    // Under the pump's lock.

    /** Keeps a copy of a request until the pump gets to it. */
    void defer(SendWorkRequests requests, int index, boolean signaled) {
        fill(accepted, requests.wrId(index), signaled, false, false);
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
    void postDeferred(boolean tracked) {
        posted++;
        directPosted = posted;
        if (tracked) {
            trackedPosted = posted;
            trackedCount++;
        }
    }

    /** What the device says of the oldest deferred request is said of pieces of it: {@link #finish} will say how it ended. */
    void stageDeferred() {
        flags[(int) posted & mask] |= STAGED;
    }

    /** What was said by {@link #stageDeferred} is taken back: nothing was done. */
    void unstageDeferred() {
        flags[(int) posted & mask] &= ~STAGED;
    }

    /** The device has, or had, all pieces of the oldest deferred request. */
    void passStaged() {
        posted++;
    }

    /** The oldest deferred request ends without the device. */
    void settleDeferred(CompletionStatus status) {
        OUTCOME.setRelease(outcomes, (int) posted & mask, status);
        posted++;
    }

    /** A staged request has ended. Not under the lock: by the pump, which alone knows of it. */
    void finish(long sequence, CompletionStatus status) {
        OUTCOME.setRelease(outcomes, (int) sequence & mask, status);
    }

    /** Everything is gone without completions, as in a move to RESET: with the gates seized, that of the completion queue as well. */
    void forgetAll() {
        posted = accepted;
        trackedPosted = 0;
        directPosted = 0;
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

    /** How a request ended that has no completion of its own on the device; null if it has, or has not ended. */
    CompletionStatus outcomeAt(long sequence) {
        return sequence < (long) ACCEPTED.getAcquire(this) ? (CompletionStatus) OUTCOME.getAcquire(outcomes, (int) sequence & mask) : null;
    }

    /** Whether the device was not asked to say anything of a request. */
    boolean isSilent(long sequence) {
        return sequence < (long) ACCEPTED.getAcquire(this) && (flags[(int) sequence & mask] & SILENT) != 0;
    }

    /** How many requests were accepted and have not completed, as far as the reader of a completion can see. */
    int outstanding() {
        return (int) ((long) ACCEPTED.getAcquire(this) - completed);
    }

    boolean isStaged(long sequence) {
        return (flags[(int) sequence & mask] & STAGED) != 0;
    }

    /** The copy of a request that has an outcome. */
    SendWorkRequests copyOf(long sequence) {
        return copies[(int) sequence & mask];
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

    long completedAcquire() {
        return (long) COMPLETED.getAcquire(this);
    }
}
