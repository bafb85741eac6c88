package dev.daxverbs.region;

import dev.daxverbs.lease.LeaseBreak;
import dev.daxverbs.verbs.QueuePair;

/**
 * Who wants to know of breaks. Nobody has to: transfers are taken through them all the same.
 *
 * <p>Thread use: all listeners of the process are called by one thread, one at a time, in the order of events of each region. The library never waits
 * for a listener, so a slow one is behind. What it throws goes to the thread's uncaught exception handler.
 */
public interface RegionListener {
    /**
     * Another process wants the file. By now the region's registration has ended or is quiet, and transfers are staged.
     *
     * @param region the region
     * @param event the break
     */
    default void onBreak(MemoryRegion region, LeaseBreak event) {
    }

    /**
     * The lease is held, again or for the first time, and transfers may be direct.
     *
     * @param region the region
     */
    default void onRestore(MemoryRegion region) {
    }

    /**
     * The kernel ended a break by force before the library had let go, as when the process was stopped for longer than
     * {@code /proc/sys/fs/lease-break-time}: direct transfers that completed between that time and {@link #onBreak} may not have reached the file.
     *
     * @param region the region
     * @param event the break
     */
    default void onForced(MemoryRegion region, LeaseBreak event) {
    }

    /**
     * A queue pair was moved to ERR, as what it had posted to the file was not done before a break's deadline.
     *
     * @param region the region, which need not be the one that the queue pair was busy with
     * @param queuePair the queue pair, whose user gets flushed completions
     */
    default void onFenced(MemoryRegion region, QueuePair queuePair) {
    }
}
