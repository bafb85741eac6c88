package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Pattern;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.random.RandomGenerator;

/** Where one put and one get at a time work: own pieces of the file, and own buffers. One thread. */
final class Place {
    /** How many bytes on each side of a range a transfer must leave as they are. */
    static final long MARGIN_BYTES = 32;

    final int index;
    /** In the buffers: what puts send, then what gets bring. */
    final long outOffset;
    final long inOffset;
    final Transfer put = new Transfer(this);
    final Transfer get = new Transfer(this);
    private final List<Layout.Part> pieces;
    private final Settings settings;
    private final RandomGenerator random;
    private final MemorySegment expected;
    private final MemorySegment tail;
    private Layout.Part piece;
    private int turn;

    /** Whether the last put succeeded, so that its bytes must be there. */
    boolean holds;
    /** Whether what was put has been asked for. */
    boolean gotten = true;
    /** If so, the lease before that. */
    Moment heldSince;
    /** The bytes around the range before the put, and how many; the lease before they were read. */
    final MemorySegment before;
    long beforeBytes;
    Moment beforeSince;

    Place(int index, List<Layout.Part> pieces, Settings settings, RandomGenerator random, Arena arena) {
        this.index = index;
        this.pieces = pieces;
        this.settings = settings;
        this.random = random;
        outOffset = index * bytes(settings);
        inOffset = outOffset + 2 * settings.size();
        expected = arena.allocate(settings.size());
        tail = arena.allocate(settings.size());
        before = arena.allocate(settings.size() + 2 * MARGIN_BYTES);
    }

    /** How many bytes of the buffers a place takes; its atomics need theirs at multiples of 8. */
    static long bytes(Settings settings) {
        return (4L * settings.size() + 63) / 64 * 64 + 64;
    }

    /** The region that its range is in. */
    int region() {
        return piece.region();
    }

    boolean isIdle() {
        return !put.outstanding && !get.outstanding;
    }

    /** Chooses the next range and fills the content for it. */
    void nextPut(long sequence) {
        List<Step> puts = settings.operation().puts();
        piece = pieces.get(random.nextInt(pieces.size()));
        choose(put, puts.get(turn % puts.size()));
        long room = piece.lengthBytes() - settings.size();
        if (settings.offsetMode() == OffsetMode.ANY) {
            put.lengthBytes = 1 + random.nextLong(settings.size());
            put.offset = piece.offset() + random.nextLong(piece.lengthBytes() - put.lengthBytes + 1);
        } else {
            put.lengthBytes = settings.size();
            put.offset = piece.offset() + random.nextLong(room / Layout.PAGE_BYTES + 1) * Layout.PAGE_BYTES;
        }
        Pattern.fill(expected.asSlice(0, put.lengthBytes), sequence, index);
        Pattern.fill(tail, ~sequence, index);
        holds = false;
    }

    /** Chooses how to get back what was put: all of it or, at any offset, part. */
    void nextGet(Step step) {
        choose(get, step);
        get.offset = put.offset;
        get.lengthBytes = put.lengthBytes;
        if (settings.offsetMode() == OffsetMode.ANY) {
            long skip = random.nextLong(put.lengthBytes);
            get.offset += skip;
            get.lengthBytes = 1 + random.nextLong(put.lengthBytes - skip);
        }
    }

    /** An atomic instead of a get; the range stays. */
    void nextAtomic(int word) {
        choose(get, Step.FETCH_ADD);
        get.word = word;
        get.lengthBytes = Long.BYTES;
    }

    Step getStep() {
        List<Step> gets = settings.operation().gets();
        return gets.get(turn++ / settings.operation().puts().size() % gets.size());
    }

    private void choose(Transfer transfer, Step step) {
        boolean any = settings.offsetMode() == OffsetMode.ANY;
        transfer.step = step;
        transfer.tailBytes = step.isSplit() ? 1 + random.nextLong(settings.size()) : 0;
        transfer.tailFirst = step.isSplit() && any && random.nextBoolean();
        transfer.signaled = true;
        transfer.hasImmediate = step == Step.WRITE_IMMEDIATE || step == Step.SEND && random.nextBoolean();
        transfer.truncated = false;
        transfer.since = null;
    }

    /** What the file must have in the range of a transfer. */
    MemorySegment expected(Transfer transfer) {
        return expected.asSlice(transfer.offset - put.offset, transfer.lengthBytes);
    }

    /** What the element of anonymous memory must have. */
    MemorySegment tail(Transfer transfer) {
        return tail.asSlice(0, transfer.tailBytes);
    }

    /** Where the bytes around the range begin, in the region. */
    long marginStart() {
        return Math.max(piece.offset(), put.offset - MARGIN_BYTES);
    }

    long marginEnd() {
        return Math.min(piece.offset() + piece.lengthBytes(), put.offset + put.lengthBytes + MARGIN_BYTES);
    }
}
