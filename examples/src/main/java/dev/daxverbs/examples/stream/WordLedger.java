package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.stream.Judge.Verdict;

import java.util.BitSet;

/**
 * What atomics got: each adds one to a word and gets the old value, so no two of a word get the same, and if nobody else changes the file, each value
 * comes once. Any thread.
 */
final class WordLedger {
    private static final long MOST = 1L << 30;

    private final ContentChange change;
    private final BitSet[] taken;
    private final long[] eras;

    /**
     * A ledger of words that are zero.
     *
     * @param words how many
     * @param change what other processes may do to them
     */
    WordLedger(int words, ContentChange change) {
        this.change = change;
        taken = new BitSet[words];
        eras = new long[words];
        for (int i = 0; i < words; i++) {
            taken[i] = new BitSet();
        }
    }

    int words() {
        return taken.length;
    }

    /**
     * An atomic has succeeded.
     *
     * @param word on which word
     * @param old the value that it got
     * @param from the lease at a time before it was executed
     * @param to the lease now
     */
    synchronized Verdict took(int word, long old, Moment from, Moment to) {
        boolean kept = change == ContentChange.NOTHING;
        if (!kept) {
            if (change == ContentChange.ANYTHING || !from.quietUntil(to) || to.breaks() < eras[word]) {
                return Verdict.UNKNOWN;
            }
            if (to.breaks() > eras[word]) { // it may have begun at zero again
                eras[word] = to.breaks();
                taken[word].clear();
            }
        }
        if (old < 0 || old >= MOST || taken[word].get((int) old)) {
            return Verdict.WRONG;
        }
        taken[word].set((int) old);
        return Verdict.RIGHT;
    }

    /**
     * Compares what a word has at the end with what was added. Only when all atomics have completed.
     *
     * @param word which word
     * @param present what it has
     */
    synchronized Verdict ended(int word, long present) {
        if (change != ContentChange.NOTHING) {
            return Verdict.UNKNOWN;
        }
        BitSet values = taken[word];
        return values.cardinality() == present && values.length() == present ? Verdict.RIGHT : Verdict.WRONG;
    }
}
