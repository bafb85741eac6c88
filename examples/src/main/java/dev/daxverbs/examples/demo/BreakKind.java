package dev.daxverbs.examples.demo;

import java.util.Locale;

/** What the other processes do to the file. The names are those of the cases in breaker.sh. */
enum BreakKind {
    /** Opens it for reading: the kernel breaks a write lease for that, too. */
    READ,
    /** Opens it for writing, and closes it. */
    APPEND,
    /** Cuts it to zero and makes it large again, while it is held open throughout. */
    TRUNCATE,
    /** Copies the source over it. */
    COPY;

    /** Rounds of these, and then a copy, which takes as long as all of them together. */
    private static final BreakKind[] ROUND = {READ, APPEND, TRUNCATE, READ, APPEND};
    private static final int ROUNDS = 3;

    /** The kind of the break of this number, counted from 0. */
    static BreakKind inTurn(int number) {
        int position = number % (ROUNDS * ROUND.length + 1);
        return position == ROUNDS * ROUND.length ? COPY : ROUND[position % ROUND.length];
    }

    /** The word for breaker.sh. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
