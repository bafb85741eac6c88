package dev.daxverbs.lease;

/**
 * Which of the kernel's two kinds of lease is used. Both are granted, broken, forced and given back in the same way and at the same price; they
 * differ in what breaks them.
 *
 * <table>
 * <caption>What another waits for until {@code onBreak} has returned (Linux 7.3; tmpfs, XFS and ext4, with and without DAX)</caption>
 * <tr><th>operation</th><th>LEASE</th><th>DELEGATION</th></tr>
 * <tr><td>open (not O_PATH), truncate(2)</td><td>waits</td><td>waits</td></tr>
 * <tr><td>open with O_NONBLOCK</td><td>EAGAIN, and a break</td><td>EAGAIN, and a break</td></tr>
 * <tr><td>unlink, link, rename of it or over it</td><td>-</td><td>waits</td></tr>
 * <tr><td>chmod, chown, utimensat, setxattr</td><td>-</td><td>waits</td></tr>
 * <tr><td>ftruncate, through a descriptor that shares the holder's open file description</td><td>-</td><td>EAGAIN, and a break</td></tr>
 * <tr><td>write, fallocate (also to punch holes), stores to a mapping, fsync, stat</td><td>-</td><td>-</td></tr>
 * </table>
 */
public enum LeaseMode {
    /** What this library finds best: a {@link #LEASE}, on every kernel. */
    AUTO,
    /** A lease ({@code fcntl(2)}, F_SETLEASE). It is broken by what can take blocks from the file, and by nothing else but opens. */
    LEASE,
    /**
     * A delegation (F_SETDELEG, since Linux 6.19): for a holder that wants to hear of changes to the file's names and attributes as well. One
     * that itself makes such changes, or truncates the file, does so in {@link FileLease#whileReleased}. After a break it is asked for again
     * after 20 ms, and after up to 2 s if breaks follow one another: who changes names or attributes does not keep the file open, and would
     * find the delegation there again. On an older kernel it is refused with EOPNOTSUPP.
     */
    DELEGATION
}
