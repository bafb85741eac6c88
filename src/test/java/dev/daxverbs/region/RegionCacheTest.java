package dev.daxverbs.region;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_READ;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.VerbsException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** RegionCache with a device: what RegionCacheRangesTest shows without one is not repeated here. */
@RequiresDevice
@Timeout(300)
class RegionCacheTest {
    private static final int PAGE = RegionPair.PAGE;
    private static final int BYTES = 64;
    private static final AccessFlag[] OWN = {LOCAL_WRITE};
    /** How many acquires {@link #shouldTransferTheMemoryThatIsThere} makes in all. */
    private static final int ACQUIRES = Integer.getInteger("daxverbs.cacheStorm", 800);
    private static final int PLACES = Math.min(10_000, ACQUIRES / 4);
    private static final int THREADS = 4;
    private static final int REMAP_ONE_IN = 10;
    private static final int TRANSFER_ONE_IN = 10;

    /** Lets the device read some bytes of memory, as what a region was registered for, and compares them with what is there. */
    private static void compareByTransfer(RegionPair pair, SendWorkRequests requests, MemoryRegion region, MemorySegment memory) {
        requests.clear();
        requests.write(1).local(region, RegionCache.offset(region, memory), BYTES).remote(pair.buffer, 0).signaled();
        assertThat(pair.requester.postSend(requests)).isEqualTo(1);
        pair.completeOne();
        assertThat(pair.buffer.segment().asSlice(0, BYTES).mismatch(memory.asSlice(0, BYTES))).as("%s", region).isEqualTo(-1);
    }

    @Test
    void shouldServeTransfersFromPartsOfOneRegistration() throws Exception {
        try (RegionPair pair = new RegionPair(); Arena arena = Arena.ofShared(); RegionCache cache = RegionCache.of(pair.domain)) {
            MemorySegment memory = arena.allocate(4L * PAGE, PAGE);
            SendWorkRequests requests = new SendWorkRequests(1);
            cache.acquire(memory, OWN).close();
            for (int page = 0; page < 4; page++) {
                MemorySegment part = memory.asSlice(page * PAGE + 100L, BYTES);
                part.fill((byte) (page + 1));
                try (MemoryRegion region = cache.acquire(part, Set.of(LOCAL_WRITE))) {
                    assertThat(region.address()).isEqualTo(memory.address());
                    assertThat(RegionCache.offset(region, part)).isEqualTo(page * PAGE + 100L);
                    compareByTransfer(pair, requests, region, part);
                }
            }
            assertThat(cache.counters()).isEqualTo(new RegionCacheCounters(4, 1, 0, 0, 0, 0, 1, 4L * PAGE));
            try (MemoryRegion region = cache.acquire(memory, OWN); Arena other = Arena.ofConfined()) {
                assertThatThrownBy(() -> RegionCache.offset(region, other.allocate(8))).isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessageContaining("memory region");
            }
        }
    }

    @Test
    void shouldGivePeersAKeyForWhatWasAskedForOnly() throws Exception {
        try (RegionPair pair = new RegionPair(); Arena arena = Arena.ofShared(); RegionCache cache = RegionCache.of(pair.domain)) {
            MemorySegment memory = arena.allocate(2L * PAGE, PAGE);
            MemoryRegion all = cache.acquire(memory, LOCAL_WRITE, REMOTE_WRITE, REMOTE_READ);
            MemoryRegion part = cache.acquire(memory.asSlice(0, PAGE), LOCAL_WRITE, REMOTE_WRITE, REMOTE_READ);
            MemoryRegion own = cache.acquire(memory, LOCAL_WRITE);
            MemoryRegion readable = cache.acquire(memory, LOCAL_WRITE, REMOTE_READ);
            assertThat(part.byteSize()).isEqualTo(PAGE);
            assertThat(part.remoteKey()).isNotEqualTo(all.remoteKey());
            assertThat(own.access()).containsExactly(LOCAL_WRITE);
            assertThat(readable.access()).containsExactlyInAnyOrder(LOCAL_WRITE, REMOTE_READ);
            assertThat(pair.write(3, (byte) 9, part, 0)).isTrue();
            pair.completeOne();
            assertThat(memory.get(ValueLayout.JAVA_BYTE, PAGE - 1)).isEqualTo((byte) 9);
            cache.invalidate(memory);
            assertThat(pair.write(4, (byte) 10, part, 0)).as("those who have it still do").isTrue();
            pair.completeOne();
            MemoryRegion anew = cache.acquire(memory, LOCAL_WRITE, REMOTE_WRITE, REMOTE_READ);
            assertThat(anew).isNotSameAs(all);
            List.of(all, part, own, readable, anew).forEach(MemoryRegion::close);
            assertThatIllegalStateException().isThrownBy(all::close).withMessageContaining("more often");
            assertThatThrownBy(part::remoteKey).as("it has ended").isInstanceOf(IllegalStateException.class);
            assertThat(cache.counters()).isEqualTo(new RegionCacheCounters(0, 5, 0, 0, 4, 0, 1, 2L * PAGE));
        }
    }

    @Test
    void shouldKeepTheDomainOpenAndLeaveNothing() throws Exception {
        warmUp();
        Leftovers before = Leftovers.now();
        try (RegionPair pair = new RegionPair(); Arena arena = Arena.ofShared()) {
            RegionCache cache = RegionCache.of(pair.domain, RegionCacheOptions.defaults().withMaxRegions(8));
            long pinned = pinnedKilobytes();
            for (int i = 0; i < 20; i++) {
                cache.acquire(arena.allocate(PAGE, 2 * PAGE), LOCAL_WRITE, REMOTE_READ).close();
            }
            assertThat(pinnedKilobytes()).isEqualTo(pinned + 8 * PAGE / 1024);
            assertThat(cache.counters().evictions()).isEqualTo(12);
            assertThatThrownBy(pair.domain::close).isInstanceOf(VerbsException.class).hasMessageContaining("EBUSY")
                    .hasMessageContaining("memory region of 4096 bytes");
            MemoryRegion held;
            try (Arena shorter = Arena.ofShared()) {
                held = cache.acquire(shorter.allocate(PAGE, PAGE), LOCAL_WRITE);
                cache.acquire(shorter.allocate(PAGE, PAGE), LOCAL_WRITE, REMOTE_READ).close();
            }
            Eventually.await("those of the closed arena are found", () -> cache.counters().dead() == 2);
            assertThatIllegalStateException().isThrownBy(cache::close).withMessageContaining(held.toString());
            held.close();
            cache.close();
            cache.close();
            assertThat(pinnedKilobytes()).isEqualTo(pinned);
            assertThatIllegalStateException().isThrownBy(() -> cache.acquire(arena.allocate(8), LOCAL_WRITE))
                    .withMessageContaining("closed");
        }
        before.awaitNoMore();
    }

    /** What devices have pinned of this process's memory, as the kernel tells it. */
    private static long pinnedKilobytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmPin:")).mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).sum();
        }
    }

    /** What is made once in a process is not left behind by a test. */
    private static void warmUp() throws Exception {
        try (RegionPair pair = new RegionPair(); RegionCache cache = RegionCache.of(pair.domain)) {
            cache.acquire(pair.buffer.segment(), OWN).close();
        }
    }

    @Test
    void shouldRefuseWhatTheDomainRefuses() throws Exception {
        try (RegionPair pair = new RegionPair(); Arena arena = Arena.ofShared(); RegionCache cache = RegionCache.of(pair.domain)) {
            MemorySegment memory = arena.allocate(PAGE, PAGE);
            cache.acquire(memory, OWN).close();
            assertThatThrownBy(() -> cache.acquire(memory.asReadOnly(), OWN)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("read-only");
            assertThatThrownBy(() -> cache.acquire(MemorySegment.ofArray(new byte[8]), OWN)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("heap");
            assertThatThrownBy(() -> cache.acquire(memory, REMOTE_WRITE)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("LOCAL_WRITE");
            try (Arena confined = Arena.ofConfined()) {
                MemorySegment own = confined.allocate(8);
                cache.acquire(own, OWN).close();
                Thread other = Thread.ofPlatform().start(
                        () -> assertThatThrownBy(() -> cache.acquire(own, OWN)).isInstanceOf(WrongThreadException.class));
                other.join();
            }
            assertThat(cache.counters().uncached()).isZero();
            try (MemoryRegion byAddress = cache.acquire(NativeMemory.at(memory.address(), PAGE), OWN)) {
                assertThat(byAddress.byteSize()).isEqualTo(PAGE);
            }
            assertThat(cache.counters().uncached()).isEqualTo(1);
            ByteBuffer buffer = ByteBuffer.allocateDirect(PAGE);
            cache.acquire(MemorySegment.ofBuffer(buffer), OWN).close();
            cache.acquire(MemorySegment.ofBuffer(buffer), OWN).close();
            assertThat(cache.counters().hits()).isEqualTo(1);
        }
    }

    /** As {@link RegionCacheProofTest}, with a device that shows by what it transfers which memory a region is of. */
    @Test
    void shouldTransferTheMemoryThatIsThere() throws Exception {
        shouldTransferWhatIsIn(() -> new RemappedPlaces(PLACES, false), false);
    }

    /** The same with mappings of files, whose leases are broken by all who map them again, and by who truncates them. */
    @Test
    void shouldTransferTheMemoryOfTheFileThatIsThere() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path folder = fs.folder();
            shouldTransferWhatIsIn(() -> new RemappedPlaces(PLACES, folder), true);
        }
    }

    private static void shouldTransferWhatIsIn(Supplier<RemappedPlaces> made, boolean changing) throws Exception {
        warmUp();
        Leftovers before = Leftovers.now();
        long pinned = pinnedKilobytes();
        AtomicBoolean done = new AtomicBoolean();
        try (RegionPair pair = new RegionPair(); RemappedPlaces places = made.get();
                RegionCache cache = RegionCache.of(pair.domain, RegionCacheOptions.defaults().withMaxRegions(PLACES / 4));
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            Map<PageOfRegion, Long> stamps = new ConcurrentHashMap<>();
            List<Future<Integer>> users = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                RegionPair own = i == 0 ? pair : null; // one thread posts on a queue pair
                users.add(threads.submit(() -> use(cache, places.places, stamps, own)));
            }
            Thread changer = Thread.ofPlatform().start(() -> {
                while (changing && !done.get()) {
                    places.changeAFile(ThreadLocalRandom.current());
                    Eventually.pause(50);
                }
            });
            int transfers = 0;
            try {
                for (Future<Integer> user : users) {
                    transfers += user.get();
                }
            } finally {
                done.set(true);
                changer.join();
            }
            RegionCacheCounters counters = cache.counters();
            System.out.println("acquires=%d transfers=%d %s".formatted(ACQUIRES, transfers, counters));
            assertThat(counters.hits() + counters.misses() + counters.uncached()).isEqualTo(ACQUIRES / THREADS * THREADS);
            assertThat(counters.hits()).isGreaterThan(ACQUIRES / 10);
            assertThat(counters.dead()).isPositive();
            assertThat(transfers).isPositive();
        }
        assertThat(pinnedKilobytes()).isEqualTo(pinned);
        before.awaitNoMore();
    }

    /** Where the stamp of a region is remembered. */
    private record PageOfRegion(MemoryRegion region, long address) {
    }

    private static int use(RegionCache cache, List<RemappedPlaces.Place> places, Map<PageOfRegion, Long> stamps, RegionPair pair)
            throws Exception {
        SendWorkRequests requests = pair == null ? null : new SendWorkRequests(1);
        ThreadLocalRandom random = ThreadLocalRandom.current();
        int transfers = 0;
        for (int i = 0; i < ACQUIRES / THREADS; i++) {
            RemappedPlaces.Place place = places.get(random.nextInt(random.nextInt(10) == 0 ? places.size() : places.size() / 10));
            if (random.nextInt(REMAP_ONE_IN) == 0) {
                place.lock.writeLock().lock();
                place.map(random);
                place.lock.writeLock().unlock();
            }
            place.lock.readLock().lock();
            try {
                MemorySegment wanted = place.part(random);
                try (MemoryRegion region = cache.acquire(wanted, OWN)) {
                    long stamp = wanted.get(ValueLayout.JAVA_LONG, 0);
                    Long earlier = stamps.putIfAbsent(new PageOfRegion(region, wanted.address()), stamp);
                    if (earlier != null && earlier != stamp) {
                        throw new AssertionError("stale: " + region);
                    }
                    if (pair != null && random.nextInt(TRANSFER_ONE_IN) == 0) {
                        compareByTransfer(pair, requests, region, wanted);
                        transfers++;
                    }
                }
            } finally {
                place.lock.readLock().unlock();
            }
        }
        return transfers;
    }
}
