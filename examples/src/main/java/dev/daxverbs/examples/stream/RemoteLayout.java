package dev.daxverbs.examples.stream;

/**
 * Which bytes of the owner's file are whose. Both processes reckon it from the same numbers.
 *
 * <pre>
 *   page 0                words that all connections add to
 *   a page each           of each connection: the word that it compares and swaps
 *   depth slots each      of each connection: a page with the flag, and two buffers, which payloads go to by turns
 *   receives each         of each connection: where its messages arrive
 * </pre>
 *
 * @param connections how many
 * @param depth how many slots each has
 * @param size how long a payload is at most
 * @param offsetMode where transfers begin
 */
record RemoteLayout(int connections, int depth, int size, OffsetMode offsetMode) {
    /** Slots of one connection; also what fits in the immediate data beside a message's number. */
    static final int MOST_DEPTH = 1024;
    private static final int MOST_RECEIVES = 64;
    private static final int LEAST_RECEIVES = 16;
    /** Of staging memory, which receives on files hold while they are posted. */
    private static final long RECEIVE_BYTES = 1 << 20;
    private static final int WORDS = 8;
    private static final int BUFFERS = 2;
    private static final int ODD = 61; // flags of neighbours begin elsewhere

    /** How many words all add to: on-demand registrations may take atomics at page boundaries only. */
    int words() {
        return offsetMode == OffsetMode.ANY ? WORDS : 1;
    }

    long wordAt(int word) {
        return (long) word * Long.BYTES;
    }

    /** The word of one connection. */
    long ownWordAt(int connection) {
        return Layout.PAGE_BYTES * (1 + connection) + (offsetMode == OffsetMode.ANY ? Long.BYTES * (1 + connection % WORDS) : 0);
    }

    int slots() {
        return connections * depth;
    }

    /** A connection's slot, as a number among all. */
    int slot(int connection, int own) {
        return connection * depth + own;
    }

    private long bufferBytes() {
        return pages(size);
    }

    /** How long a slot is. */
    long slotBytes() {
        return Layout.PAGE_BYTES + BUFFERS * bufferBytes();
    }

    long slotAt(int slot) {
        return Layout.PAGE_BYTES * (1 + connections) + slot * slotBytes();
    }

    /** Where the flag is within its slot. */
    long flagAt(int slot) {
        return offsetMode == OffsetMode.ANY ? (long) slot * ODD % (Layout.PAGE_BYTES - Flag.BYTES) : 0;
    }

    /** Where a buffer is within its slot. */
    long bufferAt(int buffer) {
        return Layout.PAGE_BYTES + buffer * bufferBytes();
    }

    /** How many receives the owner has posted for each connection. */
    int receives() {
        return Math.clamp(RECEIVE_BYTES / connections / size, LEAST_RECEIVES, MOST_RECEIVES);
    }

    /** Where the bytes of a message arrive. */
    long inboxAt(int connection, int receive) {
        return slotAt(slots()) + ((long) connection * MOST_RECEIVES + receive) * pages(size);
    }

    /** How long the file must be. */
    long bytes() {
        return inboxAt(connections, 0);
    }

    private static long pages(long bytes) {
        return (bytes + Layout.PAGE_BYTES - 1) / Layout.PAGE_BYTES * Layout.PAGE_BYTES;
    }
}
