package dev.daxverbs.examples.demo;

/** One place in the load: at most one transfer at a time, by turns a write to a page of its own and a read of the same page. */
final class Slot {
    private static final int INDEX_BITS = 8;

    final int index;
    final long writeOffset; // in the buffers
    final long readOffset;
    private final long depth;
    private final long pages;

    private long sequence = -1;
    private boolean reading = true;
    private long turn;
    private long page;

    boolean outstanding;
    long postedNs;
    long postedEpoch;

    /**
     * A slot.
     *
     * @param index which of the slots
     * @param depth how many slots there are
     * @param pages how many pages the file has: slot {@code i} uses those whose number is {@code i} modulo {@code depth}
     */
    Slot(int index, int depth, long pages) {
        if (depth > 1 << INDEX_BITS || pages < depth) {
            throw new IllegalArgumentException("depth=%d, pages=%d".formatted(depth, pages));
        }
        this.index = index;
        this.depth = depth;
        this.pages = pages;
        writeOffset = 2L * index * FileUnderTest.PAGE_BYTES;
        readOffset = writeOffset + FileUnderTest.PAGE_BYTES;
    }

    /** Chooses the next transfer: the read of the page that was just written, or the write of another. */
    void next(long newSequence) {
        sequence = newSequence;
        reading = !reading;
        if (!reading) {
            long own = (pages - 1 - index) / depth + 1;
            page = index + depth * (turn++ * stride(own) % own);
        }
    }

    /** A step that visits all of so many pages, and neighbours not one after the other. */
    private static long stride(long count) {
        long step = count * 5 / 8 | 1;
        while (gcd(step, count) != 1) {
            step += 2;
        }
        return step;
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    boolean isRead() {
        return reading;
    }

    long sequence() {
        return sequence;
    }

    long page() {
        return page;
    }

    long fileOffset() {
        return page * FileUnderTest.PAGE_BYTES;
    }

    long bufferOffset() {
        return reading ? readOffset : writeOffset;
    }

    /** The number of the work request: a completion that does not carry it is none of the slot's present transfer. */
    long workRequestId() {
        return sequence << INDEX_BITS | index;
    }

    static int indexOf(long workRequestId) {
        return (int) (workRequestId & (1 << INDEX_BITS) - 1);
    }
}
