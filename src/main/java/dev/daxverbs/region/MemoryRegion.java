package dev.daxverbs.region;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.grant.GrantSource;
import dev.daxverbs.grant.OwnedMemory;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.MappedRange;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiConsumer;

/**
 * Memory that work requests may name for as long as it is open, whatever happens to the file under it.
 *
 * <p>Its registration with the device ends when another process opens or truncates the file, and is made anew when that process is done.
 * Meanwhile transfers posted on queue pairs of a {@link RegionDomain} go through memory of the library's (they are <em>staged</em>), in
 * order with all others. A range beyond the end that the file has afterwards is refused by {@link RegionTruncatedException} before it is
 * posted; one that was accepted while the lease was broken completes with {@link dev.daxverbs.verbs.CompletionStatus#FILE_TRUNCATED}. When
 * the file grows back, so does what can be used.
 *
 * <p>Its memory is not to be touched by native code: {@link DaxMapping} says why.
 *
 * <p>Thread use: any thread may use and close it.
 */
@SuppressWarnings("exports") // the superclass has nothing that is visible outside
public final class MemoryRegion extends OwnedMemory implements AutoCloseable {
    private final RegionDomain domain;
    private final MemorySegment segment; // the user's
    private final MemorySegment memory; // the same as any thread may use it
    private final MappedRange expected; // what it was; null: its mapping is ours, and stays
    private final long address; // of the segment: asked for by each work request
    private final long byteSize;
    private final MemoryRegistration fixed; // the one for its whole life, of memory that nothing can take away; else null
    private final Set<AccessFlag> access;
    private final DaxMapping mapping; // null: no file
    private final List<RegionPart> parts; // what it lies over, in order: at least one
    private final List<GuardedFile> files; // of the parts, each once; none: no guard is needed, or none can be had
    private final RegionPart onlyPart; // null: more than one
    private final DirectAccess direct;
    private final boolean allowsAny; // what direct says; for posters
    private final String whyNotDirect; // null if any transfer can be
    private final AtomicTurn ownTurn = new AtomicTurn(); // for atomics on parts without a guarded file
    /** Held for reading while a pump copies from or to the file; by {@link #awaitCopies} for writing. */
    private final ReentrantReadWriteLock copying = new ReentrantReadWriteLock();
    private final RegionGrants grants = new RegionGrants(this);
    private RegionCache cache; // whose it is; null: its user's own
    private final List<RegionListener> listeners = new CopyOnWriteArrayList<>();

    /**
     * What can be used now, or null. Read by posters within their gates, without a fence: a break clears it, and then seizes the gates of
     * all users, so after that no poster has the old one ({@link GuardedFile}). One reference, so that nobody sees the registration of
     * one time with the size of another.
     */
    private Usable usable;
    /** How many bytes from the start the files had when last looked at; guarded by this. */
    private long usableBytes;
    /**
     * Makes changes of the registration exclude each other: a region over several files has as many who break and restore it. Taken
     * within the lock of a guarded file; {@code this} within it, for moments.
     */
    private final ReentrantLock registering = new ReentrantLock();
    /** The files whose memory must not be registered now: all of them at first. By {@link #registering}. */
    private final Set<GuardedFile> withheld = new HashSet<>();
    /** The registration that posters had until a break: to be ended, or, on demand, kept quiet. By {@link #registering}. */
    private MemoryRegistration withdrawn;
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
     * @param bytes how many bytes from the start can be named: up to the first that a file lacks
     * @param present how many bytes each part has; null where there is only one part
     */
    record Usable(MemoryRegistration registration, long bytes, long[] present) {
    }

    private MemoryRegion(RegionDomain domain, MemorySegment segment, MemoryRegistration fixed, Set<AccessFlag> access, DaxMapping mapping,
            List<RegionPart> parts, DirectPath direct, MemorySegment memory, MappedRange expected) {
        this.domain = domain;
        this.segment = segment;
        this.memory = memory;
        this.expected = expected;
        this.fixed = fixed;
        address = segment.address();
        byteSize = segment.byteSize();
        this.access = AccessFlag.copyOf(access);
        this.mapping = mapping;
        this.parts = List.copyOf(parts);
        files = fixed != null ? List.of() : parts.stream().map(RegionPart::file).filter(Objects::nonNull).distinct().toList();
        onlyPart = parts.size() == 1 ? parts.getFirst() : null;
        withheld.addAll(files);
        this.direct = direct.access();
        allowsAny = this.direct.allowsAny();
        whyNotDirect = direct.reason();
        usableBytes = byteSize;
        GrantSource.provide(this, grants);
    }

    /** A region that nothing can take away: one registration for its whole life. */
    static MemoryRegion fixed(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping, List<RegionPart> parts) {
        MemoryRegistration registration = domain.protectionDomain().register(segment, access);
        MemoryRegion region = new MemoryRegion(domain, segment, registration, access, mapping, parts, DirectPath.PINNED, segment,
                null);
        region.usable = new Usable(registration, segment.byteSize(), null);
        return region;
    }

    /** A region over the library's own mapping, without a registration yet. */
    static MemoryRegion declared(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, DaxMapping mapping, RegionPart part,
            DirectPath direct) {
        return new MemoryRegion(domain, segment, null, access, mapping, List.of(part), direct, segment, null);
    }

    /**
     * A region over whatever is mapped there, without a registration yet: it gets one when all its guarded files have let it.
     *
     * @param memory the segment as any thread may use it
     * @param expected what is mapped there; it is not registered when that has changed
     */
    static MemoryRegion adopted(RegionDomain domain, MemorySegment segment, Set<AccessFlag> access, List<RegionPart> parts, DirectPath direct,
            MemorySegment memory, MappedRange expected) {
        return new MemoryRegion(domain, segment, null, access, null, parts, direct, memory, expected);
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
        if (fixed != null) {
            return Guard.NOT_NEEDED;
        }
        return !files.isEmpty() && files.stream().allMatch(GuardedFile::isLeased) ? Guard.LEASED : Guard.UNLEASED;
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
            files.stream().filter(file -> !file.isLeased()).map(GuardedFile::whyNotLeased).forEach(reasons::add);
        }
        VerbsException refused = failure;
        if (refused != null) {
            reasons.add("the registration was refused, and is tried again and again: " + refused.getMessage());
        }
        RegionPart shown = parts.stream().filter(part -> part.extent().kind() != ExtentKind.ANONYMOUS).findFirst().orElse(null);
        return new RegionDescription(shown == null ? null : mapping != null ? mapping.file().path() : Path.of(shown.extent().name()),
                shown == null ? null : shown.extent().memory().orElse(null), now, path(), direct.isOnDemand(), byteSize(), usableBytes(),
                breaks(), forced(), fenced(), files.stream().mapToLong(GuardedFile::lastBreakNs).max().orElse(0), List.copyOf(reasons),
                parts.stream().map(RegionPart::describe).toList());
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
     * How often the lease on the file has been broken since it was first taken; of several files, the sum.
     *
     * @return the number of breaks; 0 for memory without a lease
     */
    public long breaks() {
        return files.stream().mapToLong(GuardedFile::breaks).sum();
    }

    /**
     * How many queue pairs had to be stopped as they did not finish before a break's deadline, on this region's file.
     *
     * @return the number since the lease was first taken; 0 for memory without a lease
     */
    public long fenced() {
        return files.stream().mapToLong(GuardedFile::fenced).sum();
    }

    /**
     * How many breaks of the file's lease the kernel ended by force: {@link RegionListener#onForced}.
     *
     * @return the number since the lease was first taken; 0 for memory without a lease
     */
    public long forced() {
        return files.stream().mapToLong(GuardedFile::forced).sum();
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
        return fixed != null;
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

    /** What can be used now; null if nothing can, or it is closed. */
    synchronized Usable usableNow() {
        return closed ? null : usable;
    }

    RegionGrants grants() {
        return grants;
    }

    StagingPool ownStaging() {
        return domain.localStaging();
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
        return direct.allowsAtomics() && !hasStagedAtomic();
    }

    private boolean hasStagedAtomic() {
        if (onlyPart != null) {
            return turnOf(onlyPart).isTaken();
        }
        for (RegionPart part : parts) {
            if (turnOf(part).isTaken()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether somebody has a turn for atomics.
     *
     * @param whenWorthTrying is called when it ends, if so
     */
    boolean hasStagedAtomic(Runnable whenWorthTrying) {
        for (RegionPart part : parts) {
            if (turnOf(part).isTaken(whenWorthTrying)) {
                return true;
            }
        }
        return false;
    }

    /** Whose turn decides who is at the word there. */
    AtomicTurn atomicTurnAt(long offset) {
        return turnOf(partAt(offset));
    }

    private AtomicTurn turnOf(RegionPart part) {
        return part.file() == null ? ownTurn : part.file().atomicTurn();
    }

    /** Whether the device may be at a word now, but for staged atomics. */
    synchronized boolean letsDeviceDoAtomicsAt(long offset, long lengthBytes) {
        return direct.allowsAtomics() && usable != null && offset + lengthBytes <= usable.bytes();
    }

    /**
     * Whether the files lack bytes of a range, for all that was known when they were looked at.
     *
     * @param now what can be used
     */
    boolean lacks(Usable now, long offset, long lengthBytes) {
        if (offset + lengthBytes <= now.bytes()) {
            return false;
        }
        if (now.present() == null) {
            return true;
        }
        for (int i = 0; i < now.present().length; i++) {
            RegionPart part = parts.get(i);
            long presentEnd = part.offset() + now.present()[i];
            if (offset + lengthBytes > presentEnd && offset < part.offset() + part.byteSize() && presentEnd < part.offset() + part.byteSize()) {
                return true;
            }
        }
        return false;
    }

    /** As {@link #lacks}, of what can be used at this moment. */
    synchronized boolean lacksNow(long offset, long lengthBytes) {
        return usable == null ? offset + lengthBytes > usableBytes : lacks(usable, offset, lengthBytes);
    }

    /** Whether it is worth waiting for a registration. */
    boolean mayBecomeDirect() {
        return direct != DirectAccess.NONE && files.stream().allMatch(file -> file.isLeased() || file.mayBeRestored());
    }

    List<RegionPart> parts() {
        return parts;
    }

    private RegionPart partAt(long offset) {
        if (onlyPart != null) {
            return onlyPart;
        }
        int i = parts.size() - 1;
        while (parts.get(i).offset() > offset) {
            i--;
        }
        return parts.get(i);
    }

    DomainCounters domainCounters() {
        return domain.counting();
    }

    // Staged transfers: pumps. What is short may be so because another process is at it: then it is for the caller to come again.

    /** Where the peer's side of staged transfers goes that name this region as the peer's memory. */
    StagingPool targetStaging() {
        return domain.targetStaging();
    }

    /** Reads from the files. */
    FileAccess read(long offset, StagingBuffer into, long intoOffset, long lengthBytes) {
        return eachPart(offset, lengthBytes, (part, at, done, length) -> part.read(at, into, intoOffset + done, length));
    }

    /** Writes to the files, through their mappings. */
    FileAccess write(long offset, StagingBuffer from, long fromOffset, long lengthBytes) {
        return eachPart(offset, lengthBytes, (part, at, done, length) -> part.write(at, from, fromOffset + done, length));
    }

    /** Whether the files have the range. */
    FileAccess looksFor(long offset, long lengthBytes) {
        return eachPart(offset, lengthBytes, (part, at, done, length) -> part.looksFor(at, length));
    }

    /** Makes the files' range durable. */
    FileAccess flush(long offset, long lengthBytes) {
        return eachPart(offset, lengthBytes, (part, at, done, length) -> part.flush(at, length));
    }

    /** Runs something that touches the memory, unless the region is closed; closing waits for it. Of memory that nothing can take away. */
    void ifOpen(Runnable action) {
        copying.readLock().lock();
        try {
            if (!closed) {
                action.run();
            }
        } finally {
            copying.readLock().unlock();
        }
    }

    /** What is done with a range of a part, and how much of the whole was done before. */
    private interface PartAccess {
        FileAccess run(RegionPart part, long at, long done, long length);
    }

    private FileAccess eachPart(long offset, long lengthBytes, PartAccess access) {
        copying.readLock().lock();
        try {
            if (closed) {
                return FileAccess.CLOSED;
            }
            for (long done = 0; done < lengthBytes;) {
                RegionPart part = partAt(offset + done);
                long at = offset + done - part.offset();
                long length = Math.min(lengthBytes - done, part.byteSize() - at);
                FileAccess result = access.run(part, at, done, length);
                if (result != FileAccess.DONE) {
                    return result;
                }
                done += length;
            }
            return FileAccess.DONE;
        } finally {
            copying.readLock().unlock();
        }
    }

    /** Waits until no pump is at the file that saw the region open. */
    void awaitCopies() {
        copying.writeLock().lock();
        copying.writeLock().unlock();
    }

    // Breaks and restores: within the lock of the guarded file that is broken or restored.

    /** Withdraws the registration from posters, as one file breaks; adds those who may have posted with it. */
    void revoke(GuardedFile by, Set<TrackedQueuePair> toFenceOff) {
        registering.lock();
        try {
            withheld.add(by);
            synchronized (this) {
                if (usable != null) {
                    withdrawn = usable.registration();
                    usable = null;
                }
            }
        } finally {
            registering.unlock();
        }
        synchronized (users) { // a queue pair that enters itself after this sees that it is gone
            toFenceOff.addAll(users);
        }
    }

    /**
     * Ends the registration that was withdrawn, now that nothing is under way with it; one on demand may stay, as the device finds the files'
     * new pages by itself. Returns only when it has ended, whoever ends it: two files may break at once.
     */
    void endWithdrawn(boolean alsoOnDemand) {
        registering.lock();
        try {
            if (withdrawn != null && (alsoOnDemand || !direct.isOnDemand())) {
                MemoryRegistration ended = withdrawn;
                withdrawn = null;
                GuardedFile.closeRegistration(ended);
            }
        } finally {
            registering.unlock();
        }
    }

    /**
     * Gives posters a registration again, if none of the other files withholds it, and adds those who may have deferred. One that is refused
     * is noted: the region stays staged.
     *
     * @param by the file that is there again
     * @param fileSizeBytes its present size
     * @param unleased whether it must not be registered at present
     */
    void restore(GuardedFile by, long fileSizeBytes, boolean unleased, Set<TrackedQueuePair> toPump) {
        registering.lock();
        try {
            parts.stream().filter(part -> part.file() == by).forEach(part -> part.setFileSize(fileSizeBytes));
            if (unleased) {
                withheld.add(by);
            } else {
                withheld.remove(by);
            }
            long prefix = prefix();
            boolean register = withheld.isEmpty() && direct != DirectAccess.NONE;
            MemoryRegistration renewed = withdrawn;
            VerbsException refused = null;
            if (register) {
                try {
                    checkStillThere(); // also for one on demand that was kept: it goes where the addresses go
                    renewed = renewed == null && prefix > 0 ? register(prefix) : renewed;
                } catch (VerbsException e) {
                    refused = e;
                }
            }
            boolean give = register && refused == null;
            withdrawn = give ? null : renewed;
            long[] present = onlyPart != null ? null : parts.stream().mapToLong(RegionPart::presentBytes).toArray();
            synchronized (this) {
                usableBytes = prefix;
                failure = refused;
                usable = give ? new Usable(renewed, prefix, present) : null;
            }
        } finally {
            registering.unlock();
        }
        synchronized (users) {
            toPump.addAll(users);
        }
    }

    /** How many bytes from the start the files have. */
    private long prefix() {
        for (RegionPart part : parts) {
            if (part.presentBytes() < part.byteSize()) {
                return part.offset() + part.presentBytes();
            }
        }
        return byteSize;
    }

    private MemoryRegistration register(long present) {
        if (direct.isOnDemand()) {
            Set<AccessFlag> flags = access();
            flags.add(AccessFlag.ON_DEMAND);
            return domain.protectionDomain().register(memory, flags);
        }
        // Whole pages: the last one is there even where the file ends in it.
        long end = (address + present + Posix.PAGE_SIZE - 1) / Posix.PAGE_SIZE * Posix.PAGE_SIZE;
        return domain.protectionDomain().register(memory.asSlice(0, Math.min(byteSize, end - address)), access);
    }

    /** The program may have unmapped it, and mapped something else there, which is not to be let at a device. */
    private void checkStillThere() {
        if (expected == null) {
            return;
        }
        String found = null;
        if (!segment.scope().isAlive()) {
            found = "its arena is closed";
        } else {
            MappedRange now = MappedRange.of(address, byteSize);
            if (!now.equals(expected)) {
                found = "there is now " + now + ", and was " + expected;
            }
        }
        if (found != null) {
            throw new VerbsException("ibv_reg_mr(%s)".formatted(this), Errno.EFAULT, "the memory is no longer what was registered: " + found
                    + "; close regions before their memory is unmapped");
        }
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

    /** Makes it a cache's: closing it then gives it back. Before anybody else has it. */
    void belongTo(RegionCache owner) {
        cache = owner;
    }

    /**
     * Ends the region: peers that have opened it give it back, transfers that were posted are waited for (for some seconds at most each),
     * deferred ones complete with {@code LOC_PROT_ERR}, the registration ends, and the file's last region releases the lease. Closing again
     * does nothing. A region of a {@link RegionCache} is given back to it instead, see there.
     */
    @Override
    public void close() {
        if (cache != null) {
            cache.release(this);
        } else {
            end();
        }
    }

    /** Undoes what was done of its making, which failed. */
    void abandon() {
        closed = true;
        files.forEach(file -> file.remove(this));
    }

    /** Ends it, whosever it is. */
    void end() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        grants.withdrawAll();
        if (fixed != null) {
            endFixed();
        }
        files.forEach(file -> file.remove(this));
        if (fixed == null && files.isEmpty()) {
            endUnguarded();
        }
        if (mapping != null) {
            mapping.drop(this);
        }
        domain.forget(this);
    }

    /** One that cannot be ended leaves the region open, to be closed again. */
    private void endFixed() {
        awaitCopies();
        try {
            fixed.close();
        } catch (RuntimeException e) {
            closed = false;
            throw e;
        }
    }

    /** What its guarded files see to, of a region that has none. */
    private void endUnguarded() {
        awaitCopies();
        List<TrackedQueuePair> last;
        synchronized (users) {
            last = new ArrayList<>(users);
        }
        dismissAll();
        last.forEach(TrackedQueuePair::callPump);
    }

    @Override
    public String toString() {
        return "memory region of %d bytes at 0x%x%s".formatted(segment.byteSize(), segment.address(),
                mapping != null ? " over " + mapping.file().path() : files.isEmpty() ? "" : " over " + files);
    }
}
