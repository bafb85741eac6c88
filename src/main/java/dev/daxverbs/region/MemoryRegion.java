package dev.daxverbs.region;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Memory that work requests may name for as long as it is open, whatever happens to the file under it.
 *
 * <p>Its registration with the device ends when another process opens or truncates the file, and is made anew when that process is done;
 * transfers posted on queue pairs of a {@link RegionDomain} wait meanwhile and then go on, in order. A range beyond the end that the
 * file has afterwards is refused by {@link RegionTruncatedException} before it is posted; one that was accepted while the lease was
 * broken completes with {@link CompletionStatus#FILE_TRUNCATED}.
 *
 * <p>Thread use: any thread may use and close it.
 */
public final class MemoryRegion implements RegisteredMemory, AutoCloseable {
    private final RegionDomain domain;
    private final MemorySegment segment;
    private final Set<AccessFlag> access;
    private final DaxMapping mapping; // null: no file
    private final GuardedFile file; // null: no guard is needed
    private final boolean onDemand;
    private final long fileOffset;

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

    private MemoryRegion(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping, long fileOffset,
            GuardedFile file, boolean onDemand) {
        this.domain = domain;
        this.segment = segment;
        this.access = access.isEmpty() ? EnumSet.noneOf(AccessFlag.class) : EnumSet.copyOf(access);
        this.mapping = mapping;
        this.fileOffset = fileOffset;
        this.file = file;
        this.onDemand = onDemand;
    }

    /** A region that nothing can take away: one registration for its whole life. */
    static MemoryRegion fixed(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping) {
        MemoryRegion region = new MemoryRegion(domain, segment, access, mapping, 0, null, false);
        region.usableBytes = segment.byteSize();
        region.usable = new Usable(domain.protectionDomain().register(segment, access), segment.byteSize());
        return region;
    }

    /** A region over a guarded file, without a registration yet. */
    static MemoryRegion tracked(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping, long fileOffset,
            GuardedFile file, boolean onDemand) {
        return new MemoryRegion(domain, segment, access, mapping, fileOffset, file, onDemand);
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

    /**
     * What the device may do with the memory.
     *
     * @return a copy of the flags that were given
     */
    public Set<AccessFlag> access() {
        return access.isEmpty() ? EnumSet.noneOf(AccessFlag.class) : EnumSet.copyOf(access);
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
     * Transfers must then begin at multiples of 4096 bytes from the start of the file, on queue pairs with a path MTU of 4096.
     *
     * @return true if so
     */
    public boolean isOnDemand() {
        return onDemand;
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

    @Override
    public long address() {
        return segment.address();
    }

    @Override
    public long byteSize() {
        return segment.byteSize();
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

    private synchronized MemoryRegistration current() {
        if (closed || usable == null || usable.registration() == null) {
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

    /** Refuses what cannot be posted, neither now nor when a break is over. */
    void checkUsable() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        if (failure != null) {
            throw new IllegalStateException(this + " could not be registered again after a lease break: close it and register anew", failure);
        }
    }

    /** How a deferred transfer must end that waits for this region; null if the region will be back. */
    CompletionStatus refusal() {
        if (closed) {
            return CompletionStatus.LOC_PROT_ERR;
        }
        return failure == null ? null : CompletionStatus.GENERAL_ERR;
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
     * Gives posters a registration again, and adds those who may have deferred.
     *
     * @param fileSizeBytes the present size of the file
     * @param kept the registration that was withdrawn and not closed, or null
     */
    void restore(long fileSizeBytes, MemoryRegistration kept, Set<TrackedQueuePair> toPump) {
        long present = Math.max(0, Math.min(segment.byteSize(), fileSizeBytes - fileOffset));
        MemoryRegistration renewed = kept;
        VerbsException refused = null;
        if (renewed == null && present > 0) {
            try {
                renewed = register(present);
            } catch (VerbsException e) {
                refused = e;
            }
        }
        synchronized (this) {
            usableBytes = present;
            failure = refused;
            usable = refused == null ? new Usable(renewed, present) : null;
        }
        synchronized (users) {
            toPump.addAll(users);
        }
    }

    private MemoryRegistration register(long present) {
        if (onDemand) {
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
            usable.registration().close();
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
