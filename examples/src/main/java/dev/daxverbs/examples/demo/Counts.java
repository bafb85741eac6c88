package dev.daxverbs.examples.demo;

import dev.daxverbs.verbs.CompletionStatus;

import java.util.Map;
import java.util.TreeMap;

/**
 * What happened to the transfers of a scenario. Written by the load's thread; others read the numbers only, for display, and may see old ones.
 */
@SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
final class Counts {
    private volatile long transfers;
    private volatile long failed;
    private volatile long compared;
    private volatile long lost;
    private volatile long lostReads;
    private final Map<String, Long> failures = new TreeMap<>(); // of the load's thread
    private final Map<String, Long> deathsByStates = new TreeMap<>(); // likewise

    void begun() {
        transfers++;
    }

    void failed(CompletionStatus status) {
        failed(status.text());
    }

    void failed(String reason) {
        failed++;
        failures.merge(reason, 1L, Long::sum);
    }

    void compared(boolean right, boolean read) {
        compared++;
        if (!right) {
            lost++;
            if (read) {
                lostReads++;
            }
        }
    }

    void queuePairDied(String states) {
        deathsByStates.merge(states, 1L, Long::sum);
    }

    /** All that were posted or tried to be. */
    long transfers() {
        return transfers;
    }

    /** Those that completed with another status than success, were refused, or never completed. */
    long failed() {
        return failed;
    }

    /** Those that completed with success while no break was under way, and were compared with the file. */
    long compared() {
        return compared;
    }

    /** Those of the compared ones where the file does not agree. */
    long lost() {
        return lost;
    }

    /** Those of the lost ones that were reads: they brought other bytes than the file has. */
    long lostReads() {
        return lostReads;
    }

    /** In which states the queue pairs were when they had to be connected anew. Only when the load has ended. */
    Map<String, Long> deathsByStates() {
        return Map.copyOf(deathsByStates);
    }

    /** Why transfers failed, and how many. Only when the load has ended. */
    Map<String, Long> failures() {
        return Map.copyOf(failures);
    }
}
