package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What a region cache does, but with something that needs no device in place of regions: KeptRanges. */
@AnyKernel
@Timeout(60)
class RegionCacheRangesTest {
    private static final long PAGE = StampedRanges.PAGE;
    private static final long RESERVED = 64 * PAGE;
    private static final int OWN = AccessFlag.LOCAL_WRITE.bit();
    private static final int REMOTE = OWN | AccessFlag.REMOTE_WRITE.bit();

    private final StampedRanges source = new StampedRanges();
    private final Arena arena = Arena.ofShared();
    private final long reserved = Posix.mmap(0, RESERVED, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
    private KeptRanges<StampedRanges.Stamps> ranges = with(RegionCacheOptions.defaults());

    private KeptRanges<StampedRanges.Stamps> with(RegionCacheOptions options) {
        return new KeptRanges<>(source, options, "the cache");
    }

    @AfterEach
    void leavesNothing() {
        ranges.close();
        assertThat(source.present).hasValue(0);
        assertThat(source.presentBytes).hasValue(0);
        assertThat(source.mistakes).isEmpty();
        if (arena.scope().isAlive()) {
            arena.close();
        }
        Posix.munmap(reserved, RESERVED);
    }

    private MemorySegment pages(long count) {
        return arena.allocate(count * PAGE, PAGE);
    }

    private KeptRange<StampedRanges.Stamps> acquire(MemorySegment segment, int access) {
        try {
            KeptRange<StampedRanges.Stamps> range = ranges.acquire(segment, access);
            assertThat(range.start).isLessThanOrEqualTo(segment.address());
            assertThat(range.end).isGreaterThanOrEqualTo(segment.address() + segment.byteSize());
            assertThat(range.resource.isOf(segment)).isTrue();
            assertThat(range.resource.ends).hasValue(0);
            return range;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void release(KeptRange<StampedRanges.Stamps> range) {
        ranges.release(range.resource);
    }

    /** Acquires, releases, and tells what it was. */
    private StampedRanges.Stamps use(MemorySegment segment, int access) {
        KeptRange<StampedRanges.Stamps> range = acquire(segment, access);
        release(range);
        return range.resource;
    }

    // What a hit is.

    @Test
    void shouldServeTheSameAgainAndParts() {
        MemorySegment memory = pages(4);
        KeptRange<StampedRanges.Stamps> first = acquire(memory, OWN);
        assertThat(acquire(memory, OWN)).as("held already").isSameAs(first);
        release(first);
        release(first);
        assertThat(acquire(memory.asSlice(100, 5000), OWN)).as("idle").isSameAs(first);
        assertThat(acquire(memory.asSlice(3 * PAGE, PAGE), 0)).isSameAs(first);
        release(first);
        release(first);
        assertThat(source.made).hasValue(1);
        assertThat(ranges.counters()).isEqualTo(new RegionCacheCounters(3, 1, 0, 0, 0, 0, 1, 4 * PAGE));
    }

    @Test
    void shouldKnowTheMemoryOfABufferAgain() {
        ByteBuffer buffer = ByteBuffer.allocateDirect((int) (4 * PAGE));
        StampedRanges.Stamps first = use(MemorySegment.ofBuffer(buffer), OWN);
        assertThat(use(MemorySegment.ofBuffer(buffer), OWN)).isSameAs(first);
        assertThat(use(MemorySegment.ofBuffer(buffer.slice(1000, 100)), OWN)).isSameAs(first);
        assertThat(use(MemorySegment.ofBuffer(buffer.duplicate().asReadOnlyBuffer()), 0)).isSameAs(first);
        assertThat(use(Arena.ofAuto().allocate(100), OWN)).isNotSameAs(first);
    }

    @Test
    void shouldKnowAMappedFileAgain() throws IOException {
        Path file = Files.createTempFile("daxverbs-", "");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.truncate(0).write(ByteBuffer.allocate((int) (2 * PAGE)));
            var buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * PAGE);
            assertThat(use(MemorySegment.ofBuffer(buffer), OWN)).isSameAs(use(MemorySegment.ofBuffer(buffer), OWN));
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * PAGE, arena);
            assertThat(use(mapped, OWN)).isSameAs(use(mapped.asSlice(PAGE), OWN));
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void shouldNotServeMoreRightsThanItsOwnNorToPeersAnythingButTheSame() {
        MemorySegment memory = pages(2);
        StampedRanges.Stamps readOnly = use(memory, 0);
        StampedRanges.Stamps own = use(memory, OWN);
        assertThat(own).isNotSameAs(readOnly);
        assertThat(readOnly.ends).as("the other does what it did").hasValue(1);
        assertThat(use(memory, 0)).isSameAs(own);
        StampedRanges.Stamps remote = use(memory, REMOTE);
        assertThat(remote).isNotSameAs(own);
        assertThat(use(memory, REMOTE)).isSameAs(remote);
        assertThat(use(memory, OWN)).isSameAs(own);
        assertThat(use(memory.asSlice(0, PAGE), REMOTE).end).as("a part has a key of its own").isEqualTo(memory.address() + PAGE);
        assertThat(use(memory, REMOTE | AccessFlag.REMOTE_READ.bit())).isNotSameAs(remote);
        assertThat(use(memory, REMOTE)).as("still").isSameAs(remote);
    }

    @Test
    void shouldRefuseAHitAsItRefusesAMiss() throws Exception {
        MemorySegment memory = pages(1);
        use(memory, OWN);
        assertThatThrownBy(() -> ranges.acquire(memory.asReadOnly(), OWN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ranges.acquire(memory.asSlice(8, 0), OWN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ranges.acquire(MemorySegment.ofArray(new byte[100]), 0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(use(memory.asReadOnly(), 0)).isNotNull();
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment own = confined.allocate(PAGE);
            use(own, OWN);
            Thread other = Thread.ofPlatform().start(() -> assertThatThrownBy(() -> ranges.acquire(own, OWN))
                    .isInstanceOf(WrongThreadException.class));
            other.join();
        }
        assertThat(source.made).hasValue(2);
    }

    // Death.

    @Test
    void shouldNeverServeMemoryOfAClosedArena() {
        StampedRanges.Stamps first;
        try (Arena short1 = Arena.ofShared()) {
            MemorySegment memory = of(short1, at(0, 4, -1, 0));
            memory.set(ValueLayout.JAVA_LONG, 0, 1);
            first = use(memory, OWN);
        }
        MemorySegment again = of(arena, at(0, 4, -1, 0));
        again.set(ValueLayout.JAVA_LONG, 0, 2);
        assertThat(use(again, OWN)).isNotSameAs(first);
        ranges.sweep();
        assertThat(first.ends).hasValue(1);
        assertThat(ranges.counters().dead()).isEqualTo(1);
        assertThat(ranges.counters().hits()).isZero();
    }

    /** Makes it the arena's, with which it goes. */
    @SuppressWarnings("restricted")
    private MemorySegment of(Arena arena, MemorySegment memory) {
        return memory.reinterpret(arena, segment -> clear(segment.address(), segment.byteSize()));
    }

    /** Maps something within the address space that is reserved for it: elsewhere somebody else could be at any time. */
    private MemorySegment at(long page, long pages, int fd, long offset) {
        int flags = LibC.MAP_FIXED() | (fd < 0 ? LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() : LibC.MAP_SHARED());
        long at = Posix.mmap(reserved + page * PAGE, pages * PAGE, LibC.PROT_READ() | LibC.PROT_WRITE(), flags, fd, offset);
        assertThat(at).isPositive();
        return NativeMemory.at(at, pages * PAGE);
    }

    private static void clear(long address, long bytes) {
        assertThat(Posix.mmap(address, bytes, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_FIXED(), -1, 0))
                .isEqualTo(address);
    }

    @Test
    void shouldLetDeadOnesGoWithoutBeingAsked() {
        Arena short1 = Arena.ofShared();
        StampedRanges.Stamps stamps = use(short1.allocate(PAGE), OWN);
        short1.close();
        Eventually.await("swept", () -> ranges.counters().regions() == 0);
        assertThat(stamps.ends).hasValue(1);
    }

    @Test
    void shouldEndADeadOneThatIsHeldWithItsHolder() {
        Arena short1 = Arena.ofShared();
        MemorySegment memory = short1.allocate(PAGE);
        KeptRange<StampedRanges.Stamps> held = acquire(memory, OWN);
        short1.close();
        ranges.sweep();
        assertThat(held.resource.ends).hasValue(0);
        assertThat(ranges.counters().dead()).isEqualTo(1);
        assertThatThrownBy(() -> ranges.acquire(memory, OWN)).isInstanceOf(IllegalStateException.class);
        release(held);
        assertThat(held.resource.ends).hasValue(1);
    }

    @Test
    void shouldAskTheKernelForMemoryThatIsKnownByItsAddress() {
        Assumptions.assumeTrue(MappingWitness.isAvailable(), "PROCMAP_QUERY: from Linux 6.11 on");
        int one = Posix.memfdCreate("daxverbs-one");
        int other = Posix.memfdCreate("daxverbs-other");
        Posix.ftruncate(one, 8 * PAGE);
        Posix.ftruncate(other, 8 * PAGE);
        MemorySegment memory = at(0, 4, one, 0);
        memory.set(ValueLayout.JAVA_LONG, PAGE, 11);
        StampedRanges.Stamps first = use(memory, OWN);
        assertThat(use(memory.asSlice(PAGE, PAGE), OWN)).isSameAs(first);
        at(0, 4, one, 0);
        assertThat(use(memory, OWN)).as("the same file again").isSameAs(first);
        at(0, 4, other, 0);
        StampedRanges.Stamps second = use(memory, OWN);
        assertThat(second).isNotSameAs(first);
        assertThat(first.ends).hasValue(1);
        at(0, 4, other, PAGE);
        assertThat(use(memory, OWN)).as("another offset").isNotSameAs(second);
        at(0, 3, other, PAGE);
        clear(memory.address() + 3 * PAGE, PAGE);
        assertThat(use(memory.asSlice(0, 3 * PAGE), OWN).end).as("another length").isGreaterThan(memory.address());
        at(0, 4, -1, 0);
        KeptRange<StampedRanges.Stamps> anonymous = acquire(memory, OWN);
        KeptRange<StampedRanges.Stamps> another = acquire(memory, OWN);
        assertThat(another).as("anonymous memory has nothing to be known by").isNotSameAs(anonymous);
        assertThat(ranges.counters().uncached()).isEqualTo(2);
        assertThatIllegalStateException().isThrownBy(() -> ranges.close()).withMessageContaining("held=");
        release(anonymous);
        assertThat(anonymous.resource.ends).hasValue(1);
        release(another);
        Posix.close(one);
        Posix.close(other);
    }

    @Test
    void shouldLetInvalidatedOnesGo() {
        MemorySegment memory = pages(4);
        KeptRange<StampedRanges.Stamps> held = acquire(memory.asSlice(0, PAGE), REMOTE);
        StampedRanges.Stamps idle = use(memory.asSlice(PAGE, PAGE), REMOTE);
        StampedRanges.Stamps beside = use(memory.asSlice(2 * PAGE, PAGE), REMOTE);
        ranges.invalidate(memory.address() + PAGE - 1, memory.address() + 2 * PAGE);
        assertThat(idle.ends).hasValue(1);
        assertThat(beside.ends).hasValue(0);
        assertThat(held.resource.ends).hasValue(0);
        assertThat(use(memory.asSlice(0, PAGE), REMOTE)).isNotSameAs(held.resource);
        release(held);
        assertThat(held.resource.ends).hasValue(1);
    }

    // Merging.

    @Test
    void shouldMergeNeighbours() {
        MemorySegment memory = pages(8);
        StampedRanges.Stamps left = use(memory.asSlice(0, PAGE), OWN);
        StampedRanges.Stamps right = use(memory.asSlice(2 * PAGE, PAGE), OWN);
        KeptRange<StampedRanges.Stamps> all = acquire(memory.asSlice(PAGE, PAGE), OWN);
        assertThat(all.start).isEqualTo(memory.address());
        assertThat(all.end).isEqualTo(memory.address() + 3 * PAGE);
        assertThat(left.ends).hasValue(1);
        assertThat(right.ends).hasValue(1);
        assertThat(acquire(memory.asSlice(0, PAGE), OWN)).isSameAs(all);
        release(all);
        release(all);
        assertThat(ranges.counters().merges()).isEqualTo(1);
        assertThat(ranges.counters().pinnedBytes()).isEqualTo(3 * PAGE);
    }

    @Test
    void shouldLeaveThoseThatAreHeldToTheirHolders() {
        MemorySegment memory = pages(2);
        KeptRange<StampedRanges.Stamps> held = acquire(memory.asSlice(0, PAGE), OWN);
        KeptRange<StampedRanges.Stamps> both = acquire(memory.asSlice(PAGE, PAGE), OWN);
        assertThat(both.start).isEqualTo(memory.address());
        assertThat(held.resource.ends).hasValue(0);
        assertThat(acquire(memory.asSlice(0, PAGE), OWN)).isSameAs(both);
        release(held);
        assertThat(held.resource.ends).hasValue(1);
        release(both);
        release(both);
    }

    @Test
    void shouldNotMergeOtherArenasOrRightsOrWhatPeersMayReach() {
        MemorySegment memory = pages(6);
        use(memory.asSlice(0, PAGE), REMOTE);
        assertThat(use(memory.asSlice(PAGE, PAGE), REMOTE).start).isEqualTo(memory.address() + PAGE);
        use(memory.asSlice(2 * PAGE, PAGE), 0);
        assertThat(use(memory.asSlice(3 * PAGE, PAGE), OWN).start).isEqualTo(memory.address() + 3 * PAGE);
        try (Arena other = Arena.ofShared()) {
            MemorySegment first = of(other, at(0, 2, -1, 0));
            use(first.asSlice(0, PAGE), OWN);
            try (Arena third = Arena.ofShared()) {
                MemorySegment beside = of(third, at(2, 1, -1, 0));
                assertThat(use(beside, OWN).start).isEqualTo(beside.address());
            }
        }
        assertThat(ranges.counters().merges()).isZero();
    }

    @Test
    void shouldNotRegisterEverythingAnewForEachPieceOfAStream() {
        int pieces = 512;
        MemorySegment memory = pages(pieces);
        for (int i = 0; i < pieces; i++) {
            use(memory.asSlice(i * PAGE, PAGE), OWN);
        }
        RegionCacheCounters counters = ranges.counters();
        assertThat(counters.regions()).as("as a binary counter").isEqualTo(1);
        assertThat(counters.pinnedBytes()).isEqualTo(pieces * PAGE);
        assertThat(source.mostPresentBytes.get()).as("old and new together").isLessThanOrEqualTo(2 * pieces * PAGE);
    }

    // Limits.

    @Test
    void shouldEvictTheLeastRecentlyUsed() {
        ranges = with(RegionCacheOptions.defaults().withMaxRegions(4));
        List<MemorySegment> memory = new ArrayList<>();
        List<StampedRanges.Stamps> stamps = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            memory.add(pages(1));
            stamps.add(use(memory.get(i), REMOTE));
        }
        use(memory.get(0), REMOTE); // as late as the last: uses between two misses are not told from each other
        for (int i = 1; i < 3; i++) {
            use(pages(1), REMOTE);
            assertThat(stamps).allSatisfy(one -> assertThat(one.ends).hasValueLessThanOrEqualTo(1));
            assertThat(stamps.get(i).ends).hasValue(1);
            assertThat(stamps.stream().filter(one -> one.ends.get() == 1)).hasSize(i);
        }
        assertThat(ranges.counters().evictions()).isEqualTo(2);
        assertThat(source.mostPresent).hasValue(4);
    }

    @Test
    void shouldKeepToTheLimitOfBytes() {
        ranges = with(RegionCacheOptions.defaults().withMaxPinnedBytes(10 * PAGE));
        for (int i = 1; i <= 10; i++) {
            use(pages(i), REMOTE);
        }
        assertThat(source.mostPresentBytes.get()).isLessThanOrEqualTo(10 * PAGE);
        assertThat(ranges.counters().pinnedBytes()).isEqualTo(10 * PAGE);
        KeptRange<StampedRanges.Stamps> large = acquire(pages(11), REMOTE);
        assertThat(ranges.counters().uncached()).as("more than all there may be").isEqualTo(1);
        assertThat(ranges.counters().regions()).as("nothing was evicted for it").isEqualTo(1);
        release(large);
        assertThat(large.resource.ends).hasValue(1);
    }

    @Test
    void shouldServeWithoutKeepingWhenAllIsHeld() {
        ranges = with(RegionCacheOptions.defaults().withMaxRegions(2));
        KeptRange<StampedRanges.Stamps> one = acquire(pages(1), REMOTE);
        KeptRange<StampedRanges.Stamps> two = acquire(pages(1), REMOTE);
        MemorySegment third = pages(1);
        KeptRange<StampedRanges.Stamps> three = acquire(third, REMOTE);
        KeptRange<StampedRanges.Stamps> four = acquire(third, REMOTE);
        assertThat(four).isNotSameAs(three);
        assertThat(ranges.counters().uncached()).isEqualTo(2);
        release(four);
        release(three);
        assertThat(three.resource.ends).hasValue(1);
        release(one);
        use(third, REMOTE);
        assertThat(one.resource.ends).as("evicted").hasValue(1);
        release(two);
    }

    @Test
    void shouldEndIdleOnesWhenMemoryIsExhausted() {
        List<StampedRanges.Stamps> idle = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            idle.add(use(pages(1), REMOTE));
        }
        KeptRange<StampedRanges.Stamps> held = acquire(pages(1), REMOTE);
        source.room = 11;
        KeptRange<StampedRanges.Stamps> next = acquire(pages(1), REMOTE);
        assertThat(idle.getFirst().ends).hasValue(1);
        assertThat(idle.getLast().ends).hasValue(0);
        source.room = 2;
        release(next);
        KeptRange<StampedRanges.Stamps> last = acquire(pages(1), REMOTE);
        assertThat(held.resource.ends).hasValue(0);
        assertThat(ranges.counters().regions()).isEqualTo(2);
        assertThatThrownBy(() -> ranges.acquire(pages(1), REMOTE)).isInstanceOf(StampedRanges.NoRoomException.class);
        assertThatThrownBy(() -> ranges.acquire(NativeMemory.at(pages(1).address(), PAGE), REMOTE)).as("unkept ones, too")
                .isInstanceOf(StampedRanges.NoRoomException.class);
        release(held);
        release(last);
        assertThat(ranges.counters().regions()).isEqualTo(2);
    }

    @Test
    void shouldEndWhatNobodyHasUsedForLong() {
        ranges = with(RegionCacheOptions.defaults().withMaxIdle(Duration.ofMillis(300)));
        StampedRanges.Stamps idle = use(pages(1), OWN);
        KeptRange<StampedRanges.Stamps> held = acquire(pages(1), REMOTE);
        Eventually.await("evicted", () -> idle.ends.get() == 1);
        assertThat(held.resource.ends).hasValue(0);
        release(held);
    }

    // Races, as far as they can be arranged.

    @Test
    void shouldMakeOneForTwoWhoWantTheSame() throws Exception {
        MemorySegment memory = pages(4);
        source.holdUp = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Future<KeptRange<StampedRanges.Stamps>> one = threads.submit(() -> acquire(memory, OWN));
            Eventually.await("the first makes it", () -> source.heldUp.get() == 1);
            Future<KeptRange<StampedRanges.Stamps>> two = threads.submit(() -> acquire(memory.asSlice(PAGE, PAGE), OWN));
            Future<KeptRange<StampedRanges.Stamps>> elsewhere = threads.submit(() -> acquire(pages(1), REMOTE));
            Eventually.await("another range is not held up by it", () -> source.heldUp.get() == 2);
            assertThatIllegalStateException().isThrownBy(() -> ranges.close()).withMessageContaining("being registered=2");
            source.holdUp.countDown();
            assertThat(two.get()).isSameAs(one.get());
            assertThat(source.made).hasValue(2);
            release(one.get());
            release(two.get());
            release(elsewhere.get());
        }
    }

    @Test
    void shouldTryItselfWhenTheOtherFailed() throws Exception {
        MemorySegment memory = pages(1);
        source.holdUp = new CountDownLatch(1);
        source.room = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<KeptRange<StampedRanges.Stamps>> one = threads.submit(() -> acquire(memory, OWN));
            Eventually.await("the first tries", () -> source.heldUp.get() == 1);
            Future<KeptRange<StampedRanges.Stamps>> two = threads.submit(() -> acquire(memory, OWN));
            CountDownLatch latch = source.holdUp;
            Eventually.pause(50);
            source.holdUp = null;
            latch.countDown();
            assertThatThrownBy(one::get).hasRootCauseInstanceOf(StampedRanges.NoRoomException.class);
            assertThatThrownBy(two::get).hasRootCauseInstanceOf(StampedRanges.NoRoomException.class);
        }
        source.room = 1;
        assertThat(use(memory, OWN)).isNotNull();
        assertThat(ranges.counters().regions()).isEqualTo(1);
    }

    @Test
    void shouldFallBackToTheRangeAloneWhenItsNeighboursCannotBeMadeWithIt() {
        MemorySegment memory = pages(2);
        StampedRanges.Stamps left = use(memory.asSlice(0, PAGE), OWN);
        source.room = 1; // neither both beside the first
        KeptRange<StampedRanges.Stamps> right = acquire(memory.asSlice(PAGE, PAGE), OWN);
        assertThat(right.start).isEqualTo(memory.address() + PAGE);
        assertThat(left.ends).as("evicted").hasValue(1);
        assertThat(ranges.counters().pinnedBytes()).isEqualTo(PAGE);
        release(right);
    }

    // Ends.

    @Test
    void shouldTellOfMoreClosesThanAcquires() {
        KeptRange<StampedRanges.Stamps> one = acquire(pages(1), OWN);
        release(one);
        assertThatIllegalStateException().isThrownBy(() -> release(one)).withMessageContaining("more often");
        ranges.close();
        assertThatIllegalStateException().isThrownBy(() -> release(one)).withMessageContaining("more often");
    }

    @Test
    void shouldRefuseToCloseWhileSomethingIsHeldAndThenGoOn() {
        MemorySegment memory = pages(1);
        MemorySegment other = pages(1);
        KeptRange<StampedRanges.Stamps> held = acquire(memory, REMOTE);
        StampedRanges.Stamps idle = use(other, REMOTE);
        assertThatIllegalStateException().isThrownBy(() -> ranges.close()).withMessageContaining("the cache")
                .withMessageContaining(held.resource.toString());
        assertThat(use(other, REMOTE)).as("nothing has changed").isSameAs(idle);
        release(held);
        ranges.close();
        assertThat(idle.ends).hasValue(1);
        ranges.close();
        assertThatIllegalStateException().isThrownBy(() -> ranges.acquire(memory, REMOTE)).withMessageContaining("closed");
        assertThatIllegalStateException().isThrownBy(() -> ranges.acquire(NativeMemory.at(0, 1), REMOTE))
                .withMessageContaining("closed");
        assertThatIllegalStateException().isThrownBy(() -> ranges.invalidate(0, 1)).withMessageContaining("closed");
    }

    @Test
    void shouldTellByCloseWhatCouldNotBeEnded() {
        ranges = with(RegionCacheOptions.defaults().withMaxRegions(1));
        use(pages(1), OWN);
        source.failsToEnd = true;
        StampedRanges.Stamps last = use(pages(1), OWN);
        source.failsToEnd = false;
        assertThat(last.ends).hasValue(0);
        assertThatIllegalStateException().isThrownBy(() -> ranges.close()).withMessageContaining("cannot be ended");
        ranges.close();
        source.present.decrementAndGet();
        source.presentBytes.addAndGet(-PAGE);
    }
}
