package dev.daxverbs.region;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.ProcessMaps;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionChannel;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
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
    private final Set<MemoryRegion> regions = new LinkedHashSet<>(); // guarded by itself
    private boolean closed; // guarded by regions

    private RegionDomain(DeviceContext context) {
        this.context = context;
        this.domain = context.allocateProtectionDomain();
    }

    /**
     * Makes a domain.
     *
     * @param context the device
     * @return the domain
     * @throws VerbsException if the device refuses
     */
    public static RegionDomain allocate(DeviceContext context) {
        return new RegionDomain(context);
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
     */
    public MemoryRegion register(MemorySegment segment, AccessFlag... access) {
        if (segment.isNative() && segment.byteSize() > 0) {
            ProcessMaps.sharedFileIn(segment.address(), segment.byteSize()).ifPresent(line -> {
                throw new IllegalArgumentException(("address=0x%x, length=%d: a file is mapped there (%s), which another process can truncate;"
                        + " open it as a DaxFile and register its DaxMapping").formatted(segment.address(), segment.byteSize(), line));
            });
        }
        return enter(MemoryRegion.fixed(this, segment, flags(access), null));
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
        return register(mapping, 0, mapping.length(), flags(access));
    }

    /**
     * Registers part of a file's mapping. The first region over a file takes a lease on it ({@code F_SETLEASE} of fcntl(2)): a write lease,
     * or a read lease where the file was opened for reading only. A device-DAX mapping needs none.
     *
     * @param mapping the mapping, which cannot be closed before the region
     * @param offset bytes from the start of the mapping; on FS-DAX a multiple of 4096
     * @param lengthBytes bytes, more than zero
     * @param access what the device may do with it
     * @return the region
     * @throws IndexOutOfBoundsException if the range is not within the mapping
     * @throws IllegalArgumentException as {@link ProtectionDomain#register(MemorySegment, Set)}
     * @throws IOException if the lease cannot be had ({@link dev.daxverbs.lease.LeaseUnavailableException} says why), or is broken by
     *         a process that keeps the file open for more than five seconds
     * @throws VerbsException if the kernel refuses the registration: {@code EOPNOTSUPP} for FS-DAX memory and a device without on-demand paging
     */
    public MemoryRegion register(DaxMapping mapping, long offset, long lengthBytes, Set<AccessFlag> access) throws IOException {
        if (offset < 0 || lengthBytes <= 0 || offset > mapping.length() - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, mapping));
        }
        if (access.contains(AccessFlag.ON_DEMAND)) {
            throw new IllegalArgumentException("ON_DEMAND: the region chooses that by the kind of memory");
        }
        MemorySegment segment = mapping.segment().asSlice(offset, lengthBytes);
        if (mapping.file().kind() == MemoryKind.DEVICE_DAX) {
            return hold(mapping, MemoryRegion.fixed(this, segment, access, mapping));
        }
        boolean onDemand = mustBeOnDemand(mapping, segment, access);
        GuardedFile file = GuardedFile.of(mapping.file());
        MemoryRegion region;
        try {
            region = MemoryRegion.tracked(this, segment, access, mapping, mapping.offset() + offset, file, onDemand);
        } catch (RuntimeException | Error e) {
            file.giveUp();
            throw e;
        }
        file.add(region);
        return hold(mapping, region);
    }

    /** FS-DAX cannot be pinned, and writable page-cache mappings no more since Linux 6.2 or so: the kernel tells, for the others. */
    private boolean mustBeOnDemand(DaxMapping mapping, MemorySegment segment, Set<AccessFlag> access) {
        boolean supported = context.attributes().onDemand().supported();
        if (mapping.file().kind() == MemoryKind.FS_DAX) {
            if (!supported) {
                throw new VerbsException("ibv_reg_mr(%s)".formatted(mapping), Errno.EOPNOTSUPP,
                        "FS-DAX memory cannot be pinned, and %s has no on-demand paging (rxe has it since Linux 6.15)".formatted(context));
            }
            return true;
        }
        if (mapping.file().kind() == MemoryKind.TMPFS || !supported) {
            return false;
        }
        try {
            domain.register(segment, access).close();
            return false;
        } catch (VerbsException e) {
            if (e.errno() == Errno.EFAULT || e.errno() == Errno.EOPNOTSUPP) {
                return true;
            }
            throw e;
        }
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
        return TrackedQueuePair.create(domain, options);
    }

    private static Set<AccessFlag> flags(AccessFlag... access) {
        Set<AccessFlag> flags = EnumSet.noneOf(AccessFlag.class);
        flags.addAll(Arrays.asList(access));
        return flags;
    }

    private MemoryRegion hold(DaxMapping mapping, MemoryRegion region) {
        try {
            mapping.hold(region);
        } catch (RuntimeException e) {
            region.close();
            throw e;
        }
        return enter(region);
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
            domain.close();
            closed = true;
        }
    }

    @Override
    public String toString() {
        return "region domain over " + domain;
    }
}
