package dev.daxverbs.examples.stream;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * What the two processes send each other beside the transfers: 512 bytes, in the byte order of this machine. Fields as the methods of this class.
 * A view of memory; one thread at a time.
 *
 * <pre>
 *    0 magic   8 run   16 kind (4)   20 connection (4)   24 number   32 moment   40 taken   48 granted   56 flags (4)   60 count (4)
 *   64 eight values
 *  128 entries of 24 bytes: slot, number, value; or a text
 *  504 checksum
 * </pre>
 *
 * @param memory 512 bytes
 */
record ControlMessage(MemorySegment memory) {
    /** What it is for. */
    enum Kind {
        /** Peer, first on each connection: what it is about to do. */
        HELLO,
        /** Owner: it cannot. The text says why. */
        REFUSED,
        /** Owner: how things are. Again and again; the first one is the answer to HELLO. */
        STATE,
        /** Peer: what has completed, so must be in the file. Again and again. */
        REPORT,
        /** Peer: bytes behind it, which arrive in the file. */
        DATA,
        /** Peer: nothing is outstanding any more. */
        DRAINED,
        /** Peer: what slots must hold in the end; several. */
        SLOTS,
        /** Peer: what the words must hold in the end; and the last that it says. */
        LAST,
        /** Owner: what it has counted; the last that it says. */
        COUNTED;

        private static final Kind[] ALL = values();
    }

    static final long BYTES = 512;
    /** Flags of the owner. */
    static final int ENDING = 1;
    static final int SETTLED = 2;
    static final int PHASE_SHIFT = 8;
    /** Entries in one message. */
    static final int MOST_ENTRIES = 15;
    private static final long MAGIC = 0x6d61_6572_7473_2076L; // "v stream"
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt HALF = ValueLayout.JAVA_INT_UNALIGNED;
    private static final long RUN = 8;
    private static final long KIND = 16;
    private static final long CONNECTION = 20;
    private static final long NUMBER = 24;
    private static final long MOMENT = 32;
    private static final long TAKEN = 40;
    private static final long GRANTED = 48;
    private static final long FLAGS = 56;
    private static final long COUNT = 60;
    private static final long VALUES = 64;
    private static final long ENTRIES = 128;
    private static final long ENTRY_BYTES = 24;
    private static final long CHECKSUM = 504;

    /** Begins anew: everything else is zero. */
    ControlMessage begin(Kind kind, long run, int connection, long number) {
        memory.fill((byte) 0);
        memory.set(WORD, 0, MAGIC);
        memory.set(WORD, RUN, run);
        memory.set(HALF, KIND, kind.ordinal());
        memory.set(HALF, CONNECTION, connection);
        memory.set(WORD, NUMBER, number);
        return this;
    }

    /** The last step before it is posted. */
    void seal() {
        memory.set(WORD, CHECKSUM, Checksum.of(memory.asSlice(0, CHECKSUM)));
    }

    /** Whether it is one, and of that run; run 0 is any. */
    boolean isValid(long run) {
        int kind = memory.get(HALF, KIND);
        return memory.get(WORD, 0) == MAGIC && memory.get(WORD, CHECKSUM) == Checksum.of(memory.asSlice(0, CHECKSUM))
                && kind >= 0 && kind < Kind.ALL.length && (run == 0 || run == run());
    }

    Kind kind() {
        return Kind.ALL[memory.get(HALF, KIND)];
    }

    /** Which run: a number that the peer has chosen. */
    long run() {
        return memory.get(WORD, RUN);
    }

    int connection() {
        return memory.get(HALF, CONNECTION);
    }

    /** Counts the messages of this direction and connection, writes with immediate data included. */
    long number() {
        return memory.get(WORD, NUMBER);
    }

    /** What the lease is like (owner), or was when what is told was posted (peer). */
    Moment moment() {
        return Moment.decoded(memory.get(WORD, MOMENT));
    }

    void moment(Moment moment) {
        memory.set(WORD, MOMENT, moment.encoded());
    }

    /** The number that the next message of the other direction has. */
    long taken() {
        return memory.get(WORD, TAKEN);
    }

    void taken(long messages) {
        memory.set(WORD, TAKEN, messages);
    }

    /** How many messages the other side may have sent in all. */
    long granted() {
        return memory.get(WORD, GRANTED);
    }

    void granted(long messages) {
        memory.set(WORD, GRANTED, messages);
    }

    int flags() {
        return memory.get(HALF, FLAGS);
    }

    void flags(int bits) {
        memory.set(HALF, FLAGS, bits);
    }

    /** How many entries, or bytes of text. */
    int count() {
        return memory.get(HALF, COUNT);
    }

    long value(int i) {
        return memory.get(WORD, VALUES + i * Long.BYTES);
    }

    void values(long... all) {
        for (int i = 0; i < all.length; i++) {
            memory.set(WORD, VALUES + i * Long.BYTES, all[i]);
        }
    }

    /** Adds an entry. */
    void add(int slot, long number, long value) {
        long at = ENTRIES + count() * ENTRY_BYTES;
        memory.set(WORD, at, slot);
        memory.set(WORD, at + Long.BYTES, number);
        memory.set(WORD, at + 2 * Long.BYTES, value);
        memory.set(HALF, COUNT, count() + 1);
    }

    int entrySlot(int i) {
        return (int) memory.get(WORD, ENTRIES + i * ENTRY_BYTES);
    }

    long entryNumber(int i) {
        return memory.get(WORD, ENTRIES + i * ENTRY_BYTES + Long.BYTES);
    }

    long entryValue(int i) {
        return memory.get(WORD, ENTRIES + i * ENTRY_BYTES + 2 * Long.BYTES);
    }

    void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = (int) Math.min(bytes.length, CHECKSUM - ENTRIES);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, ENTRIES, length);
        memory.set(HALF, COUNT, length);
    }

    String text() {
        byte[] bytes = new byte[count()];
        MemorySegment.copy(memory, ENTRIES, MemorySegment.ofArray(bytes), 0, bytes.length);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
