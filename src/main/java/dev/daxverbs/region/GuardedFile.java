package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.ChangeAction;
import dev.daxverbs.dax.ChangeGuard;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.lease.FileLease;
import dev.daxverbs.lease.LeaseBreak;
import dev.daxverbs.lease.LeaseHolder;
import dev.daxverbs.lease.LeaseType;
import dev.daxverbs.verbs.MemoryRegistration;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The regions over one open file, and the lease that keeps its pages in place for them.
 *
 * <p><b>A break</b>, in this order: withdraw the registrations from posters; seize each user's gate once, after which nobody posts with
 * an old key; wait until what was posted has completed; end the registrations (pinned) or leave them quiet (on demand); return,
 * which releases the lease. <b>A restore</b>: read the size; register; hand the registrations to posters; pump what was deferred.
 *
 * <p>One lock makes breaks, restores, own changes of the file, and the coming and going of regions exclude each other. Posters and pollers
 * never take it.
 */
final class GuardedFile implements LeaseHolder, ChangeGuard {
    /** How long to wait for a lease that is just broken when a region is added. */
    private static final long ADD_PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    /** How long transfers may take to finish when nobody waits for the lease: half of the kernel's default lease-break-time. */
    private static final long OWN_DEADLINE_NS = TimeUnit.MILLISECONDS.toNanos(22_500);

    private static final Map<DaxFile, GuardedFile> FILES = new IdentityHashMap<>(); // guarded by itself

    private final DaxFile file;
    private final int descriptor; // our own, as the user may close the file while regions live on
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition restored = lock.newCondition();
    private final Map<MemoryRegion, MemoryRegistration> regions = new IdentityHashMap<>(); // with what a break left quiet
    private boolean revoked;
    private boolean closed;
    private FileLease lease;
    private volatile long fenced;

    private GuardedFile(DaxFile file, int descriptor) {
        this.file = file;
        this.descriptor = descriptor;
    }

    /**
     * Takes the lease of a file on behalf of a new region, or shares the one that is there. Returns with its lock held, so that nobody
     * closes it before {@link #add} or {@link #giveUp}, one of which must follow.
     */
    static GuardedFile of(DaxFile file) throws IOException {
        while (true) {
            GuardedFile guarded;
            synchronized (FILES) {
                guarded = FILES.get(file);
                if (guarded == null) {
                    guarded = open(file);
                    FILES.put(file, guarded);
                }
            }
            guarded.lock.lock(); // not while FILES is locked: who closes one takes them the other way round
            if (!guarded.closed) {
                return guarded;
            }
            guarded.lock.unlock();
        }
    }

    private static GuardedFile open(DaxFile file) throws IOException {
        int descriptor = Posix.fcntl(file.fileDescriptor(), LibC.F_DUPFD_CLOEXEC(), 0);
        if (descriptor < 0) {
            throw new FileSystemException(file.path().toString(), null, "fcntl(fd=%d, F_DUPFD_CLOEXEC): %s".formatted(
                    file.fileDescriptor(), Errno.name(-descriptor)));
        }
        GuardedFile guarded = new GuardedFile(file, descriptor);
        guarded.lock.lock(); // a break that comes at once waits until the lease is noted
        try {
            LeaseType type = file.isWritable() ? LeaseType.WRITE : LeaseType.READ;
            guarded.lease = FileLease.take(descriptor, file.path().toString(), type, guarded);
        } catch (IOException | RuntimeException e) {
            Posix.close(descriptor);
            throw e;
        } finally {
            guarded.lock.unlock();
        }
        file.guardChanges(guarded);
        return guarded;
    }

    /** Adds a region and gives it its first registration. */
    void add(MemoryRegion region) throws IOException {
        boolean added = false;
        try {
            long waitNs = ADD_PATIENCE_NS;
            while (revoked && waitNs > 0) {
                waitNs = restored.awaitNanos(waitNs);
            }
            if (revoked) {
                throw new FileSystemException(file.path().toString(), null,
                        "the lease is broken by another process that keeps the file open; register when it has closed it");
            }
            region.restore(size(), null, new LinkedHashSet<>());
            if (region.failure() != null) {
                throw region.failure();
            }
            regions.put(region, null);
            added = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the lease of %s was broken".formatted(file.path()));
        } finally {
            if (added) {
                lock.unlock();
            } else {
                giveUp();
            }
        }
    }

    /** Undoes {@link #of}: without regions the lease is released. */
    void giveUp() {
        try {
            closeIfUnused();
        } finally {
            lock.unlock();
        }
    }

    /** Removes a region that was closed. */
    void remove(MemoryRegion region) {
        lock.lock();
        try {
            Set<TrackedQueuePair> users = new LinkedHashSet<>();
            MemoryRegistration withdrawn = region.revoke(users);
            MemoryRegistration quiet = regions.remove(region);
            drain(users, System.nanoTime() + OWN_DEADLINE_NS);
            closeRegistration(withdrawn);
            closeRegistration(quiet);
            users.forEach(TrackedQueuePair::pump); // what was deferred for it completes with an error, and what is behind goes on
            region.dismissAll();
            closeIfUnused();
        } finally {
            lock.unlock();
        }
    }

    private void closeIfUnused() {
        if (!regions.isEmpty() || closed) {
            return;
        }
        closed = true;
        synchronized (FILES) {
            FILES.remove(file, this);
        }
        file.removeGuard(this);
        try {
            lease.close();
        } finally {
            Posix.close(descriptor);
        }
    }

    boolean isLeased() {
        return lease.isHeld();
    }

    long breaks() {
        return lease.breaks();
    }

    long fenced() {
        return fenced;
    }

    @Override
    public void onBreak(LeaseBreak event) {
        lock.lock();
        try {
            if (!revoked && !closed) {
                revokeAll(event.deadlineNs());
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onRegained(FileLease regained) {
        lock.lock();
        try {
            if (revoked && !closed) {
                restoreAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** An own change raises no break, as it goes through the descriptor that has the lease: it is made one. */
    @Override
    public void aroundChange(String change, ChangeAction action) throws IOException {
        lock.lock();
        try {
            boolean ours = !revoked;
            if (ours) {
                revokeAll(System.nanoTime() + OWN_DEADLINE_NS);
            }
            try {
                action.run();
            } finally {
                if (ours) {
                    restoreAll();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void revokeAll(long deadlineNs) {
        revoked = true;
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        regions.replaceAll((region, none) -> region.revoke(users));
        drain(users, deadlineNs);
        regions.replaceAll((region, withdrawn) -> {
            if (region.isOnDemand()) {
                return withdrawn; // quiet now, and the device will find the file's new pages by itself
            }
            closeRegistration(withdrawn);
            return null;
        });
    }

    private void restoreAll() {
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        long size = size();
        regions.replaceAll((region, quiet) -> {
            region.restore(size, quiet, users);
            return null;
        });
        revoked = false;
        restored.signalAll();
        users.forEach(TrackedQueuePair::pump);
    }

    private void drain(Set<TrackedQueuePair> users, long deadlineNs) {
        fenced += Drain.of(users).await(deadlineNs);
    }

    private static void closeRegistration(MemoryRegistration registration) {
        if (registration != null) {
            registration.close();
        }
    }

    private long size() {
        FileStatus[] status = new FileStatus[1];
        int failed = Posix.status(descriptor, status);
        if (failed != 0) {
            throw new IllegalStateException("statx(%s): %s".formatted(file.path(), Errno.name(-failed)));
        }
        return status[0].sizeBytes();
    }
}
