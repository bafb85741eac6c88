package dev.daxverbs.lease;

/**
 * Who relies on a lease, and is told what becomes of it.
 *
 * <p>The methods run on threads that are there for that; for one lease one at a time, in the order of events: {@code onBreak}, perhaps
 * {@code onForced}, {@code onRegained}, {@code onBreak} and so on. Those of different leases run in parallel. What a method throws goes to its thread's
 * {@linkplain Thread#getUncaughtExceptionHandler uncaught exception handler}, and counts as a return. Each may close the lease.
 *
 * <p>No method may open or truncate the file of the lease, by its path or otherwise, before the lease is released: that open would wait for its own
 * caller, until the kernel forces the break.
 */
public interface LeaseHolder {
    /**
     * Another wants the file, or the JVM ends. When this returns the lease is released, and the opener goes on; from then on, until
     * {@link #onRegained}, others may change and truncate the file at any time.
     *
     * <p>It should return before the event's deadline. An opener that only read can be followed by one that writes: whatever the cause,
     * after the release both can happen.
     *
     * @param event the break
     */
    void onBreak(LeaseBreak event);

    /**
     * The lease was taken again: what others did to the file is over. A further break may have begun meanwhile; {@code onBreak} is called as
     * soon as this returns.
     *
     * @param lease the lease
     */
    void onRegained(FileLease lease);

    /**
     * The kernel broke the lease by force, before {@code onBreak} had returned: others may have changed or truncated the file while the holder still
     * relied on it. Called after {@code onBreak}, before the lease is asked for again.
     *
     * @param event the break
     */
    default void onForced(LeaseBreak event) {
    }
}
