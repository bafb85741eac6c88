package dev.daxverbs.examples.stream;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Decides whether bytes that were found are those that must be there. */
final class Judge {
    /** What a comparison says. */
    enum Verdict {
        /** Byte for byte what is expected. */
        RIGHT,
        /** Not what it must be. */
        WRONG,
        /** Not what is expected, but what another process may have made of it: zeros in its place. */
        EXCUSED,
        /** Nothing can be said. */
        UNKNOWN
    }

    private final ContentChange change;

    Judge(ContentChange change) {
        this.change = change;
    }

    /**
     * Compares.
     *
     * @param expected what must be there if nobody else changed it
     * @param found what is there: shorter than expected where the file ended
     * @param quiet whether nobody else can have changed it
     */
    Verdict compare(MemorySegment expected, MemorySegment found, boolean quiet) {
        if (expected.mismatch(found) == -1) {
            return Verdict.RIGHT;
        }
        if (quiet || change == ContentChange.NOTHING || found.byteSize() > expected.byteSize()) {
            return Verdict.WRONG;
        }
        if (change == ContentChange.ANYTHING) {
            return Verdict.UNKNOWN;
        }
        for (long i = 0; i < found.byteSize(); i++) {
            byte one = found.get(ValueLayout.JAVA_BYTE, i);
            if (one != 0 && one != expected.get(ValueLayout.JAVA_BYTE, i)) {
                return Verdict.WRONG;
            }
        }
        return Verdict.EXCUSED;
    }

    /** Compares what can only be compared when nobody else can have changed it. */
    Verdict compareIfQuiet(MemorySegment expected, MemorySegment found, boolean quiet) {
        return quiet || change == ContentChange.NOTHING ? compare(expected, found, true) : Verdict.UNKNOWN;
    }
}
