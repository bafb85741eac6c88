package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_mr;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * One registration of memory with a device ({@code struct ibv_mr}): its L_Key and R_Key are valid until it is closed.
 *
 * <p>It keeps the segment reachable, so memory of an automatic arena lives at least as long. <b>Close it before a confined or shared
 * arena of its memory.</b> The device keeps to the pages that it has pinned: those of a mapping that is unmapped too early are
 * nobody's, and transfers go nowhere; but memory of {@link Arena#allocate(long, long)} goes back to {@code malloc}, which gives the same
 * pages to whoever asks next, and transfers overwrite them.
 *
 * <p>Thread use: any thread may use and close it. Closing does not wait for work requests that name the registration;
 * those that have not run fail with {@code LOC_PROT_ERR} or, at the peer, {@code REM_ACCESS_ERR}, and the queue pair stops.
 * Source: ibv_reg_mr(3).
 */
public final class MemoryRegistration extends VerbsObject implements RegisteredMemory {
    private final ProtectionDomain domain;
    private final MemorySegment segment;
    private final long address; // of the segment: asked for by each work request
    private final long byteSize;
    private final Set<AccessFlag> access;
    private final MemorySegment pointer;
    private final int localKey;
    private final int remoteKey;
    private volatile boolean deregistered;

    MemoryRegistration(ProtectionDomain domain, MemorySegment segment, Set<AccessFlag> access) {
        super(domain);
        this.domain = domain;
        this.segment = segment;
        address = segment.address();
        byteSize = segment.byteSize();
        this.access = AccessFlag.copyOf(access);
        MemorySegment mr;
        try {
            mr = Ibverbs.regMr(domain.pointer(), segment, segment.byteSize(), AccessFlag.mask(access));
        } catch (RuntimeException e) { // a confined segment of another thread, or one whose arena is closed at this moment
            abandon();
            throw e;
        }
        if (mr.equals(MemorySegment.NULL)) {
            int errno = NativeCall.errno();
            abandon();
            throw new VerbsException(call(segment, access), errno, remedy(errno));
        }
        pointer = ibv_mr.reinterpret(mr, Arena.global(), null);
        localKey = ibv_mr.lkey(pointer);
        remoteKey = ibv_mr.rkey(pointer);
    }

    static String call(MemorySegment segment, Set<AccessFlag> access) {
        return "ibv_reg_mr(addr=0x%x, length=%d, access=%s)".formatted(segment.isNative() ? segment.address() : 0,
                segment.byteSize(), access);
    }

    private static String remedy(int errno) {
        if (errno == Errno.EOPNOTSUPP) {
            return "the memory cannot be pinned (FS-DAX cannot), or the device has no on-demand paging";
        }
        if (errno == Errno.EFAULT) {
            return "the range is not mapped, not writable for LOCAL_WRITE, beyond the end of its file, or of a file that cannot be pinned";
        }
        if (errno == Errno.ENOMEM) {
            return "the limit of locked memory (ulimit -l, RLIMIT_MEMLOCK) or of the device's registrations is reached";
        }
        return "";
    }

    /**
     * The protection domain of the registration.
     *
     * @return the domain that made it
     */
    public ProtectionDomain domain() {
        return domain;
    }

    /**
     * The registered memory.
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
        return AccessFlag.copyOf(access);
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
        return true;
    }

    @Override
    public int localKey() {
        checkRegistered();
        return localKey;
    }

    @Override
    public int remoteKey() {
        checkRegistered();
        return remoteKey;
    }

    /** {@link #checkOpen} without its lock: keys are asked for with each work request. */
    private void checkRegistered() {
        if (deregistered) {
            throw closedException();
        }
    }

    @Override
    int destroy() {
        deregistered = true;
        int errno = LibIbverbs.ibv_dereg_mr(pointer);
        deregistered = errno == 0;
        return errno;
    }

    @Override
    String destroyCall() {
        return "ibv_dereg_mr(%s)".formatted(this);
    }

    @Override
    public String toString() {
        return "memory registration of %d bytes at 0x%x (lkey=0x%x, access=%s)".formatted(segment.byteSize(),
                segment.address(), localKey, access);
    }
}
