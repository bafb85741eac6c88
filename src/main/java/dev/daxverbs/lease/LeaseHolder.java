package dev.daxverbs.lease;

/**
 * Who relies on a lease, and is told what becomes of it.
 *
 * <p>The methods run on threads that are there for that; for one lease one at a time, in the order of events: {@code onBreak}, perhaps
 * {@code onForced}, {@code pauseBeforeRetakeNs}, {@code onRegained}, {@code onBreak} and so on. (It begins with {@code onRegained} for a lease
 * that was {@linkplain FileLease#want wanted} and not granted at once.) Those of different leases run in parallel. What a method throws goes to
 * its thread's {@linkplain Thread#getUncaughtExceptionHandler uncaught exception handler}, and counts as a return. Each may close the lease.
 *
 * <p>No method may open or truncate the file of the lease, by its path or otherwise, before the lease is released: that open would wait for its
 * own caller, until the kernel forces the break.
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
     * The lease was taken again, or for the first time if it was only wanted: what others did to the file is over. A further break may have
     * begun meanwhile; {@code onBreak} is called as soon as this returns.
     *
     * @param lease the lease
     */
    void onRegained(FileLease lease);

    /**
     * The kernel broke the lease by force, before {@code onBreak} had returned: others may have changed or truncated the file while the holder
     * still relied on it. Called after {@code onBreak}, before the lease is asked for again. It is called as well when that can neither be seen
     * nor excluded, which takes a break that was answered later than lease-break-time after the last look at the lease; never for one answered
     * before its deadline, unless the process was stopped.
     *
     * @param event the break
     */
    default void onForced(LeaseBreak event) {
    }

    /**
     * How long to leave the file alone before the lease is asked for again for the first time: a cool-down, for a file whose lease is broken so
     * often that taking it is more trouble than it is worth. Called after each break but that of {@link LeaseBreak.Cause#SHUTDOWN}, after
     * {@code onBreak} and {@code onForced} have returned, on the same thread. What it throws counts as zero.
     *
     * @param event the break
     * @return nanoseconds; zero, what is below it, and what is below 0.1 ms: 0.1 ms, in which most openers are gone
     */
    default long pauseBeforeRetakeNs(LeaseBreak event) {
        return 0;
    }
}
