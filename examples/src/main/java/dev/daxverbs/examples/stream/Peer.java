package dev.daxverbs.examples.stream;

import dev.daxverbs.region.RegionDomain;

/**
 * What the connections of the connecting side share. Any thread.
 *
 * @param run the number of this run
 * @param layout which bytes of the owner's file are whose
 * @param settings what to do
 * @param domain makes everything
 * @param tally what has happened
 * @param words what was added to the words of all
 * @param gaps the longest times without completions
 * @param hold what happened while a writer held the file
 * @param progress what is the same for all connections, and changes
 */
record Peer(long run, RemoteLayout layout, Settings settings, RegionDomain domain, Tally tally, WordLedger words, GapWatch gaps, HoldWatch hold,
        Progress progress) {
    /** How far it is. */
    static final class Progress {
        private volatile boolean ending;
        private volatile long breaks;
        private volatile Owner.Told told;
        private volatile ContentChange change;

        /** From now on nothing new is begun. */
        void end() {
            ending = true;
        }

        boolean isEnding() {
            return ending;
        }

        /** The owner tells how often its file's lease has been broken. */
        void breaks(long number) {
            breaks = number; // of several connections: they hardly differ
        }

        long breaks() {
            return breaks;
        }

        /** The owner tells what it has counted, last of all. */
        void told(Owner.Told counted) {
            told = counted;
        }

        /** Null if it has not said. */
        Owner.Told told() {
            return told;
        }

        /** The owner tells what others may do to its file. */
        void change(ContentChange what) {
            change = what;
        }

        /** Null before the owner has answered. */
        ContentChange change() {
            return change;
        }
    }
}
