package dev.daxverbs.region;

import dev.daxverbs.dax.ChangeAction;
import dev.daxverbs.dax.ChangeGuard;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.lease.FileLease;
import dev.daxverbs.lease.LeaseBreak;
import dev.daxverbs.lease.LeaseHolder;
import dev.daxverbs.lease.LeaseType;
import dev.daxverbs.lease.LeaseUnavailableException;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.Collections;
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
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The regions over one open file, and the lease that keeps its pages in place for them.
 *
 * <p><b>A break</b>, in this order: withdraw the registrations from posters; tell peers in other processes; seize the users' gates once,
 * after which nobody posts with an old key; wait until what was posted has completed, and the peers have answered; end the registrations
 * (pinned) or leave them quiet (on demand); return, which releases the lease. <b>A restore</b>: read the size; register; hand the
 * registrations to posters; call the pumps. In between, pumps move transfers through staging memory, and need none of this.
 *
 * <p>One lock makes breaks, restores, own changes of the file, and the coming and going of regions exclude each other. Posters, pollers and
 * pumps never take it.
 */
final class GuardedFile implements LeaseHolder, ChangeGuard {
    /** How long to wait for a lease that is just broken when a region is added that requires it. */
    private static final long ADD_PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    /** How long transfers may take to finish when nobody waits for the lease: half of the kernel's default lease-break-time. */
    static final long OWN_DEADLINE_NS = TimeUnit.MILLISECONDS.toNanos(22_500);
    private static final long LONGEST_COOL_DOWN_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long FIRST_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LAST_RETRY_NS = TimeUnit.SECONDS.toNanos(1);

    /** How long who adds a region waits for a lease that nothing is in the way of any more: it is asked for every 20 ms at least. */
    private static final long ADOPTION_PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(60);
    private static final long LOOK_AT_LOCKS_NS = TimeUnit.SECONDS.toNanos(1);

    private static final List<GuardedFile> FILES = new ArrayList<>(); // guarded by itself
    private static final Map<DaxFile, GuardedFile> OF_OWNERS = new IdentityHashMap<>(); // guarded by FILES

    private static final ReentrantLock OPENING = new ReentrantLock();

    private final RegionFile file;
    private final RegionOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition restored = lock.newCondition();
    private final Set<MemoryRegion> regions = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<DomainCounters, Integer> counted = new IdentityHashMap<>(); // of the regions' domains: how many regions each has
    private boolean closed;
    private int claims; // of those who will add a region
    private boolean lingering; // somebody will look whether it can be closed
    private FileLease lease; // null while no region has a use for it
    private volatile boolean revoked = true; // no region has a registration that may be used
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

    private final AtomicTurn atomicTurn = new AtomicTurn();

    private GuardedFile(RegionFile file, RegionOptions options) {
        this.file = file;
        this.options = options;
    }

    /**
     * The guard of a file, made if need be. It stays open at least until {@link #add} or {@link #giveUp}, one of which must follow.
     *
     * @param file the file; a duplicate of its descriptor is made
     */
    static GuardedFile claim(DaxFile file, RegionOptions options) throws IOException {
        GuardedFile guarded = claim(() -> ofOwner(file), () -> RegionFile.of(file), options);
        guarded.guardChangesOf(file);
        return guarded;
    }

    /**
     * The guard of a file that is known by its numbers only.
     *
     * @param device the device of its file system, packed as {@code major << 32 | minor}
     * @param inode its inode number
     * @param opening what opens it, if it has no guard yet: by any way to it
     */
    static GuardedFile claim(long device, long inode, Opening opening, RegionOptions options) throws IOException {
        OPENING.lock(); // one after the other: who opens a file that another has just opened is in the way of its lease
        try {
            return claim(() -> first(guarded -> guarded.file.isOf(device, inode)), opening, options);
        } finally {
            OPENING.unlock();
        }
    }

    /** Opens a file for its guard. May wait. */
    @FunctionalInterface
    interface Opening {
        RegionFile open() throws IOException;
    }

    private static GuardedFile claim(Supplier<GuardedFile> known, Opening opening, RegionOptions options) throws IOException {
        while (true) {
            GuardedFile guarded;
            synchronized (FILES) {
                guarded = known.get();
            }
            if (guarded == null) {
                guarded = enter(known, new GuardedFile(opening.open(), options));
            }
            guarded.lock.lock(); // not while FILES is locked: who closes one takes them the other way round
            try {
                if (!guarded.closed) {
                    guarded.claims++;
                    return guarded;
                }
            } finally {
                guarded.lock.unlock();
            }
        }
    }

    /** Makes a guard the one of its file, unless somebody else was faster. */
    private static GuardedFile enter(Supplier<GuardedFile> known, GuardedFile opened) {
        synchronized (FILES) {
            GuardedFile other = known.get();
            if (other != null) {
                Posix.close(opened.file.descriptor());
                return other;
            }
            FILES.add(opened);
            return opened;
        }
    }

    /** The guard of a file object, or one of memory that was adopted by the same open file description: that has one lease only. */
    private static GuardedFile ofOwner(DaxFile file) {
        GuardedFile known = OF_OWNERS.get(file);
        if (known != null || FILES.isEmpty()) {
            return known;
        }
        int descriptor = file.fileDescriptor();
        FileStatus[] status = new FileStatus[1];
        return Posix.status(descriptor, status) != 0 ? null : first(guarded ->
                guarded.file.isOf(status[0].device(), status[0].inode()) && guarded.file.isSameDescription(descriptor));
    }

    private static GuardedFile first(Predicate<GuardedFile> condition) {
        return FILES.stream().filter(condition).findFirst().orElse(null);
    }

    /** What a file object does to the size of its file passes this guard from now on. The guard is claimed. */
    private void guardChangesOf(DaxFile owner) {
        synchronized (FILES) {
            if (OF_OWNERS.putIfAbsent(owner, this) == null) {
                owner.guardChanges(this);
            }
        }
    }

    /** What makes the mappings of a region ones of this file's description. */
    @FunctionalInterface
    interface Adopting {
        /**
         * Maps the file over them.
         *
         * @return whether anything was changed, so that the lease may be had now
         */
        boolean mapOver(RegionFile file);
    }

    /**
     * Adds a region that was made for this file's {@link #claim}, and lets it register as far as this file is concerned.
     *
     * @param policy whether it may be added without the lease
     * @param adopting is called when the lease is not to be had as it is; null if the mapping is the file's own
     */
    void add(MemoryRegion region, LeasePolicy policy, Adopting adopting) throws IOException {
        lock.lock();
        boolean added = false;
        try {
            if (lease == null && region.direct() != DirectAccess.NONE) {
                takeLease();
            }
            if (adopting != null && lease != null && isInTheWay() && adopting.mapOver(file) && !broken) {
                awaitRestored(ADOPTION_PATIENCE_NS);
            }
            if (policy == LeasePolicy.REQUIRED) {
                awaitLease();
            }
            region.restore(this, size(), revoked, new LinkedHashSet<>());
            if (region.failure() != null) {
                if (policy == LeasePolicy.REQUIRED) {
                    throw region.failure();
                }
                retryLater();
            }
            regions.add(region);
            counted.merge(region.domainCounters(), 1, Integer::sum);
            added = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the lease of %s was broken".formatted(file.path()));
        } finally {
            claims--;
            if (!added) {
                closeIfUnused();
            }
            lock.unlock();
        }
    }

    private void takeLease() throws LeaseUnavailableException {
        LeaseType type = file.writable() ? LeaseType.WRITE : LeaseType.READ;
        // A break that comes at once waits for our lock, and finds the lease noted.
        lease = FileLease.want(file.descriptor(), file.path().toString(), type, options.leaseMode(), this);
        revoked = !lease.isHeld();
        restoredAtNs = System.nanoTime();
    }

    /** Whether another open file description may be what the lease is refused for. */
    private boolean isInTheWay() {
        return !isLeased() && lease.refusal().map(refusal -> refusal.errno() == Errno.EAGAIN).orElse(true);
    }

    private void awaitRestored(long waitNs) throws InterruptedException {
        long restNs = waitNs;
        while (revoked && restNs > 0) {
            restNs = restored.awaitNanos(restNs);
        }
    }

    private void awaitLease() throws IOException, InterruptedException {
        awaitRestored(broken ? ADD_PATIENCE_NS : 0);
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

    /** Undoes {@link #claim}: without regions the lease is released. */
    void giveUp() {
        lock.lock();
        try {
            claims--;
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
            region.revoke(this, users);
            if (regions.remove(region)) {
                counted.computeIfPresent(region.domainCounters(), (counters, count) -> count == 1 ? null : count - 1);
            }
            drain(users, System.nanoTime() + OWN_DEADLINE_NS);
            region.awaitCopies(); // of pumps, which look at whether it is closed
            region.endWithdrawn(true);
            region.dismissAll();
            closeIfUnused();
        } finally {
            lock.unlock();
        }
        users.forEach(TrackedQueuePair::callPump); // what was deferred for it completes with an error, and what is behind goes on
    }

    private void closeIfUnused() {
        if (!regions.isEmpty() || claims > 0 || closed) {
            return;
        }
        if (file.mustStayOpen()) {
            linger();
            return;
        }
        closed = true;
        synchronized (FILES) {
            FILES.remove(this);
            OF_OWNERS.entrySet().removeIf(entry -> {
                if (entry.getValue() == this) {
                    entry.getKey().removeGuard(this);
                }
                return entry.getValue() == this;
            });
        }
        try {
            if (lease != null) {
                lease.close();
            }
        } finally {
            Posix.close(file.descriptor());
        }
    }

    /** To close a descriptor would end locks that the program has on the file: it is kept until there are none. */
    private void linger() {
        if (!lingering) {
            lingering = true;
            PumpThreads.runAfter(LOOK_AT_LOCKS_NS, this::lookAtLocks);
        }
    }

    private void lookAtLocks() {
        if (!lock.tryLock()) { // a break is under way, which may need the thread that this is
            PumpThreads.runAfter(LOOK_AT_LOCKS_NS, this::lookAtLocks);
            return;
        }
        try {
            lingering = false;
            closeIfUnused();
        } finally {
            lock.unlock();
        }
    }

    /** Not as soon as a break was heard, though the regions are revoked a moment later only. */
    boolean isLeased() {
        return !revoked && lease != null && lease.isHeld();
    }

    /** Whether the lease is not there for now only. */
    boolean mayBeRestored() {
        return broken;
    }

    /** Whether nobody can make the file shorter: a memfd that is sealed. */
    boolean cannotShrink() {
        return Posix.cannotShrink(file.descriptor());
    }

    /** Why the lease is not held, for people. */
    String whyNotLeased() {
        if (broken) {
            return "the lease is broken: another process has the file open; it is asked for again and again";
        }
        Optional<LeaseUnavailableException> refusal = lease == null ? Optional.empty() : lease.refusal();
        return refusal.map(e -> e.getMessage() + file.whoHasIt(e)).orElse("the lease is not held");
    }

    AtomicTurn atomicTurn() {
        return atomicTurn;
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
        return file.descriptor();
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

    /** The present size, in bytes. */
    long size() {
        FileStatus[] status = new FileStatus[1];
        int failed = Posix.status(file.descriptor(), status);
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
            if (restoreAll(users)) {
                notifyListeners(RegionListener::onRestore);
            }
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
        atomicTurn.suspend();
        revoked = true;
        Set<TrackedQueuePair> users = new LinkedHashSet<>();
        List<RegionGrants> grants = new ArrayList<>();
        for (MemoryRegion region : regions) {
            region.revoke(this, users);
            if (region.grants().isHeld()) {
                grants.add(region.grants());
            }
        }
        grants.forEach(RegionGrants::revoke); // peers stop while this side does
        Drain drain = Drain.of(users, grants);
        long seizedNs = System.nanoTime();
        await(drain, deadlineNs);
        atomicTurn.resume();
        long drainedNs = System.nanoTime();
        regions.forEach(region -> region.endWithdrawn(false));
        long endNs = System.nanoTime();
        revokeTookNs = endNs - beganNs;
        if (record != null) {
            record.phases(regions.size(), users.size(), beganNs, seizedNs - beganNs, drainedNs - seizedNs, endNs - drainedNs);
        }
    }

    /**
     * Registers the regions again, as long as no break comes: who opened the file would wait for all of them to be registered, for nothing.
     * {@code onBreak} follows then, and finds some regions with a registration; the others stay as the last break left them.
     *
     * @return whether it got to the end
     */
    private boolean restoreAll(Set<TrackedQueuePair> users) {
        RestoreEvent record = RegionEvents.begin(RestoreEvent::new);
        long beganNs = System.nanoTime();
        long size = size();
        int done = 0;
        for (MemoryRegion region : regions) {
            if (lease != null && !lease.isHeld()) {
                break;
            }
            region.restore(this, size, false, users);
            done++;
        }
        boolean whole = done == regions.size();
        revoked = false;
        broken = false;
        stamp++;
        if (whole) {
            regions.forEach(region -> region.grants().grantAgain());
        }
        restoredAtNs = System.nanoTime();
        restoreTookNs = restoredAtNs - beganNs;
        restored.signalAll();
        if (regions.stream().anyMatch(region -> region.failure() != null)) {
            retryLater();
        }
        if (record != null) {
            record.finish(file.path(), done, size);
        }
        return whole;
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
        if (!lock.tryLock()) { // a break is under way, which may need the thread that this is
            PumpThreads.runAfter(FIRST_RETRY_NS, this::retry);
            return;
        }
        try {
            if (closed || revoked) {
                retryNs = 0; // a restore tries anyway
                return;
            }
            long size = size();
            boolean again = false;
            for (MemoryRegion region : regions) {
                if (region.failure() != null) {
                    region.restore(this, size, false, users);
                    region.grants().grantAgain();
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
        List<QueuePair> late = drain.await(deadlineNs);
        for (QueuePair queuePair : late) {
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
        regions.forEach(region -> region.notifyListeners(call));
    }

    /** Ends a registration. One that cannot be ended, as its device is gone, must not hold up the others, nor the break. */
    static void closeRegistration(MemoryRegistration registration) {
        try {
            if (registration != null) {
                registration.close();
            }
        } catch (VerbsException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    @Override
    public String toString() {
        return file.path().toString();
    }
}
