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
import dev.daxverbs.lease.LeaseUnavailableException;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The regions over one open file, and the lease that keeps its pages in place for them.
 *
 * <p><b>A break</b>, in this order: withdraw the registrations from posters; seize the users' gates once, after which nobody posts with
 * an old key; wait until what was posted has completed; end the registrations (pinned) or leave them quiet (on demand); return,
 * which releases the lease. <b>A restore</b>: read the size; register; hand the registrations to posters; call the pumps. In between,
 * pumps move transfers through staging memory, and need none of this.
 *
 * <p>One lock makes breaks, restores, own changes of the file, and the coming and going of regions exclude each other. Posters, pollers and
 * pumps never take it.
 */
final class GuardedFile implements LeaseHolder, ChangeGuard {
    /** How long to wait for a lease that is just broken when a region is added that requires it. */
    private static final long ADD_PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    /** How long transfers may take to finish when nobody waits for the lease: half of the kernel's default lease-break-time. */
    private static final long OWN_DEADLINE_NS = TimeUnit.MILLISECONDS.toNanos(22_500);
    private static final long LONGEST_COOL_DOWN_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long FIRST_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LAST_RETRY_NS = TimeUnit.SECONDS.toNanos(1);

    private static final Map<DaxFile, GuardedFile> FILES = new IdentityHashMap<>(); // guarded by itself

    private final DaxFile file;
    private final RegionOptions options;
    private final int descriptor; // our own, as the user may close the file while regions live on
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition restored = lock.newCondition();
    private final Map<MemoryRegion, MemoryRegistration> regions = new IdentityHashMap<>(); // with what a break left quiet
    private final Map<DomainCounters, Integer> counted = new IdentityHashMap<>(); // of the regions' domains: how many regions each has
    private boolean closed;
    private FileLease lease; // null while no region has a use for it
    private volatile boolean revoked = true; // no region has a registration that may be used
    private volatile boolean draining; // and transfers with the old ones may be under way
    /** Until when the file may get back what it lacks; by {@link System#nanoTime}, and only while {@link #broken}. */
    private volatile long patienceEndNs;
    private volatile boolean broken; // another process has the file, since it broke the lease
    private volatile long stamp; // changes with each break, restore and change
    private volatile long fenced;
    private volatile long forced;
    private volatile long lastBreakNs; // from when it was heard until it was answered
    private long retryNs; // of registrations that were refused; 0: none is to be tried again

    // What breaks cost, by the lock.
    private long restoredAtNs;
    private long restoreTookNs;
    private long revokeTookNs;

    // Atomics on words of the file that are staged: one at a time. Guarded by atomics.
    private final Set<Pump> atomics = new LinkedHashSet<>(); // that wait for their turn
    private volatile boolean atomicTurn;

    private GuardedFile(DaxFile file, RegionOptions options, int descriptor) {
        this.file = file;
        this.options = options;
        this.descriptor = descriptor;
    }

    /**
     * The guard of a file, made if need be. Returns with its lock held, so that nobody closes it before {@link #add} or {@link #giveUp}, one
     * of which must follow.
     */
    static GuardedFile of(DaxFile file, RegionOptions options) throws IOException {
        while (true) {
            GuardedFile guarded;
            synchronized (FILES) {
                guarded = FILES.get(file);
                if (guarded == null) {
                    guarded = open(file, options);
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

    private static GuardedFile open(DaxFile file, RegionOptions options) throws IOException {
        int descriptor = Posix.fcntl(file.fileDescriptor(), LibC.F_DUPFD_CLOEXEC(), 0);
        if (descriptor < 0) {
            throw new FileSystemException(file.path().toString(), null, "fcntl(fd=%d, F_DUPFD_CLOEXEC): %s".formatted(
                    file.fileDescriptor(), Errno.name(-descriptor)));
        }
        GuardedFile guarded = new GuardedFile(file, options, descriptor);
        file.guardChanges(guarded);
        return guarded;
    }

    /**
     * Adds a region and gives it its first registration.
     *
     * @param policy whether it may be added without the lease
     */
    void add(MemoryRegion region, LeasePolicy policy) throws IOException {
        boolean added = false;
        try {
            if (lease == null && region.direct() != DirectAccess.NONE) {
                takeLease();
            }
            if (policy == LeasePolicy.REQUIRED) {
                awaitLease();
            }
            region.restore(size(), null, revoked, new LinkedHashSet<>());
            if (region.failure() != null) {
                if (policy == LeasePolicy.REQUIRED) {
                    throw region.failure();
                }
                retryLater();
            }
            regions.put(region, null);
            counted.merge(region.domainCounters(), 1, Integer::sum);
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

    private void takeLease() throws LeaseUnavailableException {
        LeaseType type = file.isWritable() ? LeaseType.WRITE : LeaseType.READ;
        // A break that comes at once waits for our lock, and finds the lease noted.
        lease = FileLease.want(descriptor, file.path().toString(), type, options.leaseMode(), this);
        revoked = !lease.isHeld();
        restoredAtNs = System.nanoTime();
    }

    private void awaitLease() throws IOException, InterruptedException {
        long waitNs = broken ? ADD_PATIENCE_NS : 0;
        while (revoked && waitNs > 0) {
            waitNs = restored.awaitNanos(waitNs);
        }
        if (!revoked) {
            return;
        }
        Optional<LeaseUnavailableException> refusal = lease.refusal();
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        throw new FileSystemException(file.path().toString(), null,
                "the lease is broken by another process that keeps the file open; register when it has closed it");
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
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        lock.lock();
        try {
            MemoryRegistration withdrawn = region.revoke(users);
            MemoryRegistration quiet = regions.remove(region);
            counted.computeIfPresent(region.domainCounters(), (counters, count) -> count == 1 ? null : count - 1);
            drain(users, System.nanoTime() + OWN_DEADLINE_NS);
            region.awaitCopies(); // of pumps, which look at whether it is closed
            closeRegistration(withdrawn);
            closeRegistration(quiet);
            region.dismissAll();
            closeIfUnused();
        } finally {
            lock.unlock();
        }
        users.forEach(TrackedQueuePair::callPump); // what was deferred for it completes with an error, and what is behind goes on
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
            if (lease != null) {
                lease.close();
            }
        } finally {
            Posix.close(descriptor);
        }
    }

    /** Not as soon as a break was heard, though the regions are revoked a moment later only. */
    boolean isLeased() {
        return !revoked && lease.isHeld();
    }

    /** Whether the lease is not there for now only. */
    boolean mayBeRestored() {
        return broken;
    }

    Optional<LeaseUnavailableException> refusal() {
        return lease == null ? Optional.empty() : lease.refusal();
    }

    long breaks() {
        return lease == null ? 0 : lease.breaks();
    }

    long fenced() {
        return fenced;
    }

    long forced() {
        return forced;
    }

    long lastBreakNs() {
        return lastBreakNs;
    }

    int descriptor() {
        return descriptor;
    }

    // Staged transfers: pumps.

    /** What {@link #mayGrow} is about: if it is the same before and after a look at the file, that was not disturbed. */
    long stamp() {
        return stamp;
    }

    /** Whether the file may get back what it lacks now: another process broke the lease, has it open, and is not done with it. */
    boolean mayGrow() {
        return broken && System.nanoTime() - patienceEndNs < 0;
    }

    /**
     * Gives the turn for an atomic on a word of this file, if nobody has it and no device can be at it.
     *
     * @param pump is called when it is worth trying again
     */
    boolean beginAtomic(Pump pump) {
        synchronized (atomics) {
            if (atomicTurn || draining) {
                atomics.add(pump);
                return false;
            }
            atomics.remove(pump);
            atomicTurn = true;
            return true;
        }
    }

    void endAtomic() {
        atomicTurn = false;
        callAtomics();
    }

    private void callAtomics() {
        List<Pump> waiting;
        synchronized (atomics) {
            waiting = new ArrayList<>(atomics);
            atomics.clear();
        }
        waiting.forEach(Pump::call);
    }

    /** Whether a staged atomic is at a word of the file: the device must not be let at one. */
    boolean hasStagedAtomic() {
        return atomicTurn;
    }

    /** The present size, in bytes. */
    long size() {
        FileStatus[] status = new FileStatus[1];
        int failed = Posix.status(descriptor, status);
        if (failed != 0) {
            throw new IllegalStateException("statx(%s): %s".formatted(file.path(), Errno.name(-failed)));
        }
        return status[0].sizeBytes();
    }

    // The lease: one thread at a time.

    @Override
    public void onBreak(LeaseBreak event) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            patienceEndNs = event.heardNs() + options.breakPatience().toNanos();
            broken = true;
            count(DomainCounters::countBreak);
            if (!revoked) {
                BreakEvent record = RegionEvents.begin(BreakEvent::new);
                revokeAll(event.deadlineNs(), record);
                if (record != null) {
                    record.finish(file.path(), event);
                }
            }
            lastBreakNs = System.nanoTime() - event.heardNs();
            notifyListeners((listener, region) -> listener.onBreak(region, event));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onForced(LeaseBreak event) {
        lock.lock();
        try {
            forced++; // onBreak has returned: nothing uses the file any more
            count(DomainCounters::countForced);
            notifyListeners((listener, region) -> listener.onForced(region, event));
        } finally {
            lock.unlock();
        }
    }

    /** So that breaks do not make registering the main work: the file rests staged in proportion to what the last break and restore took. */
    @Override
    public long pauseBeforeRetakeNs(LeaseBreak event) {
        lock.lock();
        try {
            long costNs = options.coolDown() * (restoreTookNs + revokeTookNs);
            return event.heardNs() - restoredAtNs > costNs ? 0 : Math.min(costNs, LONGEST_COOL_DOWN_NS);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onRegained(FileLease regained) {
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        lock.lock();
        try {
            if (closed || !regained.isHeld()) {
                return; // broken again already, or given back for a change: there will be another call
            }
            restoreAll(users);
            notifyListeners(RegionListener::onRestore);
        } finally {
            lock.unlock();
        }
        users.forEach(TrackedQueuePair::callPump);
    }

    /** An own change raises no break of a lease, as it goes through the descriptor that has it: it is made one. */
    @Override
    public void aroundChange(String change, ChangeAction action) throws IOException {
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        lock.lock();
        try {
            boolean ours = !revoked;
            if (ours) {
                revokeAll(System.nanoTime() + OWN_DEADLINE_NS, null);
            }
            boolean held = false;
            try {
                if (lease == null) {
                    action.run();
                } else {
                    held = lease.whileReleased(action::run);
                }
            } finally {
                stamp++;
                if (ours && (held || lease.isHeld())) {
                    restoreAll(users);
                }
            }
        } finally {
            lock.unlock();
        }
        users.forEach(TrackedQueuePair::callPump);
    }

    private void revokeAll(long deadlineNs, BreakEvent record) {
        long beganNs = System.nanoTime();
        stamp++;
        draining = true;
        revoked = true;
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        regions.replaceAll((region, none) -> region.revoke(users));
        Drain drain = Drain.of(users);
        long seizedNs = System.nanoTime();
        await(drain, deadlineNs);
        draining = false;
        callAtomics();
        long drainedNs = System.nanoTime();
        regions.replaceAll((region, withdrawn) -> {
            if (region.direct().isOnDemand()) {
                return withdrawn; // quiet now, and the device will find the file's new pages by itself
            }
            closeRegistration(withdrawn);
            return null;
        });
        long endNs = System.nanoTime();
        revokeTookNs = endNs - beganNs;
        if (record != null) {
            record.phases(regions.size(), users.size(), beganNs, seizedNs - beganNs, drainedNs - seizedNs, endNs - drainedNs);
        }
    }

    private void restoreAll(Set<TrackedQueuePair> users) {
        RestoreEvent record = RegionEvents.begin(RestoreEvent::new);
        long beganNs = System.nanoTime();
        long size = size();
        regions.replaceAll((region, quiet) -> {
            region.restore(size, quiet, false, users);
            return null;
        });
        revoked = false;
        broken = false;
        stamp++;
        restoredAtNs = System.nanoTime();
        restoreTookNs = restoredAtNs - beganNs;
        restored.signalAll();
        if (regions.keySet().stream().anyMatch(region -> region.failure() != null)) {
            retryLater();
        }
        if (record != null) {
            record.finish(file.path(), regions.size(), size);
        }
    }

    /** Registrations that were refused are tried again, until they succeed: the regions are staged meanwhile. */
    private void retryLater() {
        if (retryNs == 0) {
            retryNs = FIRST_RETRY_NS;
            PumpThreads.runAfter(retryNs, this::retry);
        }
    }

    private void retry() {
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        lock.lock();
        try {
            if (closed || revoked) {
                retryNs = 0; // a restore tries anyway
                return;
            }
            long size = size();
            boolean again = false;
            for (MemoryRegion region : regions.keySet()) {
                if (region.failure() != null) {
                    region.restore(size, null, false, users);
                    again |= region.failure() != null;
                }
            }
            retryNs = again ? Math.min(2 * retryNs, LAST_RETRY_NS) : 0;
            if (again) {
                PumpThreads.runAfter(retryNs, this::retry);
            }
        } finally {
            lock.unlock();
        }
        users.forEach(TrackedQueuePair::callPump);
    }

    private void drain(Set<TrackedQueuePair> users, long deadlineNs) {
        await(Drain.of(users), deadlineNs);
    }

    private void await(Drain drain, long deadlineNs) {
        List<TrackedQueuePair> late = drain.await(deadlineNs);
        for (TrackedQueuePair queuePair : late) {
            fenced++;
            count(DomainCounters::countFenced);
            RegionEvents.fenced(file.path(), queuePair);
            notifyListeners((listener, region) -> listener.onFenced(region, queuePair));
        }
    }

    /** Counts something once for each domain that has regions over the file. */
    private void count(Consumer<DomainCounters> counting) {
        counted.keySet().forEach(counting);
    }

    private void notifyListeners(BiConsumer<RegionListener, MemoryRegion> call) {
        regions.keySet().forEach(region -> region.notifyListeners(call));
    }

    /** Ends a registration. One that cannot be ended, as its device is gone, must not hold up the others, nor the break. */
    private static void closeRegistration(MemoryRegistration registration) {
        try {
            if (registration != null) {
                registration.close();
            }
        } catch (VerbsException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }
}
