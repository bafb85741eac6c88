package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Pattern;
import dev.daxverbs.examples.stream.Judge.Verdict;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The owner's look at the slots of one connection, in the file, while the peer writes them.
 *
 * <p>The peer writes a payload, and then the flag that names it; the next payload goes to the slot's other buffer. So if the flag is the same before and after
 * the payload was read, nobody has begun to write over that payload meanwhile, and it must be there, whole: a flag is never seen before its payload.
 *
 * <p>Others may have changed the file, unless there has been no break since: of that, see {@link Moment#quietUntil}. For a payload it is counted from what the
 * peer had heard before it posted, which the flag bears. One thread.
 */
final class SlotCheck {
    /** A processor that writes a flag across two pages may be halted between them for long. */
    static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long PAUSE_MS = 1;

    /** What the bytes of a flag say. */
    private record Found(Flag flag, boolean empty) {
        long sequence() {
            return flag == null ? 0 : flag.sequence();
        }
    }

    private final Content file;
    private final RemoteLayout layout;
    private final long run;
    private final int connection;
    private final ContentChange change;
    private final Judge judge;
    private final Supplier<Moment> now;
    private final Tally tally;
    private final long patienceNs;
    private final MemorySegment flagBytes;
    private final MemorySegment found;
    private final MemorySegment expected;
    private final long[] seen; // the highest sequence of each slot
    private final Moment[] seenAt;
    private int next;

    SlotCheck(Content file, RemoteLayout layout, long run, int connection, ContentChange change, Supplier<Moment> now, Tally tally,
            long patienceNs) {
        this.file = file;
        this.layout = layout;
        this.run = run;
        this.connection = connection;
        this.change = change;
        judge = new Judge(change);
        this.now = now;
        this.tally = tally;
        this.patienceNs = patienceNs;
        Arena arena = Arena.ofAuto();
        flagBytes = arena.allocate(Flag.BYTES);
        found = arena.allocate(layout.slotBytes());
        expected = arena.allocate(layout.size());
        seen = new long[layout.depth()];
        seenAt = new Moment[layout.depth()];
        Arrays.fill(seenAt, new Moment(0, false));
    }

    private int slot(int own) {
        return layout.slot(connection, own);
    }

    /** Reads a range of the file: less than it has if the file ends before. */
    private MemorySegment read(long offset, long lengthBytes) throws IOException {
        MemorySegment part = found.asSlice(0, lengthBytes);
        return part.asSlice(0, file.read(part, offset));
    }

    private Found flag(int own) throws IOException {
        int slot = slot(own);
        long endNs = System.nanoTime() + patienceNs;
        while (true) {
            boolean whole = file.read(flagBytes, layout.slotAt(slot) + layout.flagAt(slot)) == Flag.BYTES;
            Flag flag = whole ? Flag.read(flagBytes, run, slot) : null;
            boolean empty = !whole || isZero(flagBytes);
            if (flag != null || empty || System.nanoTime() - endNs >= 0) {
                return new Found(flag, empty);
            }
            pause(); // it is being written
        }
    }

    private static boolean isZero(MemorySegment bytes) {
        for (long i = 0; i < bytes.byteSize(); i++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks at the next slot. */
    void lookAtNext() throws IOException {
        look(next);
        next = (next + 1) % layout.depth();
    }

    /** Looks at a slot, and returns the sequence that its flag has; 0 for none. */
    private long look(int own) throws IOException {
        Moment before = now.get();
        Found first = flag(own);
        if (first.sequence() < seen[own] || first.flag() == null && !first.empty()) {
            boolean quiet = seenAt[own].quietUntil(now.get());
            if (quiet || change == ContentChange.NOTHING) {
                tally.compared(Verdict.WRONG, first.flag() != null ? "a slot has an older flag than before"
                        : first.empty() ? "the flag of a slot is gone" : "a slot has bytes that are no flag");
            }
            return first.sequence();
        }
        if (first.flag() != null) {
            comparePayload(own, first.flag());
            seen[own] = first.sequence();
            seenAt[own] = before;
        }
        return first.sequence();
    }

    private void comparePayload(int own, Flag flag) throws IOException {
        long at = layout.slotAt(slot(own)) + flag.at();
        MemorySegment content = expected.asSlice(0, flag.length());
        Pattern.fill(content, flag.sequence(), Flag.payloadPlace(run, slot(own)));
        MemorySegment payload = read(at, flag.length());
        if (!isStill(own, flag)) {
            return; // and the next payload may have been written over this one
        }
        Verdict verdict = judge.compare(content, payload, flag.moment().quietUntil(now.get()));
        if (verdict == Verdict.WRONG && comesLater(own, flag, content, at)) {
            tally.outOfOrder(1, "a flag was in the file before its payload");
            return;
        }
        if (verdict != Verdict.WRONG || isStill(own, flag)) {
            tally.compared(verdict, "a flag is in the file, and not its payload");
        }
    }

    private boolean isStill(int own, Flag flag) throws IOException {
        return flag(own).sequence() == flag.sequence();
    }

    private boolean comesLater(int own, Flag flag, MemorySegment content, long at) throws IOException {
        long endNs = System.nanoTime() + patienceNs;
        while (System.nanoTime() - endNs < 0 && isStill(own, flag)) {
            if (content.mismatch(read(at, flag.length())) == -1) {
                return true;
            }
            pause();
        }
        return false;
    }

    /** The peer was told that a payload and its flag have been transferred; this one, or one after it, must be there. */
    void toldComplete(int own, long sequence, Moment since) throws IOException {
        long present = look(own);
        if (present >= sequence) {
            tally.compared(Verdict.RIGHT, null);
        } else if (change == ContentChange.NOTHING || since.quietUntil(now.get())) {
            tally.compared(Verdict.WRONG, "what the peer was told is complete is not in the file");
        }
    }

    /** A write with immediate data has arrived, as such a message: its flag must be there. */
    void arrived(int own, long message) throws IOException {
        Found first = flag(own);
        if (first.flag() != null && first.flag().messages() > message) {
            tally.compared(Verdict.RIGHT, null);
        } else if (change == ContentChange.NOTHING) {
            tally.compared(Verdict.WRONG, "a write with immediate data has arrived, and its bytes are not in the file");
        }
        look(own);
    }

    /** What a slot must hold when all has ended, the others too. */
    void compareInTheEnd(int own, long sequence, long checksum) throws IOException {
        if (sequence < 0) {
            return; // the peer does not know either
        }
        int slot = slot(own);
        MemorySegment all = read(layout.slotAt(slot), layout.slotBytes());
        boolean right = all.byteSize() == layout.slotBytes() && checksum(all, layout, slot, change) == checksum;
        tally.compared(right ? Verdict.RIGHT : Verdict.WRONG, "in the end a slot has other bytes than the peer has written to it");
    }

    /** Of all bytes of a slot; if others may change the file, of those that the peer has written once more after they ended. */
    static long checksum(MemorySegment slotBytes, RemoteLayout layout, int slot, ContentChange change) {
        return change == ContentChange.NOTHING ? Checksum.of(slotBytes)
                : Checksum.of(slotBytes.asSlice(layout.flagAt(slot), Flag.BYTES), slotBytes.asSlice(layout.bufferAt(0), layout.size()),
                        slotBytes.asSlice(layout.bufferAt(1), layout.size()));
    }

    /** What a message brought to the file; the bytes that the device says it had. */
    void compareMessage(int receive, long number, int lengthBytes, Moment since) throws IOException {
        MemorySegment content = expected.asSlice(0, lengthBytes);
        Pattern.fill(content, number, Flag.messagePlace(run, connection));
        MemorySegment present = read(layout.inboxAt(connection, receive), lengthBytes);
        tally.compared(judge.compare(content, present, since.quietUntil(now.get())), "a message has arrived, and its bytes are not in the file");
    }

    /** What a word must have in the end, if nobody else may change it. */
    void compareWord(long at, long value, String reason) throws IOException {
        if (change == ContentChange.NOTHING) {
            MemorySegment word = read(at, Long.BYTES);
            boolean right = word.byteSize() == Long.BYTES && word.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) == value;
            tally.compared(right ? Verdict.RIGHT : Verdict.WRONG, reason);
        }
    }
}
