package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.stream.Judge.Verdict;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Supplier;

/**
 * Compares what transfers did with what they should have done. The file is read by system calls, as its mapping may not be touched while others
 * can truncate it. One thread.
 */
final class Verification {
    private final Content file;
    private final List<Layout.Part> regions;
    private final Judge judge;
    private final WordLedger words;
    private final Supplier<Moment> now;
    private final Tally tally;
    private final MemorySegment found;

    Verification(Content file, Layout layout, Settings settings, WordLedger words, Supplier<Moment> now, Tally tally) {
        this.file = file;
        regions = layout.regions();
        judge = new Judge(settings.change());
        this.words = words;
        this.now = now;
        this.tally = tally;
        found = Arena.ofAuto().allocate(settings.size() + 2 * Place.MARGIN_BYTES);
    }

    private MemorySegment read(int region, long offset, long lengthBytes) throws IOException {
        MemorySegment part = found.asSlice(0, lengthBytes);
        return part.asSlice(0, file.read(part, regions.get(region).offset() + offset));
    }

    /** Before a put: notes what is around its range. */
    void lookAround(Place place) throws IOException {
        place.beforeSince = now.get();
        MemorySegment around = read(place.region(), place.marginStart(), place.marginEnd() - place.marginStart());
        place.beforeBytes = around.byteSize();
        place.before.copyFrom(around);
    }

    /** A put has succeeded: its bytes must be in the file, and those around it as they were. */
    void putSucceeded(Place place, MemorySegment tail) throws IOException {
        Transfer put = place.put;
        place.holds = true;
        place.heldSince = put.since;
        MemorySegment inFile = read(place.region(), put.offset, put.lengthBytes);
        Moment present = now.get();
        Verdict verdict = judge.compare(place.expected(put), inFile, put.since.quietUntil(present));
        tally.compared(verdict, "%s: the file does not have what was transferred to it%s".formatted(put.step,
                put.postedAt.quietUntil(present) ? "" : "; there was a break while it was outstanding"));
        if (put.step.isSplit()) {
            compareTail(put, tail, place);
        }
        if (place.beforeBytes > 0) {
            compareAround(place);
        }
    }

    private void compareAround(Place place) throws IOException {
        long start = place.marginStart();
        long end = place.marginEnd();
        long before = place.put.offset - start;
        long after = place.put.offset + place.put.lengthBytes;
        MemorySegment present = read(place.region(), start, end - start);
        boolean quiet = place.beforeSince.quietUntil(now.get());
        boolean whole = present.byteSize() == end - start && place.beforeBytes == end - start;
        Verdict verdict = !whole ? Verdict.UNKNOWN : judge.compareIfQuiet(place.before.asSlice(0, before), present.asSlice(0, before), quiet);
        if (verdict == Verdict.RIGHT) {
            verdict = judge.compareIfQuiet(place.before.asSlice(after - start, end - after), present.asSlice(after - start), quiet);
        }
        if (verdict == Verdict.WRONG) {
            tally.compared(verdict, "%s: bytes of the file beside the range have changed".formatted(place.put.step));
        }
    }

    /** A get has succeeded: what it brought must be what was put, or else what the file has. */
    void getSucceeded(Place place, MemorySegment got, MemorySegment gotTail) throws IOException {
        Transfer get = place.get;
        String reason = "%s: brought other bytes than the file has".formatted(get.step);
        Moment present = now.get();
        boolean quiet = place.holds && place.heldSince.quietUntil(present);
        // Others may have changed it since the put, but not since the get. Since that was posted, as the file may be read at any time before it completes.
        if (!quiet && get.postedAt.quietUntil(present)) {
            MemorySegment inFile = read(place.region(), get.offset, get.lengthBytes);
            Verdict verdict = judge.compareIfQuiet(inFile, got.asSlice(0, inFile.byteSize()), get.postedAt.quietUntil(now.get()));
            tally.compared(verdict, reason);
        }
        if (place.holds) {
            tally.compared(judge.compare(place.expected(get), got, quiet), reason);
        }
        if (get.step.isSplit()) {
            compareTail(get, gotTail, place);
        }
    }

    /** Anonymous memory, which nobody else can change. */
    private void compareTail(Transfer transfer, MemorySegment tail, Place place) {
        Verdict verdict = judge.compare(place.tail(transfer), tail, true);
        if (verdict == Verdict.WRONG) {
            tally.compared(verdict, "%s: the element of anonymous memory is wrong".formatted(transfer.step));
        }
    }

    /** An atomic has succeeded. */
    void atomicSucceeded(Transfer atomic, long old) {
        tally.compared(words.took(atomic.word, old, atomic.postedAt, now.get()), "FETCH_ADD: a value that came before, or cannot be");
    }

    /** At the end, when all atomics have completed. */
    void wordsEnded() throws IOException {
        for (int i = 0; i < words.words(); i++) {
            MemorySegment word = read(0, (long) i * Long.BYTES, Long.BYTES);
            Verdict verdict = word.byteSize() < Long.BYTES ? words.ended(i, -1) : words.ended(i, word.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
            tally.compared(verdict, "FETCH_ADD: in the end a word has another value than was added to it");
        }
    }
}
