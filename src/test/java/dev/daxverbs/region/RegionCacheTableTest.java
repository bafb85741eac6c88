package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** RangeTable beside a list that is searched from front to back. */
@AnyKernel
@Timeout(120)
class RegionCacheTableTest {
    private static final MemorySegment.Scope GLOBAL = KeptRange.GLOBAL;
    private static final int OWN = AccessFlag.LOCAL_WRITE.bit();
    private static final int REMOTE = OWN | AccessFlag.REMOTE_READ.bit();

    private static KeptRange<String> range(long start, long end, int access) {
        return new KeptRange<>(NativeMemory.at(start, end - start), access, "r", null, true);
    }

    @Test
    void shouldFindWhatCovers() {
        KeptRange<String> low = range(1000, 2000, OWN);
        KeptRange<String> wide = range(500, 10_000, OWN);
        KeptRange<String> high = range(3000, 4000, OWN);
        RangeTable<String> table = RangeTable.<String>empty().with(high).with(low).with(wide);
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.find(1000, 2000, GLOBAL, OWN)).isSameAs(low);
        assertThat(table.find(1500, 1501, GLOBAL, 0)).as("those who only read").isSameAs(low);
        assertThat(table.find(3000, 4001, GLOBAL, OWN)).as("behind one that is too short").isSameAs(wide);
        assertThat(table.find(400, 600, GLOBAL, OWN)).isNull();
        assertThat(table.find(9000, 10_001, GLOBAL, OWN)).isNull();
        assertThat(table.without(wide).find(3000, 4001, GLOBAL, OWN)).isNull();
        assertThat(table.without(wide).without(wide).size()).isEqualTo(2);
        assertThat(RangeTable.<String>empty().find(1, 2, GLOBAL, OWN)).isNull();
    }

    @Test
    void shouldGiveRangesThatPeersKnowOnlyToThoseWhoWantTheSame() {
        KeptRange<String> remote = range(1000, 2000, REMOTE);
        RangeTable<String> table = RangeTable.<String>empty().with(remote);
        assertThat(table.find(1000, 2000, GLOBAL, REMOTE)).isSameAs(remote);
        assertThat(table.find(1000, 1999, GLOBAL, REMOTE)).isNull();
        assertThat(table.find(1001, 2000, GLOBAL, REMOTE)).isNull();
        assertThat(table.find(1000, 2000, GLOBAL, AccessFlag.REMOTE_READ.bit())).as("fewer rights").isNull();
        assertThat(table.find(1000, 2000, GLOBAL, OWN)).isNull();
        KeptRange<String> readOnly = range(1000, 2000, 0);
        assertThat(table.with(readOnly).find(1000, 2000, GLOBAL, OWN)).as("more rights").isNull();
        assertThat(table.with(readOnly).find(1000, 2000, GLOBAL, 0)).isSameAs(readOnly);
    }

    @Test
    void shouldAnswerAsASearchThroughAll() {
        Random random = new Random(7);
        List<KeptRange<String>> all = new ArrayList<>();
        RangeTable<String> table = RangeTable.empty();
        for (int i = 0; i < 20_000; i++) {
            int what = random.nextInt(10);
            if (what < (i < 8000 ? 6 : 2) || all.isEmpty()) {
                long start = 10 + random.nextInt(5000);
                long length = random.nextInt(50) == 0 ? 1 + random.nextInt(3000) : 1 + random.nextInt(40);
                KeptRange<String> one = range(start, start + length, random.nextInt(4) == 0 ? REMOTE : OWN);
                all.add(one);
                table = table.with(one);
            } else if (what < 8) {
                KeptRange<String> one = all.remove(random.nextInt(all.size()));
                table = table.without(one);
            } else {
                if (i % 1000 == 999) {
                    all.removeIf(range -> range.start % 3 == 0);
                    table = table.only(range -> range.start % 3 != 0);
                }
                check(table, all, random);
            }
            assertThat(table.size()).isEqualTo(all.size());
        }
    }

    private static void check(RangeTable<String> table, List<KeptRange<String>> all, Random random) {
        long start = 10 + random.nextInt(5000);
        long end = start + 1 + random.nextInt(60);
        int access = random.nextBoolean() ? OWN : REMOTE;
        KeptRange<String> found = table.find(start, end, GLOBAL, access);
        boolean expected = all.stream().anyMatch(range -> range.start <= start && range.serves(start, end, GLOBAL, access));
        assertThat(found != null).isEqualTo(expected);
        if (found != null) {
            assertThat(found.start).isLessThanOrEqualTo(start);
            assertThat(found.serves(start, end, GLOBAL, access)).isTrue();
            assertThat(all).contains(found);
        }
        Set<KeptRange<String>> touching = new HashSet<>();
        table.forEachTouching(start, end, touching::add);
        assertThat(touching).containsExactlyInAnyOrderElementsOf(
                all.stream().filter(range -> range.start <= end && range.end >= start).toList());
        List<Long> starts = new ArrayList<>();
        table.forEach(range -> starts.add(range.start));
        assertThat(starts).hasSize(all.size()).isSorted();
    }
}
