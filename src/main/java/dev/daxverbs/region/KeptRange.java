package dev.daxverbs.region;

import dev.daxverbs.internal.Holders;
import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A range of memory with what was made of it (a registration), for whom it may be used, and what shows that it is still the same memory.
 * See {@link KeptRanges}.
 *
 * <p>Its range, access and proof never change. The holders are counted by {@link Holders}.
 */
final class KeptRange<R> extends Holders {
    /** The scope that says nothing: memory by its address, which may go at any time, and memory that is never freed, both have it. */
    static final MemorySegment.Scope GLOBAL = Arena.global().scope();
    /** The rights that are of this side only. A range of more rights is one that its peers were told of, or that is special. */
    private static final int OWN_RIGHTS = AccessFlag.LOCAL_WRITE.bit();

    private static final VarHandle LAST_USE;

    static {
        try {
            LAST_USE = MethodHandles.lookup().findVarHandle(KeptRange.class, "lastUse", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final long start;
    final long end;
    /** The bits of {@link AccessFlag}. */
    final int access;
    final MemorySegment segment;
    final R resource;
    private final MemorySegment.Scope scope;
    private final MappingWitness witness; // of memory whose scope says nothing
    private final boolean kept;

    /**
     * When it was last put down, in the cache's time: written by each holder, with no order; the highest may be lost, which makes it only
     * look older.
     */
    private long lastUse;

    // Guarded by the lock of the cache.
    private long holdsCounted;
    private long useSeen = -1;
    private long useSeenNs;

    /**
     * Held once.
     *
     * @param segment the memory
     * @param access the bits of {@link AccessFlag}
     * @param resource what was made of it
     * @param witness what shows that memory of the global scope is still the same; else null
     * @param shared whether others may have it too
     */
    KeptRange(MemorySegment segment, int access, R resource, MappingWitness witness, boolean shared) {
        super(shared);
        this.segment = segment;
        start = segment.address();
        end = start + segment.byteSize();
        this.access = access;
        this.resource = resource;
        scope = segment.scope();
        this.witness = witness;
        kept = shared;
    }

    /** Whether access is such that ranges may be given to those who want part of them, and may be merged: no peer has a key to it. */
    static boolean isDivisible(int access) {
        return (access & ~OWN_RIGHTS) == 0;
    }

    static boolean isGlobal(MemorySegment.Scope scope) {
        return scope == GLOBAL || scope.equals(GLOBAL);
    }

    /** The bytes of the pages that a range lies in. */
    static long pinnedBytes(long start, long end) {
        long mask = Posix.PAGE_SIZE - 1;
        return (end + mask & ~mask) - (start & ~mask);
    }

    long pinnedBytes() {
        return pinnedBytes(start, end);
    }

    /**
     * Whether it is for those who want a range, that begins not before this one, with an access. If peers may have been told a key of it,
     * only for who wants just the same, as a key reaches all of it.
     */
    boolean serves(long wantedStart, long wantedEnd, MemorySegment.Scope wantedScope, int wantedAccess) {
        if (wantedEnd > end) {
            return false;
        }
        boolean suits = wantedAccess == access ? isDivisible(access) || wantedStart == start && wantedEnd == end
                : isDivisible(access) && isDivisible(wantedAccess) && (wantedAccess & ~access) == 0;
        return suits && isOf(wantedScope);
    }

    /** Whether this does what another does: it lies in the same memory, around it, and grants what it grants. */
    boolean replaces(KeptRange<?> other) {
        return start <= other.start && other.end <= end && isDivisible(access) && isDivisible(other.access)
                && (other.access & ~access) == 0 && isOf(other.scope);
    }

    boolean isOf(MemorySegment.Scope wanted) {
        return wanted == scope || wanted.equals(scope); // those of one buffer are equal, but not the same
    }

    /** Whether it is, or was, for others too: then it counts for the limits. */
    boolean isKept() {
        return kept;
    }

    /** Whether its scope can tell by itself whether the memory is still there. */
    boolean isScoped() {
        return witness == null;
    }

    /** Whether a part of it is still the memory that it was. Memory of the global scope: the kernel is asked. */
    boolean isTrueOf(long from, long to) {
        return witness == null ? scope.isAlive() : witness.isStillSo(from, to);
    }

    boolean isTrue() {
        return isTrueOf(start, end);
    }

    void usedAt(long time) {
        LAST_USE.setOpaque(this, time);
    }

    long lastUse() {
        return (long) LAST_USE.getOpaque(this);
    }

    /** How often it has been held since this was last asked. */
    long takeNewHolds() {
        long now = holds();
        long fresh = holdsBetween(holdsCounted, now);
        holdsCounted = now;
        return fresh;
    }

    /** For how long it has been seen idle, in ns, when this is asked again and again. */
    long idleNs(long nowNs) {
        long use = lastUse();
        if (holders() != 0 || use != useSeen) {
            useSeen = use;
            useSeenNs = nowNs;
        }
        return nowNs - useSeenNs;
    }

    @Override
    public String toString() {
        return "range of %d bytes at 0x%x, holders=%d: %s".formatted(end - start, start, holders(), resource);
    }
}
