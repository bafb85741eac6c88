package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * No hit on memory that is not what was registered: four threads acquire and release ranges, while one place after the other gets other
 * memory ({@link RemappedPlaces}). In place of regions something is kept that shows of which memory it was made ({@link StampedRanges}),
 * and each is compared with what is there.
 *
 * <p>System property {@code daxverbs.cacheProof}: how many acquires in all (100,000 if it is not set; the long form is 1,000,000 or more).
 */
@Timeout(600)
class RegionCacheProofTest {
    private static final int ACQUIRES = Integer.getInteger("daxverbs.cacheProof", 100_000);
    private static final int PLACES = 10_000;
    private static final int THREADS = 4;
    private static final int REMAP_ONE_IN = 20;
    private static final int OWN = AccessFlag.LOCAL_WRITE.bit();
    private static final int REMOTE = OWN | AccessFlag.REMOTE_WRITE.bit();

    private final StampedRanges source = new StampedRanges();

    @Test
    void shouldNeverServeWhatWasMadeOfOtherMemory() throws Exception {
        KeptRanges<StampedRanges.Stamps> ranges = new KeptRanges<>(source,
                RegionCacheOptions.defaults().withMaxRegions(PLACES / 2), "cache");
        try (RemappedPlaces places = new RemappedPlaces(PLACES, true); ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> users = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                users.add(threads.submit(() -> use(ranges, places.places)));
            }
            AtomicBoolean done = new AtomicBoolean();
            Thread changer = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    places.changeAFile(ThreadLocalRandom.current());
                    Eventually.pause(1);
                }
            });
            try {
                for (Future<?> user : users) {
                    user.get();
                }
            } finally {
                done.set(true);
                changer.join();
            }
            RegionCacheCounters counters = ranges.counters();
            System.out.println("acquires=%d PROCMAP_QUERY=%s %s".formatted(ACQUIRES, MappingWitness.isAvailable(), counters));
            assertThat(counters.hits() + counters.misses() + counters.uncached()).isEqualTo(ACQUIRES / THREADS * THREADS);
            assertThat(counters.hits()).isGreaterThan(ACQUIRES / 10);
            assertThat(counters.dead()).isPositive();
            assertThat(counters.merges()).isPositive();
            assertThat(counters.uncached()).isPositive();
            assertThat(source.mostPresent.get()).as("those that are for one caller alone are not among the limit's")
                    .isLessThanOrEqualTo(PLACES / 2 + THREADS);
            Eventually.await("nothing is left of what was uncached, or has left while held", () -> {
                RegionCacheCounters now = ranges.counters(); // what is dead may still be found
                return source.present.get() == now.regions() && source.presentBytes.get() == now.pinnedBytes();
            });
            ranges.close();
        }
        assertThat(source.present).hasValue(0);
        assertThat(source.presentBytes).hasValue(0);
        assertThat(source.mistakes).isEmpty();
    }

    private static void use(KeptRanges<StampedRanges.Stamps> ranges, List<RemappedPlaces.Place> places) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int i = 0; i < ACQUIRES / THREADS; i++) {
            // Most of the time some are used much, as a cache expects.
            RemappedPlaces.Place place = places.get(random.nextInt(random.nextInt(10) == 0 ? PLACES : PLACES / 10));
            if (random.nextInt(REMAP_ONE_IN) == 0) {
                place.lock.writeLock().lock();
                place.map(random);
                place.lock.writeLock().unlock();
            }
            place.lock.readLock().lock();
            try {
                MemorySegment wanted = place.part(random);
                KeptRange<StampedRanges.Stamps> range = ranges.acquire(wanted, random.nextInt(3) == 0 ? REMOTE : OWN);
                if (range.start > wanted.address() || range.end < wanted.address() + wanted.byteSize()) {
                    throw new AssertionError("not covered: " + range + " for " + wanted);
                }
                if (!range.resource.isOf(wanted)) {
                    throw new AssertionError("stale: " + range + " for " + wanted);
                }
                if (range.resource.ends.get() != 0) {
                    throw new AssertionError("ended: " + range);
                }
                ranges.release(range.resource);
            } catch (IOException e) {
                throw new AssertionError(e);
            } finally {
                place.lock.readLock().unlock();
            }
        }
    }
}
