package dev.daxverbs.examples.stream;

import java.util.function.Supplier;

/**
 * What the peer did while a writer held the owner's file open, and after it; the owner tells which it is. Any thread.
 */
final class HoldWatch {
    /** It is about to open the file: its break is part of the longest gap. */
    static final int OPENING = 1;
    /** It has it open. */
    static final int HELD = 2;
    /** It closes it, a second later. */
    static final int CLOSED = 3;
    private static final int PHASES = 4;

    /**
     * What happened.
     *
     * @param seconds for how long it had the file open
     * @param transfers how many succeeded in that time
     * @param numbers what the library has counted in that time
     * @param secondsAfter how long there were transfers after it had closed it
     * @param transfersAfter how many succeeded after it
     * @param numbersAfter what the library has counted after it
     */
    record Held(double seconds, long transfers, Counts numbers, double secondsAfter, long transfersAfter, Counts numbersAfter) {
    }

    private record Look(long atNs, long succeeded, Counts numbers) {
    }

    private final Tally tally;
    private final Supplier<Counts> counts;
    private final GapWatch gaps;
    private final Look[] begun = new Look[PHASES];
    private int phase;
    private Look end;

    HoldWatch(Tally tally, Supplier<Counts> counts, GapWatch gaps) {
        this.tally = tally;
        this.counts = counts;
        this.gaps = gaps;
    }

    /** The owner tells which phase it is, on each connection, again and again. */
    synchronized void phase(int told) {
        if (told > phase && told < PHASES) {
            phase = told;
            begun[told] = look();
            gaps.hold(told < CLOSED);
        }
    }

    /** From now on nothing is asked for. */
    synchronized void end() {
        if (end == null) {
            end = look();
        }
    }

    private Look look() {
        return new Look(System.nanoTime(), tally.successes(), counts.get());
    }

    /** What happened; null if no writer has held the file open and closed it. */
    synchronized Held held() {
        Look from = begun[HELD];
        Look to = begun[CLOSED];
        if (from == null || to == null || end == null) {
            return null;
        }
        return new Held(seconds(from, to), to.succeeded() - from.succeeded(), to.numbers().since(from.numbers()), seconds(to, end),
                end.succeeded() - to.succeeded(), end.numbers().since(to.numbers()));
    }

    private static double seconds(Look from, Look to) {
        return (to.atNs() - from.atNs()) / 1_000_000 / 1e3; // to the millisecond
    }
}
