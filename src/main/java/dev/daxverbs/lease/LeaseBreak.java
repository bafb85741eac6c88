package dev.daxverbs.lease;

import java.util.Objects;

/**
 * One break of a lease.
 *
 * @param lease the lease that breaks
 * @param cause what the first opener did; others may have come since
 * @param heardNs when it was heard, on the clock of {@link System#nanoTime}: from then on the phases of an answer are measured. The opener came
 *     a little earlier, and much earlier if the process was stopped meanwhile
 * @param deadlineNs when to be done, on the clock of {@link System#nanoTime}: half of {@code /proc/sys/fs/lease-break-time} after the break was
 *     heard; at once, which is {@code heardNs}, if the kernel had broken the lease by force before, as the process was stopped. A machine where
 *     that is 0, which never forces a break, counts as one with the kernel's usual 45 s. For {@link Cause#SHUTDOWN}: when the JVM stops waiting
 * @param sequence the how manieth break of this lease it is, from 1
 */
public record LeaseBreak(FileLease lease, Cause cause, long heardNs, long deadlineNs, long sequence) {
    /** Why a lease breaks. */
    public enum Cause {
        /** Somebody opens the file for reading. */
        OPENED_FOR_READING,
        /**
         * Somebody opens the file for writing, or truncates it; or, under a {@linkplain LeaseMode#DELEGATION delegation}, changes its names or
         * attributes.
         */
        OPENED_FOR_WRITING,
        /** The JVM ends. The lease will not be taken again. */
        SHUTDOWN
    }

    /**
     * Checks that nothing is missing.
     *
     * @throws NullPointerException if lease or cause is null
     */
    public LeaseBreak {
        Objects.requireNonNull(lease, "lease");
        Objects.requireNonNull(cause, "cause");
    }
}
