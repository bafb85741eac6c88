package dev.daxverbs.examples.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A slot as the peer knows it: what it has written there, and what it is doing with it. One thread. */
final class PeerSlot {
    private static final long ALIGNMENT = 64;

    /** Its number in its connection, and among all. */
    final int own;
    final int number;
    /** In the buffers: a payload that goes out, what a read brings, a flag that goes out, what an atomic brings, a message that goes out. */
    final long outAt;
    final long inAt;
    final long flagAt;
    final long resultAt;
    final long messageAt;
    /** What the slot must hold in the owner's file. */
    final MemorySegment shadow;

    /** Counts the payloads; the last one that was posted. */
    long sequence;
    /** How many messages there had been with the latest write with immediate data to it. */
    long messages;
    /** How many requests are outstanding. */
    int outstanding;
    /** Where the last payload is, and how long; also while it is under way. */
    int at;
    int length;
    /** What the owner had last told before that was posted. */
    Moment since;
    /** Whether it and its flag have been transferred. */
    boolean holds;
    /** If so, its number. */
    long completed;
    /** Whether part of the last put met the end of the file. */
    boolean truncated;
    /** Which buffer the next payload goes to: not that of the last flag. */
    int buffer;
    /** What it must hold in the end is not known. */
    boolean unknown;
    private final RemoteLayout layout;
    private Flag flag;

    PeerSlot(int own, int number, RemoteLayout layout, Arena arena) {
        this.own = own;
        this.number = number;
        this.layout = layout;
        outAt = own * bytes(layout);
        inAt = outAt + layout.size();
        flagAt = aligned(inAt + layout.size());
        resultAt = flagAt + ALIGNMENT;
        messageAt = resultAt + ALIGNMENT;
        shadow = arena.allocate(layout.slotBytes());
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** How many bytes of the buffers a slot takes. */
    static long bytes(RemoteLayout layout) {
        return aligned(3L * layout.size()) + 3 * ALIGNMENT + ControlMessage.BYTES;
    }

    boolean isIdle() {
        return outstanding == 0;
    }

    /** A put is about to be posted. */
    void begin(Flag next) {
        flag = next;
        at = next.at();
        length = next.length();
        since = next.moment();
        holds = false;
        truncated = false;
    }

    /** Its flag has been transferred; its payload, too, unless it was truncated. */
    void completed(MemorySegment payload) {
        buffer = 1 - buffer;
        if (truncated) {
            unknown = true;
            return;
        }
        holds = true;
        completed = flag.sequence();
        shadow.asSlice(at, length).copyFrom(payload);
        flag.write(shadow.asSlice(layout.flagAt(number), Flag.BYTES));
    }
}
