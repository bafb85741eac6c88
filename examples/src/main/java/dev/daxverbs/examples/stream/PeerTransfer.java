package dev.daxverbs.examples.stream;

/**
 * A request that the peer has posted. Used once.
 *
 * @param kind what it does
 * @param slot whose it is; null for a report
 * @param signaled whether it has a completion of its own
 * @param postedNs when it was posted, by {@link System#nanoTime()}
 * @param at of a read: where it begins in the slot; of an atomic: in the file
 * @param length how many bytes it moves
 * @param value of an atomic: what it adds, or would swap in; of a report: which buffer it has
 * @param expected of a compare-and-swap: what the word must have to be swapped
 */
record PeerTransfer(Kind kind, PeerSlot slot, boolean signaled, long postedNs, long at, int length, long value, long expected) {
    /** What it does. */
    enum Kind {
        /** Writes the bytes of a slot. */
        PAYLOAD,
        /** Writes the flag behind them. */
        FLAG,
        /** The same with immediate data. */
        FLAG_IMMEDIATE,
        /** Reads a payload, or some of it. */
        READ,
        /** Sends bytes that arrive in the file. */
        DATA,
        /** Adds to a word of all. */
        ADD,
        /** Compares and swaps the connection's word. */
        SWAP,
        /** Sends something that is no load. */
        REPORT;

        /** Whether it takes one of the owner's receives. */
        boolean isMessage() {
            return this == FLAG_IMMEDIATE || this == DATA || this == REPORT;
        }
    }

    static PeerTransfer of(Kind kind, PeerSlot slot, boolean signaled, int length) {
        return new PeerTransfer(kind, slot, signaled, System.nanoTime(), 0, length, 0, 0);
    }

    @Override
    public String toString() {
        return "%s of %d bytes%s%s".formatted(kind, length, slot == null ? "" : " of slot " + slot.own, signaled ? "" : ", unsignaled");
    }
}
