package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionStatus;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many pieces of staged requests the device has done, and how each ended. The poller of the completion queue counts, within its gate; the pump
 * reads. Pieces complete in the order in which they were posted.
 */
final class PieceCounter {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(PieceCounter.class, "count", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final CompletionStatus[] statuses;
    private long count;

    /** @param capacity how many pieces can be with the device at most */
    PieceCounter(int capacity) {
        statuses = new CompletionStatus[SendSlots.ringSize(capacity)];
    }

    /** One more is done. Published with its status. */
    void add(CompletionStatus status) {
        statuses[(int) count & statuses.length - 1] = status;
        COUNT.setRelease(this, count + 1);
    }

    /** Those that were posted will not be done any more; with poller and pump kept out. */
    void skipTo(long posted) {
        COUNT.setRelease(this, posted);
    }

    long count() {
        return (long) COUNT.getAcquire(this);
    }

    /** How a piece ended that is done. */
    CompletionStatus status(long ordinal) {
        return statuses[(int) ordinal & statuses.length - 1];
    }
}
