package dev.daxverbs.region;

import dev.daxverbs.benchmarks.Baseline;
import dev.daxverbs.benchmarks.OperationsASample;
import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * What a hit in a region cache costs, with its release, beside looking up in a {@link ConcurrentHashMap} what somebody has put there under
 * the memory's address: which finds nothing else than just what was put there, does not know whether the memory is still there, and counts
 * no holders.
 *
 * <p>No device is needed: the cache is that of the library, but for what is kept, which is a number. Ranges are asked for in random order,
 * so that the processor cannot foresee where the search goes: with 100 ranges all is in its caches, with 10,000 it is not.
 *
 * <p>Each sample is of a thousand hits; the median of samples is that of a thread that nobody interrupts.
 *
 * <p>Left out: misses, which cost a registration. Making the segment: callers have it. Several threads that use the same region at the same
 * time ({@link RegionCacheCostByTwo} has two that use the same ten thousand).
 */
@State(Scope.Benchmark)
@Baseline(value = "mapByAddress", methods = true)
@OperationsASample(RegionCacheCost.HITS)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class RegionCacheCost {
    static final int HITS = 1000;
    private static final int ACCESS = AccessFlag.LOCAL_WRITE.bit();
    private static final long PAGE = Posix.PAGE_SIZE;

    /** What somebody would use who has the length in the key. */
    private record Key(long address, long length) {
    }

    /** Numbers what it is asked for. */
    private static final class Numbers implements KeptRanges.Source<Integer> {
        private int made;

        @Override
        public void check(MemorySegment segment, int access) {
            // all is good here
        }

        @Override
        public Integer make(MemorySegment segment, int access) {
            return made++;
        }

        @Override
        public boolean isExhausted(Exception failure) {
            return false;
        }

        @Override
        public MappingWitness witness(MemorySegment segment) {
            return MappingWitness.of(segment.address(), segment.address() + segment.byteSize());
        }

        @Override
        public void end(Integer resource) {
            // nothing
        }
    }

    /** How many ranges there are. */
    @Param({"100", "10000"})
    public int ranges;

    private final Arena arena = Arena.ofShared();
    private KeptRanges<Integer> cache;
    private MemorySegment[] scoped;
    private MemorySegment[] byAddress;
    private Map<Long, Object> addresses;
    private Map<Key, Object> keys;

    /** Fills all of them. */
    @Setup(Level.Trial)
    @SuppressWarnings("restricted")
    public void fill() throws IOException {
        cache = new KeptRanges<>(new Numbers(),
                RegionCacheOptions.defaults().withMaxRegions(4 * ranges).withMaxPinnedBytes(1L << 40), "cache");
        scoped = new MemorySegment[HITS];
        byAddress = new MemorySegment[HITS];
        addresses = new ConcurrentHashMap<>();
        keys = new ConcurrentHashMap<>();
        long bytes = ranges * 2 * PAGE; // a page between two, or they would be merged
        int file = Posix.memfdCreate("daxverbs-cost");
        Posix.ftruncate(file, bytes);
        long shared = Posix.mmap(0, bytes, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), file, 0);
        MemorySegment mapped = MemorySegment.ofAddress(shared).reinterpret(bytes);
        MemorySegment memory = mapped.reinterpret(arena, all -> {
            Posix.munmap(shared, bytes);
            Posix.close(file);
        });
        Random random = new Random(5);
        for (int i = 0; i < ranges; i++) {
            MemorySegment range = memory.asSlice(i * 2 * PAGE, PAGE);
            cache.release(cache.acquire(range, ACCESS).resource);
            addresses.put(range.address(), range);
            keys.put(new Key(range.address(), PAGE), range);
            if (MappingWitness.isAvailable()) {
                cache.release(cache.acquire(mapped.asSlice(i * 2 * PAGE, PAGE), ACCESS).resource);
            }
        }
        for (int i = 0; i < HITS; i++) {
            long at = random.nextInt(ranges) * 2 * PAGE;
            scoped[i] = memory.asSlice(at, PAGE);
            byAddress[i] = mapped.asSlice(at, PAGE);
        }
    }

    /** Ends all. */
    @TearDown(Level.Trial)
    public void end() {
        cache.close();
        arena.close();
    }

    /** Where a thread begins, so that two do not go through the same in step. */
    @State(Scope.Thread)
    public static class Place {
        private final int first = ThreadLocalRandom.current().nextInt(HITS);

        private <T> T of(T[] all, int i) {
            return all[(first + i) % HITS];
        }
    }

    /** Hits and releases of memory with a scope that can end. */
    @Benchmark
    public void hitByScope(Place place) throws IOException {
        KeptRanges<Integer> cache = this.cache;
        for (int i = 0; i < HITS; i++) {
            cache.release(cache.acquire(place.of(scoped, i), ACCESS).resource);
        }
    }

    /**
     * Hits and releases of memory of a file that is known by its address: the kernel is asked each time. (Without PROCMAP_QUERY: misses.)
     */
    @Benchmark
    public void hitByKernel(Place place) throws IOException {
        KeptRanges<Integer> cache = this.cache;
        for (int i = 0; i < HITS; i++) {
            cache.release(cache.acquire(place.of(byAddress, i), ACCESS).resource);
        }
    }

    /** A look into a map by the address. */
    @Benchmark
    public void mapByAddress(Place place, Blackhole hole) {
        Map<Long, Object> map = addresses;
        for (int i = 0; i < HITS; i++) {
            hole.consume(map.get(place.of(scoped, i).address()));
        }
    }

    /** A look into a map by address and length. */
    @Benchmark
    public void mapByRecord(Place place, Blackhole hole) {
        Map<Key, Object> map = keys;
        for (int i = 0; i < HITS; i++) {
            MemorySegment segment = place.of(scoped, i);
            hole.consume(map.get(new Key(segment.address(), segment.byteSize())));
        }
    }
}
