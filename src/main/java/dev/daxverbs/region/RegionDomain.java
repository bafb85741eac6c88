package dev.daxverbs.region;

import dev.daxverbs.dax.AddressSpace;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.dax.InaccessibleMemoryException;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Listing;
import dev.daxverbs.internal.MappedRange;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.AtomicCapability;
import dev.daxverbs.verbs.CompletionChannel;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A protection domain whose queue pairs take transfers through lease breaks: everything that is registered here, over a file or not, may be named in
 * work requests on queue pairs that are made here, and user code need not tell one from the other.
 *
 * <pre>{@code
 * try (DaxFile file = DaxFile.open(path); DaxMapping mapping = file.map(0, file.size());
 *         DeviceContext context = Device.byName("rxe0").open(); RegionDomain domain = RegionDomain.allocate(context);
 *         MemoryRegion region = domain.register(mapping, LOCAL_WRITE, REMOTE_WRITE);
 *         CompletionQueue queue = domain.createCompletionQueue(256);
 *         QueuePair queuePair = domain.createQueuePair(QueuePairOptions.of(queue))) {
 *     ...
 * }
 * }</pre>
 *
 * <p>Thread use: any thread may use and close it. It refuses to close while something made from it is open.
 */
public final class RegionDomain implements AutoCloseable {
    /** Not the owner of any segment. */
    private static final Thread ANY_THREAD = Thread.ofPlatform().unstarted(() -> { });

    private final DeviceContext context;
    private final ProtectionDomain domain;
    private final RegionOptions options;
    private final DomainCounters counters = new DomainCounters();
    private final Set<TrackedQueuePair> queuePairs = new LinkedHashSet<>(); // guarded by itself
    private final Set<MemoryRegion> regions = new LinkedHashSet<>(); // guarded by itself
    private boolean closed; // guarded by regions

    // Staging memory, made when a file is first registered or received to.
    private final LazyStaging localStaging = new LazyStaging(this::newOwnStaging);
    private final LazyStaging targetStaging = new LazyStaging(this::newTargetStaging);
    private final LazyStaging receiveStaging = new LazyStaging(this::newOwnStaging);

    private RegionDomain(DeviceContext context, RegionOptions options) {
        this.context = context;
        this.options = Objects.requireNonNull(options, "options");
        this.domain = context.allocateProtectionDomain();
        RegionEvents.prepare();
    }

    /**
     * Makes a domain.
     *
     * @param context the device
     * @return the domain
     * @throws VerbsException if the device refuses
     */
    public static RegionDomain allocate(DeviceContext context) {
        return allocate(context, RegionOptions.defaults());
    }

    /**
     * Makes a domain.
     *
     * @param context the device
     * @param options how transfers are taken through breaks
     * @return the domain
     * @throws VerbsException if the device refuses
     */
    public static RegionDomain allocate(DeviceContext context, RegionOptions options) {
        return new RegionDomain(context, options);
    }

    /**
     * What it was made with.
     *
     * @return the options
     */
    public RegionOptions options() {
        return options;
    }

    /**
     * What happened in it so far.
     *
     * @return a snapshot
     */
    public RegionCounters counters() {
        synchronized (queuePairs) {
            return counters.with(queuePairs);
        }
    }

    DomainCounters counting() {
        return counters;
    }

    /**
     * The plain protection domain: what is registered there directly is not followed by anybody.
     *
     * @return the domain that all registrations here belong to
     */
    public ProtectionDomain protectionDomain() {
        return domain;
    }

    /**
     * Registers any native memory, whoever mapped it and from whatever, with the lease preferred: {@link #register(MemorySegment, Set,
     * LeasePolicy)}.
     *
     * @param segment the memory
     * @param access what the device may do with it
     * @return the region
     * @throws java.io.UncheckedIOException if a file under it cannot be guarded at all: too many open files, for instance
     */
    public MemoryRegion register(MemorySegment segment, AccessFlag... access) {
        try {
            return register(segment, AccessFlag.setOf(access), LeasePolicy.PREFERRED);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Registers any native memory: of an arena, a direct buffer, {@code FileChannel.map}, {@code mmap(2)} by native code, {@code shm_open(3)}, a
     * memfd, huge pages, a device; also a range that goes over several of these. The caller need not know which.
     *
     * <p>What files it is mapped from is found out ({@link AddressSpace}), and each that somebody could make shorter is guarded by a lease, for which
     * the library uses a descriptor that the program has or opens the file itself; it may map the file again over the mappings
     * that the range lies in, at the same offset, with the same protection and flags, which no access notices. A
     * lease that breaks takes the region to staging memory, as for a {@link DaxMapping}. {@link MemoryRegion#describe()} says what was found and done.
     *
     * <p>The mappings that the range lies in must stay as they are while this method runs, and the memory mapped until the region is
     * closed; a file's mapping may be unmapped before if no work request names it any more. What the program itself does to the file through a
     * descriptor that shares the mapping's open file description (truncating it, punching holes) raises no break: the memory is the program's own to destroy.
     *
     * @param segment the memory; it need not begin or end at a page
     * @param access what the device may do with it
     * @param policy what is to be done when a lease is not to be had
     * @return the region
     * @throws IllegalArgumentException if the device is to write and part of the range is mapped for reading only, or is memory of the kernel's;
     *         otherwise as {@link ProtectionDomain#register(MemorySegment, Set)}
     * @throws IllegalStateException if the segment's arena is closed, before or during the call, or the mappings of the range change during the call
     * @throws InaccessibleMemoryException if part of it is not mapped, or mapped without any access
     * @throws IOException with the lease required, if one cannot be had ({@link dev.daxverbs.lease.LeaseUnavailableException} says why) or a file cannot be
     *         reached; or EMFILE: too many open files
     * @throws VerbsException as {@link #register(DaxMapping, long, long, Set, LeasePolicy)}; of memory without files, if the kernel refuses to pin it
     */
    public MemoryRegion register(MemorySegment segment, Set<AccessFlag> access, LeasePolicy policy) throws IOException {
        Objects.requireNonNull(policy, "policy");
        checkNotOnDemand(access);
        domain.check(segment, access);
        MappedRange mapped = MappedRange.of(segment.address(), segment.byteSize());
        List<Extent> extents = resolve(segment);
        extents.forEach(extent -> checkSuitable(segment, extent, access));
        if (extents.stream().noneMatch(Adoption::canShrink)) {
            return enter(MemoryRegion.fixed(this, segment, access, null, new Adoption(segment, extents, options).claim(segment)));
        }
        if (!MappedRange.of(segment.address(), segment.byteSize()).equals(mapped)) { // the extents may be of before and after; names are not compared
            throw new IllegalStateException("address=0x%x, length=%d: what is mapped there changes while it is registered; it was %s".formatted(
                    segment.address(), segment.byteSize(), extents));
        }
        MemorySegment memory = forAnyThread(segment);
        Adoption adoption = new Adoption(segment, extents, options);
        List<RegionPart> parts = adoption.claim(memory);
        MemoryRegion region = null;
        try {
            region = make(segment, access, policy, parts, memory, mapped);
        } finally {
            if (region == null) {
                adoption.giveUp();
            }
        }
        adoption.add(region, policy);
        return enter(region);
    }

    private static List<Extent> resolve(MemorySegment segment) {
        try {
            return AddressSpace.resolve(segment.address(), segment.byteSize());
        } catch (InaccessibleMemoryException e) {
            if (segment.scope().isAlive()) {
                throw e;
            }
            throw new IllegalStateException("address=0x%x, length=%d: the segment's arena was closed while it was being registered".formatted(
                    segment.address(), segment.byteSize()), e);
        }
    }

    /** For threads of the library: of a segment that belongs to another thread only the address can be used by them. */
    @SuppressWarnings("restricted")
    private static MemorySegment forAnyThread(MemorySegment segment) {
        return segment.isAccessibleBy(ANY_THREAD) ? segment
                : MemorySegment.ofAddress(segment.address()).reinterpret(segment.byteSize());
    }

    private MemoryRegion make(MemorySegment segment, Set<AccessFlag> access, LeasePolicy policy, List<RegionPart> parts, MemorySegment memory,
            MappedRange mapped) throws IOException {
        Optional<RegionPart> unguarded = parts.stream().filter(RegionPart::lacksGuard).findFirst();
        if (unguarded.isEmpty() && parts.stream().allMatch(part -> part.file() == null)) {
            return MemoryRegion.fixed(this, segment, access, null, parts);
        }
        if (unguarded.isPresent() && policy == LeasePolicy.REQUIRED) {
            throw new FileSystemException(unguarded.get().extent().name(), null, "no lease: " + unguarded.get().adoption());
        }
        DirectPath direct = unguarded.isPresent() ? DirectPath.unguarded(unguarded.get())
                : DirectPath.of(this, parts.stream().map(RegionPart::extent).toList(), memory, access);
        checkDirect(policy, direct, segment);
        prepareStaging(access);
        return MemoryRegion.adopted(this, segment, access, parts, direct, memory, mapped);
    }

    private static void checkSuitable(MemorySegment segment, Extent extent, Set<AccessFlag> access) {
        String why = extent.kind() == ExtentKind.SPECIAL ? "it is the kernel's own, and no device may be let at it"
                : !extent.writable() && access.contains(AccessFlag.LOCAL_WRITE) ? "it is mapped for reading only, and LOCAL_WRITE lets the device write"
                : null;
        if (why != null) {
            throw new IllegalArgumentException("address=0x%x, length=%d, access=%s: %s: %s".formatted(segment.address(), segment.byteSize(),
                    access, extent, why));
        }
    }

    private static void checkNotOnDemand(Set<AccessFlag> access) {
        if (access.contains(AccessFlag.ON_DEMAND)) {
            throw new IllegalArgumentException("ON_DEMAND: the region chooses that by the kind of memory");
        }
    }

    private static void checkDirect(LeasePolicy policy, DirectPath direct, Object memory) {
        if (policy == LeasePolicy.REQUIRED && direct.access() == DirectAccess.NONE) {
            throw new VerbsException("ibv_reg_mr(%s)".formatted(memory), Errno.EOPNOTSUPP, direct.reason());
        }
    }

    /**
     * Registers the whole of a file's mapping.
     *
     * @param mapping the mapping, which cannot be closed before the region
     * @param access what the device may do with it
     * @return the region
     * @throws IOException as {@link #register(DaxMapping, long, long, Set)}
     */
    public MemoryRegion register(DaxMapping mapping, AccessFlag... access) throws IOException {
        return register(mapping, 0, mapping.length(), AccessFlag.setOf(access));
    }

    /**
     * Registers part of a file's mapping, with the lease preferred: {@link #register(DaxMapping, long, long, Set, LeasePolicy)}.
     *
     * @param mapping the mapping, which cannot be closed before the region
     * @param offset bytes from the start of the mapping
     * @param lengthBytes bytes, more than zero
     * @param access what the device may do with it
     * @return the region
     * @throws IOException if the file cannot be guarded at all: too many open files, for instance
     */
    public MemoryRegion register(DaxMapping mapping, long offset, long lengthBytes, Set<AccessFlag> access) throws IOException {
        return register(mapping, offset, lengthBytes, access, LeasePolicy.PREFERRED);
    }

    /**
     * Registers part of a file's mapping. The first region over a file asks for a lease on it ({@code F_SETLEASE} of fcntl(2)): a write
     * lease, or a read lease where the file was opened for reading only. While it is held transfers are direct where the memory and the device
     * allow it, and else staged, see {@link MemoryRegion#describe()}. A device-DAX mapping needs none, nor does a memfd that is sealed against
     * shrinking (F_SEAL_SHRINK; a hole that somebody punches into it is not noticed).
     *
     * @param mapping the mapping, which cannot be closed before the region
     * @param offset bytes from the start of the mapping
     * @param lengthBytes bytes, more than zero
     * @param access what the device may do with it
     * @param policy what is to be done when the lease is not to be had
     * @return the region
     * @throws IndexOutOfBoundsException if the range is not within the mapping
     * @throws IllegalArgumentException as {@link ProtectionDomain#register(MemorySegment, Set)}
     * @throws IOException if the lease is required and cannot be had ({@link dev.daxverbs.lease.LeaseUnavailableException} says why), or is broken
     *         by a process that keeps the file open for more than five seconds; or EMFILE: too many open files
     * @throws VerbsException if the kernel refuses the registration of staging memory ({@code ENOMEM}: the limit of locked memory); with the
     *         lease required also if the device cannot be let at the memory ({@code EOPNOTSUPP}), or refuses its registration
     */
    public MemoryRegion register(DaxMapping mapping, long offset, long lengthBytes, Set<AccessFlag> access, LeasePolicy policy)
            throws IOException {
        Objects.requireNonNull(policy, "policy");
        if (offset < 0 || lengthBytes <= 0 || offset > mapping.length() - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, mapping));
        }
        checkNotOnDemand(access);
        MemorySegment segment = mapping.segment().asSlice(offset, lengthBytes);
        domain.check(segment, access);
        mapping.hold(this); // nobody unmaps it meanwhile
        try {
            MemoryRegion region = registerHeld(mapping, offset, segment, access, policy);
            mapping.hold(region);
            return enter(region);
        } finally {
            mapping.drop(this);
        }
    }

    private MemoryRegion registerHeld(DaxMapping mapping, long offset, MemorySegment segment, Set<AccessFlag> access, LeasePolicy policy)
            throws IOException {
        DaxFile file = mapping.file();
        boolean isDevice = file.kind() == MemoryKind.DEVICE_DAX;
        Extent extent = new Extent(segment.address(), segment.byteSize(), isDevice ? ExtentKind.DEVICE : ExtentKind.SHARED_FILE,
                Optional.of(file.kind()), 0, 0, true, mapping.offset() + offset, true, file.isWritable(), false, true, file.path().toString(), false);
        if (isDevice || file.cannotShrink()) {
            return MemoryRegion.fixed(this, segment, access, mapping,
                    List.of(RegionPart.lasting(0, segment, extent, "nobody can make it shorter")));
        }
        DirectPath direct = DirectPath.of(this, List.of(extent), segment, access);
        checkDirect(policy, direct, mapping);
        prepareStaging(access);
        GuardedFile guarded = GuardedFile.claim(file, options);
        MemoryRegion region = MemoryRegion.declared(this, segment, access, mapping,
                RegionPart.guarded(0, segment, guarded, extent, "mapped by the library"), direct);
        boolean added = false;
        try {
            guarded.add(region, policy, null);
            added = true;
            return region;
        } finally {
            if (!added) {
                region.abandon();
            }
        }
    }

    /** What transfers of a region may need, so that no break meets with an exhausted limit. */
    private void prepareStaging(Set<AccessFlag> access) {
        localStaging();
        if (access.contains(AccessFlag.REMOTE_READ) || access.contains(AccessFlag.REMOTE_WRITE) || access.contains(AccessFlag.REMOTE_ATOMIC)) {
            targetStaging();
        }
    }

    /** Where this side of staged transfers goes. */
    StagingPool localStaging() {
        return localStaging.get();
    }

    /** Where the other side of staged transfers goes, if that is a region of this domain: apart, as peers have rights to it. */
    StagingPool targetStaging() {
        return targetStaging.get();
    }

    /** Where receives arrive that name files: apart, as they may be parked there for long. */
    StagingPool receiveStaging() {
        return receiveStaging.get();
    }

    private StagingPool newTargetStaging() {
        Set<AccessFlag> access = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
        if (context.attributes().atomicCap() != AtomicCapability.NONE) {
            access.add(AccessFlag.REMOTE_ATOMIC);
        }
        return new StagingPool(domain, options.stagingBytes(), access);
    }

    private StagingPool newOwnStaging() {
        return new StagingPool(domain, options.stagingBytes(), EnumSet.of(AccessFlag.LOCAL_WRITE));
    }

    /**
     * Makes a completion queue without events.
     *
     * @param entries how many completions it must hold: the sum of what its queue pairs can have outstanding
     * @return the queue
     */
    public CompletionQueue createCompletionQueue(int entries) {
        return new TrackedCompletionQueue(context, entries, null, 0);
    }

    /**
     * Makes a completion queue with events.
     *
     * @param entries how many completions it must hold: the sum of what its queue pairs can have outstanding
     * @param channel where its events go
     * @param vector which of the device's completion vectors signals them
     * @return the queue
     */
    public CompletionQueue createCompletionQueue(int entries, CompletionChannel channel, int vector) {
        return new TrackedCompletionQueue(context, entries, channel, vector);
    }

    /**
     * Makes a queue pair that takes its transfers through lease breaks.
     *
     * @param options its completion queues, made here, and its capacities
     * @return the queue pair
     * @throws IllegalArgumentException if a completion queue was not made by a region domain, or has no room for the queue pair's completions
     * @throws VerbsException as {@link ProtectionDomain#createQueuePair}
     */
    public QueuePair createQueuePair(QueuePairOptions options) {
        TrackedQueuePair queuePair = TrackedQueuePair.create(this, options);
        synchronized (queuePairs) {
            queuePairs.add(queuePair);
        }
        return queuePair;
    }

    /** A queue pair was closed. */
    void forget(TrackedQueuePair queuePair) {
        synchronized (queuePairs) {
            queuePairs.remove(queuePair);
            counters.addClosed(queuePair);
        }
    }

    private MemoryRegion enter(MemoryRegion region) {
        synchronized (regions) {
            if (!closed) {
                regions.add(region);
                return region;
            }
        }
        region.close();
        throw new IllegalStateException(this + " is closed");
    }

    void forget(MemoryRegion region) {
        synchronized (regions) {
            regions.remove(region);
        }
    }

    /**
     * Closes the protection domain. Closing again does nothing.
     *
     * @throws VerbsException {@code EBUSY} if a region or a queue pair of it is open: the message names it, and nothing is closed
     */
    @Override
    public void close() {
        synchronized (regions) {
            if (!regions.isEmpty()) {
                throw new VerbsException("ibv_dealloc_pd(%s)".formatted(domain), Errno.EBUSY, "still open, close first: " + Listing.of(regions));
            }
            synchronized (queuePairs) { // before the staging memory goes, which they use
                if (!queuePairs.isEmpty()) {
                    throw new VerbsException("ibv_dealloc_pd(%s)".formatted(domain), Errno.EBUSY, "still open, close first: " + Listing.of(queuePairs));
                }
            }
            localStaging.close();
            targetStaging.close();
            receiveStaging.close();
            domain.close();
            closed = true;
        }
    }

    @Override
    public String toString() {
        return "region domain over " + domain;
    }
}
