package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_pd;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * A protection domain ({@code struct ibv_pd}): memory registrations and queue pairs of one domain may be used together.
 *
 * <p>Thread use: any thread may use and close it. It refuses to close while a registration or a queue pair of it is open.
 * Source: ibv_alloc_pd(3).
 */
public final class ProtectionDomain extends VerbsObject {
    private final DeviceContext context;
    private final MemorySegment pointer;
    private final long maxRegistrationBytes;

    ProtectionDomain(DeviceContext context) {
        super(context);
        this.context = context;
        MemorySegment pd = Ibverbs.allocPd(context.pointer());
        if (pd.equals(MemorySegment.NULL)) {
            int errno = NativeCall.errno();
            abandon();
            throw new VerbsException("ibv_alloc_pd(%s)".formatted(context), errno);
        }
        pointer = ibv_pd.reinterpret(pd, Arena.global(), null);
        maxRegistrationBytes = context.attributes().maxMrSize();
    }

    MemorySegment pointer() {
        return pointer;
    }

    /**
     * The device that the domain belongs to.
     *
     * @return the context that made it
     */
    public DeviceContext context() {
        return context;
    }

    /**
     * Registers memory: {@link #register(MemorySegment, Set)} with the flags as arguments.
     *
     * @param segment native memory, or a mapped file
     * @param access what the device may do with it; reading by local work requests is always allowed
     * @return the registration
     */
    public MemoryRegistration register(MemorySegment segment, AccessFlag... access) {
        return register(segment, AccessFlag.setOf(access));
    }

    /**
     * Registers memory with the device: pins its pages, or with {@link AccessFlag#ON_DEMAND} lets the device fault them in.
     *
     * <p>This is the plain verb. Nothing watches a file under the memory: when the file is truncated, transfers to a pinned
     * registration report success and are lost, and transfers to an on-demand one stop the queue pair.
     *
     * @param segment native memory, or a mapped file; not on the heap
     * @param access what the device may do with it; reading by local work requests is always allowed
     * @return the registration
     * @throws IllegalArgumentException for a heap segment, zero length, more than the device's {@code max_mr_size}, a read-only
     *         segment with a flag that lets the device write, and remote writing or atomics without {@link AccessFlag#LOCAL_WRITE}
     *         (ibv_reg_mr(3) demands it)
     * @throws IllegalStateException if the segment's arena or the domain is closed
     * @throws WrongThreadException if the segment is of another thread's confined arena
     * @throws VerbsException if the kernel refuses: {@code EOPNOTSUPP} FS-DAX memory without on-demand paging, or a device without it;
     *         {@code EFAULT} memory not mapped, not writable, or beyond the end of its file; {@code ENOMEM} a limit is reached
     */
    public MemoryRegistration register(MemorySegment segment, Set<AccessFlag> access) {
        check(segment, access);
        return new MemoryRegistration(this, segment, access);
    }

    /**
     * Refuses what {@link #register(MemorySegment, Set)} would refuse before it asks the device.
     *
     * @param segment the memory
     * @param access what the device is to do with it
     */
    public void check(MemorySegment segment, Set<AccessFlag> access) {
        check(segment, access, maxRegistrationBytes);
    }

    /** Refuses what can be seen to be wrong before native code is reached. */
    static void check(MemorySegment segment, Set<AccessFlag> access, long maxRegistrationBytes) {
        String call = MemoryRegistration.call(segment, access);
        if (!segment.isNative()) {
            throw new IllegalArgumentException(call + ": a heap segment moves with garbage collection: allocate it from an Arena");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException(call + ": the segment's arena is closed");
        }
        if (segment.byteSize() == 0 || Long.compareUnsigned(segment.byteSize(), maxRegistrationBytes) > 0) {
            throw new IllegalArgumentException("%s: the length must be from 1 to the device's max_mr_size=%s".formatted(call,
                    Long.toUnsignedString(maxRegistrationBytes)));
        }
        boolean remoteWrites = access.contains(AccessFlag.REMOTE_WRITE) || access.contains(AccessFlag.REMOTE_ATOMIC);
        if (remoteWrites && !access.contains(AccessFlag.LOCAL_WRITE)) {
            throw new IllegalArgumentException(call + ": REMOTE_WRITE and REMOTE_ATOMIC need LOCAL_WRITE as well");
        }
        if (segment.isReadOnly() && access.contains(AccessFlag.LOCAL_WRITE)) {
            throw new IllegalArgumentException(call + ": the segment is read-only, and LOCAL_WRITE lets the device write to it");
        }
    }

    /**
     * Makes a reliable-connection queue pair, in state {@link QueuePairState#RESET}.
     *
     * @param options its completion queues and capacities
     * @return the queue pair
     * @throws VerbsException {@code EINVAL} if a capacity is more than the device has; {@code ENOMEM} if it has no more queue pairs
     * @throws IllegalStateException if the domain or a completion queue is closed
     * @throws IllegalArgumentException if a completion queue is of another context
     */
    public QueuePair createQueuePair(QueuePairOptions options) {
        return new QueuePair(this, options);
    }

    @Override
    int destroy() {
        return LibIbverbs.ibv_dealloc_pd(pointer);
    }

    @Override
    String destroyCall() {
        return "ibv_dealloc_pd(%s)".formatted(this);
    }

    @Override
    public String toString() {
        return pointer == null ? "protection domain" : "protection domain %d of %s".formatted(ibv_pd.handle(pointer),
                context.device().name());
    }
}
