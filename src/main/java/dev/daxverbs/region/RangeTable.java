package dev.daxverbs.region;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Ranges in the order of their starts; they may overlap. Immutable: a change gives a new table, which shares with the old one what did not
 * change. Two levels, so that a change copies some hundred elements instead of ten thousand.
 *
 * <p>Looking for a range allocates nothing. It takes two binary searches; where ranges overlap it goes back over those that begin before
 * the wanted address and do not fit, as far as there is one among them that reaches beyond the wanted end.
 */
final class RangeTable<R> {
    /** How many ranges a leaf has at most: as many as the upper level has leaves, when there are ten thousand. */
    static final int LEAF_RANGES = 128;

    /** Some ranges that follow each other; at least one. */
    private static final class Leaf<R> {
        final long[] starts;
        /** The highest end of the ranges up to each. */
        final long[] reach;
        final KeptRange<R>[] ranges;

        Leaf(KeptRange<R>[] ranges) {
            this.ranges = ranges;
            starts = new long[ranges.length];
            reach = new long[ranges.length];
            long highest = 0;
            for (int i = 0; i < ranges.length; i++) {
                starts[i] = ranges[i].start;
                highest = Math.max(highest, ranges[i].end);
                reach[i] = highest;
            }
        }
    }

    private final Leaf<R>[] leaves;
    private final long[] starts;
    /** The highest end of the leaves up to each. */
    private final long[] reach;
    private final int size;

    private RangeTable(Leaf<R>[] leaves) {
        this.leaves = leaves;
        starts = new long[leaves.length];
        reach = new long[leaves.length];
        long highest = 0;
        int count = 0;
        for (int i = 0; i < leaves.length; i++) {
            Leaf<R> leaf = leaves[i];
            starts[i] = leaf.starts[0];
            highest = Math.max(highest, leaf.reach[leaf.reach.length - 1]);
            reach[i] = highest;
            count += leaf.ranges.length;
        }
        size = count;
    }

    static <R> RangeTable<R> empty() {
        return new RangeTable<>(newLeaves(0));
    }

    @SuppressWarnings("unchecked")
    private static <R> Leaf<R>[] newLeaves(int length) {
        return (Leaf<R>[]) new Leaf<?>[length];
    }

    @SuppressWarnings("unchecked")
    private static <R> KeptRange<R>[] newRanges(int length) {
        return (KeptRange<R>[]) new KeptRange<?>[length];
    }

    int size() {
        return size;
    }

    /** The last of some ascending numbers that is not higher than one; -1 if all are. */
    private static int floor(long[] ascending, long value) {
        int low = 0;
        int high = ascending.length;
        while (low < high) {
            int middle = low + high >>> 1;
            if (ascending[middle] <= value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /** A range for those who want what is said; null if there is none. */
    KeptRange<R> find(long start, long end, MemorySegment.Scope scope, int access) {
        for (int at = floor(starts, start); at >= 0 && reach[at] >= end; at--) {
            Leaf<R> leaf = leaves[at];
            for (int i = floor(leaf.starts, start); i >= 0 && leaf.reach[i] >= end; i--) {
                KeptRange<R> range = leaf.ranges[i];
                if (range.serves(start, end, scope, access)) {
                    return range;
                }
            }
        }
        return null;
    }

    /** Calls for each range that overlaps another, or adjoins it. */
    void forEachTouching(long start, long end, Consumer<KeptRange<R>> action) {
        for (int at = floor(starts, end); at >= 0 && reach[at] >= start; at--) {
            Leaf<R> leaf = leaves[at];
            for (int i = floor(leaf.starts, end); i >= 0 && leaf.reach[i] >= start; i--) {
                if (leaf.ranges[i].end >= start) {
                    action.accept(leaf.ranges[i]);
                }
            }
        }
    }

    void forEach(Consumer<KeptRange<R>> action) {
        for (Leaf<R> leaf : leaves) {
            for (KeptRange<R> range : leaf.ranges) {
                action.accept(range);
            }
        }
    }

    boolean has(Predicate<KeptRange<R>> what) {
        for (Leaf<R> leaf : leaves) {
            for (KeptRange<R> range : leaf.ranges) {
                if (what.test(range)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** With one range more. */
    RangeTable<R> with(KeptRange<R> range) {
        if (leaves.length == 0) {
            KeptRange<R>[] only = newRanges(1);
            only[0] = range;
            return withLeaves(0, 0, List.of(new Leaf<>(only)));
        }
        int at = Math.max(0, floor(starts, range.start));
        Leaf<R> leaf = leaves[at];
        int place = floor(leaf.starts, range.start) + 1;
        KeptRange<R>[] more = newRanges(leaf.ranges.length + 1);
        System.arraycopy(leaf.ranges, 0, more, 0, place);
        more[place] = range;
        System.arraycopy(leaf.ranges, place, more, place + 1, leaf.ranges.length - place);
        if (more.length <= LEAF_RANGES) {
            return withLeaves(at, 1, List.of(new Leaf<>(more)));
        }
        int half = more.length / 2;
        return withLeaves(at, 1, List.of(new Leaf<>(Arrays.copyOf(more, half)), new Leaf<>(Arrays.copyOfRange(more, half, more.length))));
    }

    /** Without a range. The same if it is not there. */
    RangeTable<R> without(KeptRange<R> range) {
        for (int at = floor(starts, range.start); at >= 0 && reach[at] >= range.end; at--) { // equal starts may go over several leaves
            Leaf<R> leaf = leaves[at];
            for (int i = 0; i < leaf.ranges.length; i++) {
                if (leaf.ranges[i] == range) {
                    return withoutOne(at, i);
                }
            }
        }
        return this;
    }

    private RangeTable<R> withoutOne(int at, int i) {
        KeptRange<R>[] old = leaves[at].ranges;
        if (old.length == 1) {
            return withLeaves(at, 1, List.of());
        }
        KeptRange<R>[] fewer = newRanges(old.length - 1);
        System.arraycopy(old, 0, fewer, 0, i);
        System.arraycopy(old, i + 1, fewer, i, old.length - 1 - i);
        // Small neighbours become one, or there would be a leaf for each range in the end.
        if (at + 1 < leaves.length && fewer.length + leaves[at + 1].ranges.length <= LEAF_RANGES / 2) {
            KeptRange<R>[] next = leaves[at + 1].ranges;
            KeptRange<R>[] both = Arrays.copyOf(fewer, fewer.length + next.length);
            System.arraycopy(next, 0, both, fewer.length, next.length);
            return withLeaves(at, 2, List.of(new Leaf<>(both)));
        }
        return withLeaves(at, 1, List.of(new Leaf<>(fewer)));
    }

    private RangeTable<R> withLeaves(int at, int replaced, List<Leaf<R>> by) {
        Leaf<R>[] next = newLeaves(leaves.length - replaced + by.size());
        System.arraycopy(leaves, 0, next, 0, at);
        for (int i = 0; i < by.size(); i++) {
            next[at + i] = by.get(i);
        }
        System.arraycopy(leaves, at + replaced, next, at + by.size(), leaves.length - at - replaced);
        return new RangeTable<>(next);
    }

    /** Those ranges only that are to stay; for many at once. */
    RangeTable<R> only(Predicate<KeptRange<R>> stays) {
        List<KeptRange<R>> kept = new ArrayList<>(size);
        forEach(range -> {
            if (stays.test(range)) {
                kept.add(range);
            }
        });
        int half = LEAF_RANGES / 2; // with room to grow
        Leaf<R>[] next = newLeaves((kept.size() + half - 1) / half);
        for (int i = 0; i < next.length; i++) {
            List<KeptRange<R>> part = kept.subList(i * half, Math.min(kept.size(), (i + 1) * half));
            next[i] = new Leaf<>(part.toArray(newRanges(0)));
        }
        return new RangeTable<>(next);
    }
}
