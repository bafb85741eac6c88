package dev.daxverbs.region;

import dev.daxverbs.dax.AddressSpace;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
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
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.Objects;
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
     * Registers anonymous memory: one registration, for as long as the region is open.
     *
     * @param segment native memory that no file is mapped to
     * @param access what the device may do with it
     * @return the region
     * @throws IllegalArgumentException if a file is mapped there: register its {@link DaxMapping}. Otherwise as
     *         {@link ProtectionDomain#register(MemorySegment, Set)}
     * @throws dev.daxverbs.dax.InaccessibleMemoryException if part of it is not mapped, or mapped without any access
     */
    public MemoryRegion register(MemorySegment segment, AccessFlag... access) {
        if (segment.isNative() && segment.byteSize() > 0) {
            for (Extent extent : AddressSpace.resolve(segment.address(), segment.byteSize())) {
                if (extent.shared() && extent.kind() != ExtentKind.ANONYMOUS) {
                    throw new IllegalArgumentException(("address=0x%x, length=%d: a file is mapped there (%s), which another process can"
                            + " truncate; open it as a DaxFile and register its DaxMapping").formatted(segment.address(),
                                    segment.byteSize(), extent));
                }
            }
        }
        return enter(MemoryRegion.fixed(this, segment, AccessFlag.setOf(access), null));
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
        if (access.contains(AccessFlag.ON_DEMAND)) {
            throw new IllegalArgumentException("ON_DEMAND: the region chooses that by the kind of memory");
        }
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
        if (mapping.file().kind() == MemoryKind.DEVICE_DAX || mapping.file().cannotShrink()) {
            return MemoryRegion.fixed(this, segment, access, mapping);
        }
        DirectPath direct = DirectPath.of(this, mapping, segment, access);
        if (policy == LeasePolicy.REQUIRED && direct.access() == DirectAccess.NONE) {
            throw new VerbsException("ibv_reg_mr(%s)".formatted(mapping), Errno.EOPNOTSUPP, direct.reason());
        }
        prepareStaging(access);
        GuardedFile file = GuardedFile.of(mapping.file(), options);
        MemoryRegion region;
        try {
            region = MemoryRegion.tracked(this, segment, access, mapping, mapping.offset() + offset, file, direct.access(), direct.reason());
        } catch (RuntimeException | Error e) {
            file.giveUp();
            throw e;
        }
        file.add(region, policy);
        return region;
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
                throw new VerbsException("ibv_dealloc_pd(%s)".formatted(domain), Errno.EBUSY, "still open, close first: " + regions);
            }
            synchronized (queuePairs) { // before the staging memory goes, which they use
                if (!queuePairs.isEmpty()) {
                    throw new VerbsException("ibv_dealloc_pd(%s)".formatted(domain), Errno.EBUSY, "still open, close first: " + queuePairs);
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
