package dev.daxverbs.region;

import dev.daxverbs.dax.AddressSpace;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Regions that are kept for whoever asks for the same memory again: for callers who register memory on demand, around each transfer, and do
 * not know whether they did so before.
 *
 * <pre>{@code
 * try (MemoryRegion region = cache.acquire(segment, LOCAL_WRITE)) {
 *     requests.write(id).local(region, RegionCache.offset(region, segment), length).remote(...);
 *     ... until it has completed
 * }
 * }</pre>
 *
 * <p><b>What a hit is.</b> The region covers the segment, and may begin before it and end behind it: neighbours of one arena or buffer are
 * registered together where that pays off ({@link #offset} says where in the region the segment is). It grants what was asked for; a region
 * for {@code LOCAL_WRITE} also serves those who only read. A region that grants anything to peers (or has any other flag) is only ever
 * given for just the same range and just the same rights: a peer who is told its remote key reaches all of it.
 *
 * <p><b>When memory is the same.</b> A region is never given for memory that is not the memory that it was registered for. What shows that
 * it is, depends on where the segment is from:
 * <ul>
 * <li>An arena of any kind but the global one, {@code FileChannel.map}, a direct or mapped buffer ({@link MemorySegment#ofBuffer}): the
 * scope is the same and alive. Java promises that the memory is there as long as that is so. (Who frees it behind Java's back, as by
 * {@code Unsafe.invokeCleaner} or by {@code munmap} under an open arena, or maps something else in its place, calls {@link #invalidate}
 * before.)
 * <li>Memory by its address ({@link MemorySegment#ofAddress}, reinterpreted without an arena) where a file is mapped and shared, be it a
 * memfd or device-DAX: the kernel is asked with each hit whether the same files are there at the same offsets, with the same protection.
 * That takes half a microsecond ({@code PROCMAP_QUERY}, Linux 6.11).
 * <li>Any other memory of the global scope, {@link java.lang.foreign.Arena#global} included, and the one before on older kernels: nothing
 * can tell (memory that was unmapped and mapped anew at its place looks the same, and has other pages). It is not kept: each acquire
 * registers, each close ends the registration, and {@link RegionCacheCounters#uncached} counts it. Give such memory an arena
 * ({@link MemorySegment#reinterpret(long, java.lang.foreign.Arena, java.util.function.Consumer)}) that is closed when it is freed.
 * </ul>
 * The promise is for callers who keep the segment's memory in place while they acquire it, and until they close the region.
 *
 * <p><b>Closing.</b> The regions given are the cache's; {@link MemoryRegion#close} gives one back. Several callers have the same object at
 * the same time, so that closing it twice cannot be told from another's close: each acquire is followed by one close and no more. A close
 * when nobody has it throws {@link IllegalStateException}.
 *
 * <p><b>What it keeps.</b> Idle regions stay registered up to the limits of {@link RegionCacheOptions}, the least recently used go first
 * (to within the uses between two misses). When all is in use, more is registered all the same, for the one caller. Regions whose arena was
 * closed, or whose file is not mapped there any more, are found within some 100 ms if they are not met before, and end when nobody has
 * them. <b>Until then their pages are pinned, and peers that know a remote key can use it</b>, as with any cache of this kind: what peers
 * must not reach after a close is to be registered with {@link RegionDomain} directly.
 *
 * <p>Thread use: any thread may use and close it. A hit takes no lock and allocates nothing.
 */
public final class RegionCache implements AutoCloseable {
    private static final AccessFlag[] FLAGS = AccessFlag.values();

    private final RegionDomain domain;
    private final KeptRanges<MemoryRegion> ranges;

    private RegionCache(RegionDomain domain, RegionCacheOptions options) {
        this.domain = Objects.requireNonNull(domain, "domain");
        ranges = new KeptRanges<>(new Registrar(), Objects.requireNonNull(options, "options"), toString());
    }

    /**
     * Makes a cache with {@linkplain RegionCacheOptions#defaults() default limits}.
     *
     * @param domain where it registers; to be closed after it, which it refuses before ({@code EBUSY})
     * @return the cache, empty
     */
    public static RegionCache of(RegionDomain domain) {
        return of(domain, RegionCacheOptions.defaults());
    }

    /**
     * Makes a cache.
     *
     * @param domain where it registers; to be closed after it, which it refuses before ({@code EBUSY})
     * @param options its limits
     * @return the cache, empty
     */
    public static RegionCache of(RegionDomain domain, RegionCacheOptions options) {
        return new RegionCache(domain, options);
    }

    /**
     * Gives a region that covers a segment: one that is there, or a new one. Who calls this often hands over the same array each time, so
     * that nothing is allocated.
     *
     * @param segment native memory, at least one byte, which stays where it is until the region is closed
     * @param access what the device may do with it
     * @return the region, to be closed once
     * @throws IllegalArgumentException as {@link RegionDomain#register(MemorySegment, AccessFlag...)}
     * @throws IllegalStateException if the segment's arena is closed, or the cache or the domain is
     * @throws WrongThreadException if the segment is of another thread's confined arena
     * @throws IOException if a file under it cannot be guarded at all: too many open files, for instance
     * @throws VerbsException if the kernel refuses the registration: {@code EFAULT} and {@code EOPNOTSUPP} as there; {@code ENOMEM} if it
     *         does so although no idle region is left that could be ended
     */
    public MemoryRegion acquire(MemorySegment segment, AccessFlag... access) throws IOException {
        return ranges.acquire(segment, AccessFlag.mask(access)).resource;
    }

    /**
     * Gives a region that covers a segment: {@link #acquire(MemorySegment, AccessFlag...)} with the flags as a set.
     *
     * @param segment native memory, at least one byte, which stays where it is until the region is closed
     * @param access what the device may do with it
     * @return the region, to be closed once
     * @throws IOException as there
     */
    public MemoryRegion acquire(MemorySegment segment, Set<AccessFlag> access) throws IOException {
        return ranges.acquire(segment, AccessFlag.mask(access)).resource;
    }

    /**
     * Where in a region a segment begins that it was acquired for: the offset for work requests.
     *
     * @param region the region
     * @param segment memory that it covers
     * @return bytes from the region's address
     * @throws IndexOutOfBoundsException if the region does not cover the segment
     */
    public static long offset(MemoryRegion region, MemorySegment segment) {
        long offset = segment.address() - region.address();
        if (offset < 0 || offset > region.byteSize() - segment.byteSize()) {
            throw new IndexOutOfBoundsException("address=0x%x, length=%d: not within %s".formatted(segment.address(), segment.byteSize(),
                    region));
        }
        return offset;
    }

    /**
     * Lets all regions go that overlap a segment, whatever their rights and arenas: before their memory is exchanged for other without
     * Java's knowledge, or when peers shall no longer reach it. Those that somebody has are not given to others any more, and end when the
     * last holder closes them; whether there are such is not told.
     *
     * @param segment the memory
     * @throws IllegalStateException if the cache is closed
     * @throws VerbsException if a registration could not be ended
     */
    public void invalidate(MemorySegment segment) {
        ranges.invalidate(segment.address(), segment.address() + segment.byteSize());
    }

    /**
     * What happened in it so far.
     *
     * @return a snapshot
     */
    public RegionCacheCounters counters() {
        return ranges.counters();
    }

    /** Takes a region back: for {@link MemoryRegion#close}. */
    void release(MemoryRegion region) {
        ranges.release(region);
    }

    /**
     * Ends all regions. Closing again does nothing.
     *
     * @throws IllegalStateException if a region is held or is being registered: the message names those held, and nothing is closed
     * @throws VerbsException if a registration could not be ended, now or when it was evicted; the cache is closed all the same
     */
    @Override
    public void close() {
        ranges.close();
    }

    @Override
    public String toString() {
        return "region cache of " + domain;
    }

    /** Makes and ends regions for the cache. */
    private final class Registrar implements KeptRanges.Source<MemoryRegion> {
        @Override
        public void check(MemorySegment segment, int access) {
            domain.protectionDomain().check(segment, flags(access));
            if (!segment.isAccessibleBy(Thread.currentThread())) {
                throw new WrongThreadException("address=0x%x, length=%d: of a confined arena of another thread".formatted(
                        segment.address(), segment.byteSize()));
            }
        }

        @Override
        public MemoryRegion make(MemorySegment segment, int access) throws IOException {
            MemoryRegion region = domain.register(segment, flags(access), LeasePolicy.PREFERRED);
            region.belongTo(RegionCache.this);
            return region;
        }

        @Override
        public boolean isExhausted(Exception failure) {
            return failure instanceof VerbsException refused && refused.errno() == Errno.ENOMEM;
        }

        @Override
        public MappingWitness witness(MemorySegment segment) {
            if (!MappingWitness.isAvailable()) {
                return null;
            }
            for (Extent extent : AddressSpace.resolve(segment.address(), segment.byteSize())) {
                if (!hasOwnBytes(extent)) {
                    return null;
                }
            }
            return MappingWitness.of(segment.address(), segment.address() + segment.byteSize());
        }

        /** Whether the same file at the same offset is the same memory. Other devices' offsets may mean anything. */
        private static boolean hasOwnBytes(Extent extent) {
            return extent.shared() && (extent.kind() == ExtentKind.SHARED_FILE || extent.kind() == ExtentKind.MEMFD
                    || extent.kind() == ExtentKind.DEVICE && extent.memory().equals(Optional.of(MemoryKind.DEVICE_DAX)));
        }

        @Override
        public void end(MemoryRegion region) {
            region.end();
        }

        private static Set<AccessFlag> flags(int access) {
            Set<AccessFlag> flags = EnumSet.noneOf(AccessFlag.class);
            for (AccessFlag flag : FLAGS) {
                if ((access & flag.bit()) != 0) {
                    flags.add(flag);
                }
            }
            return flags;
        }
    }
}
