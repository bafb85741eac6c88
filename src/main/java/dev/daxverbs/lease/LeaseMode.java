package dev.daxverbs.lease;

/**
 * Which of the kernel's two kinds of lease is used. Both are taken, broken, forced and given back in the same way; they differ in what breaks them.
 */
public enum LeaseMode {
    /** What is best on this machine: at present a {@link #LEASE}. */
    AUTO,
    /** A lease ({@code fcntl(2)}, F_SETLEASE): opens of the file and {@code truncate(2)} break it. */
    LEASE,
    /**
     * A delegation (Linux 6.19, F_SETDELEG): broken by all that breaks a lease, and by unlink, rename, link, chmod, and {@code ftruncate}
     * through any descriptor, the holder's own included: the holder makes its own changes in {@link FileLease#whileReleased}.
     */
    DELEGATION
}
