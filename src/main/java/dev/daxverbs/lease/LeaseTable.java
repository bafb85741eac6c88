package dev.daxverbs.lease;

import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Posix;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The leases of the process that are not closed, by the number of their own descriptors: what {@code si_fd} of a signal says.
 *
 * <p>An open file description has one lease in the kernel. Two {@code FileLease}s on duplicates of one descriptor would both be granted, share that
 * one, and lose it both when one releases it: the table keeps the second one out.
 */
final class LeaseTable {
    private final ConcurrentMap<Integer, Entry> byDescriptor = new ConcurrentHashMap<>();

    private record Entry(FileLease lease, long device, long inode) {
    }

    /**
     * Adds a lease, before the kernel is asked for it: its break may come at once.
     *
     * @return false if another lease is on the same open file description
     */
    synchronized boolean add(int fd, FileLease lease) {
        FileStatus[] out = new FileStatus[1];
        // A descriptor without a status (of an odd file) is compared with those like it.
        FileStatus status = Posix.status(fd, out) == 0 ? out[0] : null;
        Entry entry = status == null ? new Entry(lease, -1, -1) : new Entry(lease, status.device(), status.inode());
        for (var other : byDescriptor.entrySet()) {
            boolean sameFile = other.getValue().device == entry.device && other.getValue().inode == entry.inode;
            if (sameFile && Posix.isSameDescription(fd, other.getKey()) == 1) {
                return false;
            }
        }
        byDescriptor.put(fd, entry);
        return true;
    }

    /** Removes a lease, before its descriptor is closed: its number can be another's right after. */
    synchronized void remove(int fd) {
        byDescriptor.remove(fd);
    }

    /** The lease of a signal; null if it was closed since. */
    FileLease find(int fd) {
        Entry entry = byDescriptor.get(fd);
        return entry == null ? null : entry.lease;
    }

    /** All leases that were added before the call, and perhaps some that are added meanwhile. */
    Collection<FileLease> all() {
        return byDescriptor.values().stream().map(Entry::lease).toList();
    }
}
