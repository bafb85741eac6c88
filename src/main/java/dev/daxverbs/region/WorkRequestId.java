package dev.daxverbs.region;

/**
 * The {@code wr_id} that work requests have on the device: the library's own, as it must find the slot of each completion.
 *
 * <pre>
 *  63        62 .............. 40   39      38      37 ................ 0
 *  receive   index of queue pair    plain   probe   low bits of the sequence number in its send or receive queue
 * </pre>
 * Plain is a send request that was not deferred, and of which its user wants a completion: when it has succeeded, there is nothing more to
 * be known of it. So a completion that is the next to come is recognised by one look at its number. A probe is a request of the library's
 * own: see {@link Probes}.
 */
final class WorkRequestId {
    /** How many queue pairs a process can have. */
    static final int MAX_QUEUE_PAIRS = 1 << 23;

    private static final int INDEX_SHIFT = 40;
    private static final int SEQUENCE_BITS = 38;
    private static final long SEQUENCE_MASK = (1L << SEQUENCE_BITS) - 1;
    private static final long PROBE = 1L << 38;
    private static final long PLAIN = 1L << 39;
    private static final long RECEIVE = 1L << 63;

    private WorkRequestId() {
    }

    static long ofSend(int queuePairIndex, long sequence) {
        return (long) queuePairIndex << INDEX_SHIFT | bitsOf(sequence);
    }

    static long ofPlainSend(int queuePairIndex, long sequence) {
        return PLAIN | ofSend(queuePairIndex, sequence);
    }

    /** What of a sequence number the ids have. */
    static long bitsOf(long sequence) {
        return sequence & SEQUENCE_MASK;
    }

    static long ofReceive(int queuePairIndex, long sequence) {
        return RECEIVE | ofSend(queuePairIndex, sequence);
    }

    static long ofProbe(int queuePairIndex) {
        return PROBE | ofSend(queuePairIndex, 0);
    }

    static boolean isProbe(long id) {
        return (id & (PROBE | RECEIVE)) == PROBE;
    }

    static boolean isReceive(long id) {
        return (id & RECEIVE) != 0;
    }

    static int queuePairIndex(long id) {
        return (int) ((id & ~RECEIVE) >>> INDEX_SHIFT);
    }

    /** The whole sequence number, given one that is less than 2^37 away from it. */
    static long sequence(long id, long near) {
        long difference = (id - near) << (Long.SIZE - SEQUENCE_BITS) >> (Long.SIZE - SEQUENCE_BITS);
        return near + difference;
    }
}
