package dev.daxverbs.region;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiConsumer;

/**
 * Memory that work requests may name for as long as it is open, whatever happens to the file under it.
 *
 * <p>Its registration with the device ends when another process opens or truncates the file, and is made anew when that process is done.
 * Meanwhile transfers posted on queue pairs of a {@link RegionDomain} go through memory of the library's (they are <em>staged</em>), in order with
 * all others. A range beyond the end that the file has afterwards is refused by {@link RegionTruncatedException} before it is posted; one that
 * was accepted while the lease was broken completes with {@link dev.daxverbs.verbs.CompletionStatus#FILE_TRUNCATED}. When the file
 * grows back, so does what can be used.
 *
 * <p>Its memory is not to be touched by native code: {@link DaxMapping} says why.
 *
 * <p>Thread use: any thread may use and close it.
 */
public final class MemoryRegion implements RegisteredMemory, AutoCloseable {
    /** How often a copy is tried that fails though the file has the range, and the pause in between: some 50 ms in all. */
    private static final int COPY_TRIES = 100;
    private static final long COPY_PAUSE_NS = 500_000;

    private final RegionDomain domain;
    private final MemorySegment segment;
    private final long address; // of the segment: asked for by each work request
    private final long byteSize;
    private final MemoryRegistration fixed; // the one for its whole life, of memory that nothing can take away; else null
    private final Set<AccessFlag> access;
    private final DaxMapping mapping; // null: no file
    private final GuardedFile file; // null: no guard is needed
    private final DirectAccess direct;
    private final boolean allowsAny; // what direct says; for posters
    private final String whyNotDirect; // null if any transfer can be
    private final long fileOffset;
    /** Held for reading while a pump copies from or to the file; by {@link #awaitCopies} for writing. */
    private final ReentrantReadWriteLock copying = new ReentrantReadWriteLock();
    private final List<RegionListener> listeners = new CopyOnWriteArrayList<>();

    /**
     * What can be used now, or null. Read by posters within their gates, without a fence: a break clears it, and then seizes the gates of
     * all users, so after that no poster has the old one ({@link GuardedFile}). One reference, so that nobody sees the registration of
     * one time with the size of another.
     */
    private Usable usable;
    /** How many bytes the file had when last looked at; guarded by this. */
    private long usableBytes;
    /** Why the registration could not be renewed. */
    private volatile VerbsException failure;
    private volatile boolean closed;
    /** A bit for each queue pair that has used the region, by its index. Replaced, never changed; written under {@link #users}. */
    private long[] userBits = new long[1];
    private final List<TrackedQueuePair> users = new ArrayList<>(); // guarded by itself

    /**
     * What posters may name.
     *
     * @param registration the live registration; null where the file has nothing of the region
     * @param bytes how many bytes from the start the file has
     */
    record Usable(MemoryRegistration registration, long bytes) {
    }

    private MemoryRegion(RegionDomain domain, MemorySegment segment, MemoryRegistration fixed, Set<AccessFlag> access, DaxMapping mapping,
            long fileOffset, GuardedFile file, DirectAccess direct, String whyNotDirect) {
        this.domain = domain;
        this.segment = segment;
        this.fixed = fixed;
        address = segment.address();
        byteSize = segment.byteSize();
        this.access = AccessFlag.copyOf(access);
        this.mapping = mapping;
        this.fileOffset = fileOffset;
        this.file = file;
        this.direct = direct;
        allowsAny = direct.allowsAny();
        this.whyNotDirect = whyNotDirect;
    }

    /** A region that nothing can take away: one registration for its whole life. */
    static MemoryRegion fixed(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping) {
        MemoryRegistration registration = domain.protectionDomain().register(segment, access);
        MemoryRegion region = new MemoryRegion(domain, segment, registration, access, mapping, 0, null, DirectAccess.PINNED, null);
        region.usableBytes = segment.byteSize();
        region.usable = new Usable(registration, segment.byteSize());
        return region;
    }

    /** A region over a guarded file, without a registration yet. */
    static MemoryRegion tracked(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping, long fileOffset,
            GuardedFile file, DirectAccess direct, String whyNotDirect) {
        return new MemoryRegion(domain, segment, null, access, mapping, fileOffset, file, direct, whyNotDirect);
    }

    /**
     * The protection domain that its registrations belong to.
     *
     * @return the domain's own
     */
    public ProtectionDomain protectionDomain() {
        return domain.protectionDomain();
    }

    /**
     * The memory.
     *
     * @return the segment that was registered
     */
    public MemorySegment segment() {
        return segment;
    }

    /** The mapping that it lies over, or null. */
    DaxMapping mapping() {
        return mapping;
    }

    /**
     * What the device may do with the memory.
     *
     * @return a copy of the flags that were given
     */
    public Set<AccessFlag> access() {
        return AccessFlag.copyOf(access);
    }

    /** Whether a flag was given. */
    boolean allows(AccessFlag flag) {
        return access.contains(flag);
    }

    /**
     * What keeps the memory in place now.
     *
     * @return the guard
     */
    public Guard guard() {
        if (file == null) {
            return Guard.NOT_NEEDED;
        }
        return file.isLeased() ? Guard.LEASED : Guard.UNLEASED;
    }

    /**
     * Whether its registrations are made with {@link AccessFlag#ON_DEMAND}: because its pages cannot be pinned, as those of FS-DAX files.
     *
     * @return true if so
     */
    public boolean isOnDemand() {
        return direct.isOnDemand();
    }

    /**
     * The path that transfers take now, but for those whose offset the device cannot be trusted with: see {@link #describe()}.
     *
     * @return DIRECT while the region has a registration
     */
    public synchronized TransferPath path() {
        return usable == null ? TransferPath.STAGED : TransferPath.DIRECT;
    }

    /**
     * What the region is, and why transfers take the path that they take.
     *
     * @return a snapshot
     */
    public RegionDescription describe() {
        List<String> reasons = new ArrayList<>();
        if (whyNotDirect != null) {
            reasons.add(whyNotDirect);
        }
        Guard now = guard(); // once: it may change while we speak of it
        if (now == Guard.UNLEASED && direct != DirectAccess.NONE) {
            reasons.add(file.mayBeRestored() ? "the lease is broken: another process has the file open; it is asked for again and again"
                    : file.refusal().map(Throwable::getMessage).orElse("the lease is not held"));
        }
        VerbsException refused = failure;
        if (refused != null) {
            reasons.add("the registration was refused, and is tried again and again: " + refused.getMessage());
        }
        return new RegionDescription(mapping == null ? null : mapping.file().path(), mapping == null ? null : mapping.file().kind(), now,
                path(), direct.isOnDemand(), byteSize(), usableBytes(), breaks(), forced(), fenced(), file == null ? 0 : file.lastBreakNs(),
                List.copyOf(reasons));
    }

    /**
     * Adds somebody who wants to know of breaks. Without effect for memory that needs no guard.
     *
     * @param listener is called for events from now on
     */
    public void addListener(RegionListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Removes a listener; events that are on their way to it may still arrive.
     *
     * @param listener as it was added
     */
    public void removeListener(RegionListener listener) {
        listeners.remove(listener);
    }

    void notifyListeners(BiConsumer<RegionListener, MemoryRegion> call) {
        for (RegionListener listener : listeners) {
            Notifier.run(() -> call.accept(listener, this));
        }
    }

    /**
     * How much of the region the file had when its size was looked at last, which is at each restore.
     *
     * @return bytes from the start, 0 to {@link #byteSize()}
     */
    public synchronized long usableBytes() {
        return usableBytes;
    }

    /**
     * How often the lease on the file has been broken since it was first taken.
     *
     * @return the number of breaks; 0 for memory without a lease
     */
    public long breaks() {
        return file == null ? 0 : file.breaks();
    }

    /**
     * How many queue pairs had to be stopped as they did not finish before a break's deadline, on this region's file.
     *
     * @return the number since the lease was first taken; 0 for memory without a lease
     */
    public long fenced() {
        return file == null ? 0 : file.fenced();
    }

    /**
     * How many breaks of the file's lease the kernel ended by force: {@link RegionListener#onForced}.
     *
     * @return the number since the lease was first taken; 0 for memory without a lease
     */
    public long forced() {
        return file == null ? 0 : file.forced();
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public long byteSize() {
        return byteSize;
    }

    @Override
    public boolean hasFixedKeys() {
        return file == null;
    }

    @Override
    public int localKey() {
        return current().localKey();
    }

    @Override
    public int remoteKey() {
        return current().remoteKey();
    }

    private MemoryRegistration current() {
        checkOpen();
        return fixed != null ? fixed : currentOfFile(); // work requests ask for that of fixed ones: no lock
    }

    private synchronized MemoryRegistration currentOfFile() {
        if (usable == null || usable.registration() == null) {
            throw new IllegalStateException("%s has no registration now".formatted(this));
        }
        return usable.registration();
    }

    // Posters, within the send gate of their queue pair.

    /** What can be used now, or null; notes the queue pair as a user. */
    Usable usableFor(TrackedQueuePair queuePair) {
        int index = queuePair.index();
        long[] bits = userBits; // a race: an old array sends us the slow way once more
        if (index >>> 6 >= bits.length || (bits[index >>> 6] & 1L << index) == 0) {
            admit(queuePair);
        }
        return usable;
    }

    private void admit(TrackedQueuePair queuePair) {
        int index = queuePair.index();
        synchronized (users) {
            long[] next = Arrays.copyOf(userBits, Math.max(userBits.length, (index >>> 6) + 1));
            next[index >>> 6] |= 1L << index;
            userBits = next;
            users.add(queuePair);
        }
        queuePair.uses(this);
    }

    /** A queue pair was closed. */
    void dismiss(TrackedQueuePair queuePair) {
        int index = queuePair.index();
        synchronized (users) {
            long[] next = userBits.clone();
            next[index >>> 6] &= ~(1L << index);
            userBits = next;
            users.remove(queuePair);
        }
    }

    /** Refuses what cannot be posted, neither now nor later. */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** By what registration, and for which transfers, the device can be let at the memory while the lease is held. */
    DirectAccess direct() {
        return direct;
    }

    /**
     * Whether the device can be let at a range.
     *
     * @param address where it begins
     * @param before how many bytes of the message come before it
     */
    boolean allowsDevice(TrackedQueuePair queuePair, long address, long before) {
        return allowsAny || direct.allows(address, before, queuePair.mtu());
    }

    /** Whether the device may do atomics there, as far as staged ones are concerned. */
    boolean allowsAtomicsNow() {
        return direct.allowsAtomics() && !file.hasStagedAtomic();
    }

    /** Whether it is worth waiting for a registration. */
    boolean mayBecomeDirect() {
        return direct != DirectAccess.NONE && (file.isLeased() || file.mayBeRestored());
    }

    GuardedFile file() {
        return file;
    }

    DomainCounters domainCounters() {
        return domain.counting();
    }

    // Staged transfers: pumps. What is short may be so because another process is at it: then it is for the caller to come again.

    /** Where the peer's side of staged transfers goes that name this region as the peer's memory. */
    StagingPool targetStaging() {
        return domain.targetStaging();
    }

    /** Reads from the file. */
    FileAccess read(long offset, MemorySegment into) {
        return copy(() -> StagedCopy.fromFile(file.descriptor(), fileOffset + offset, into), offset, into.byteSize());
    }

    /** Writes to the file, through its mapping. */
    FileAccess write(long offset, StagingBuffer from, long fromOffset, long lengthBytes) {
        return copy(() -> file.size() < fileOffset + offset + lengthBytes ? 0
                : StagedCopy.toMapping(from, fromOffset, segment.asSlice(offset, lengthBytes)), offset, lengthBytes);
    }

    /** Whether the file has the range. */
    FileAccess looksFor(long offset, long lengthBytes) {
        return copy(() -> file.size() < fileOffset + offset + lengthBytes ? 0 : lengthBytes, offset, lengthBytes);
    }

    private interface Copy {
        long run();
    }

    private FileAccess copy(Copy copy, long offset, long lengthBytes) {
        copying.readLock().lock();
        try {
            if (closed) {
                return FileAccess.CLOSED;
            }
            for (int tries = 0; tries < COPY_TRIES; tries++) {
                long stamp = file.stamp(); // before the look at the file: what is decided must not mix two times
                boolean mayGrow = file.mayGrow();
                if (copy.run() == lengthBytes) {
                    return FileAccess.DONE;
                }
                if (mayGrow || file.mayGrow() || file.stamp() != stamp) {
                    return FileAccess.LATER;
                }
                if (file.size() < fileOffset + offset + lengthBytes) {
                    return FileAccess.TRUNCATED;
                }
                LockSupport.parkNanos(COPY_PAUSE_NS); // cut off and made longer again in between; or the file system fails
            }
            return FileAccess.FAILED;
        } finally {
            copying.readLock().unlock();
        }
    }

    /** Waits until no pump is at the file that saw the region open. */
    void awaitCopies() {
        copying.writeLock().lock();
        copying.writeLock().unlock();
    }

    // Breaks and restores: within the lock of the guarded file.

    /** Withdraws the registration from posters; returns it, and adds those who may have posted with it. */
    MemoryRegistration revoke(Set<TrackedQueuePair> toFenceOff) {
        MemoryRegistration withdrawn;
        synchronized (this) {
            withdrawn = usable == null ? null : usable.registration();
            usable = null;
        }
        synchronized (users) { // a queue pair that enters itself after this sees that it is gone
            toFenceOff.addAll(users);
        }
        return withdrawn;
    }

    /**
     * Gives posters a registration again, and adds those who may have deferred. One that is refused is noted: the region stays staged.
     *
     * @param fileSizeBytes the present size of the file
     * @param kept the registration that was withdrawn and not closed, or null
     * @param unleased whether the file must not be registered at present
     */
    void restore(long fileSizeBytes, MemoryRegistration kept, boolean unleased, Set<TrackedQueuePair> toPump) {
        long present = Math.max(0, Math.min(segment.byteSize(), fileSizeBytes - fileOffset));
        MemoryRegistration renewed = kept;
        VerbsException refused = null;
        boolean register = !unleased && direct != DirectAccess.NONE;
        if (renewed == null && present > 0 && register) {
            try {
                renewed = register(present);
            } catch (VerbsException e) {
                refused = e;
            }
        }
        synchronized (this) {
            usableBytes = present;
            failure = refused;
            usable = register && refused == null ? new Usable(renewed, present) : null;
        }
        synchronized (users) {
            toPump.addAll(users);
        }
    }

    private MemoryRegistration register(long present) {
        if (direct.isOnDemand()) {
            Set<AccessFlag> flags = access();
            flags.add(AccessFlag.ON_DEMAND);
            return domain.protectionDomain().register(segment, flags);
        }
        // Whole pages: the last one is there even where the file ends in it.
        long pages = (present + Posix.PAGE_SIZE - 1) / Posix.PAGE_SIZE * Posix.PAGE_SIZE;
        return domain.protectionDomain().register(segment.asSlice(0, Math.min(segment.byteSize(), pages)), access);
    }

    VerbsException failure() {
        return failure;
    }

    /** Nobody is a user any more. */
    void dismissAll() {
        List<TrackedQueuePair> old;
        synchronized (users) {
            old = new ArrayList<>(users);
            users.clear();
            userBits = new long[1];
        }
        old.forEach(queuePair -> queuePair.forget(this));
    }

    /**
     * Ends the region: transfers that were posted are waited for (for some seconds at most), deferred ones complete with
     * {@code LOC_PROT_ERR}, the registration ends, and the file's last region releases the lease. Closing again does nothing.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        if (file == null) {
            fixed.close();
        } else {
            file.remove(this);
        }
        if (mapping != null) {
            mapping.drop(this);
        }
        domain.forget(this);
    }

    @Override
    public String toString() {
        return "memory region of %d bytes at 0x%x%s".formatted(segment.byteSize(), segment.address(),
                mapping == null ? "" : " over " + mapping.file().path());
    }
}
