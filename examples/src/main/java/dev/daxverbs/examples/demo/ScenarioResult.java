package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Latency;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a scenario showed.
 *
 * @param scenario which one
 * @param impossible why it could not be run; null if it was
 * @param transfers how many were posted or tried to be
 * @param breaks lease breaks that the library took; in the plain scenarios operations of the other processes
 * @param failed transfers that failed
 * @param compared transfers that were compared with the file
 * @param lost those of them where the file does not agree
 * @param lostReads those of the lost ones that were reads
 * @param deaths in which states the queue pairs were when they had to be connected anew, and how often
 * @param failures why transfers failed, and how many
 * @param all latency of those that succeeded
 * @param quiet latency of those that met no break
 * @param duringBreak latency of those that did
 * @param startNs the start, by {@link System#nanoTime()}
 * @param buckets latency over time
 * @param intervals the breaks
 */
record ScenarioResult(Scenario scenario, String impossible, long transfers, long breaks, long failed, long compared, long lost, long lostReads,
        Map<String, Long> deaths, Map<String, Long> failures, Latency all, Latency quiet, Latency duringBreak, long startNs, List<Timeline.Bucket> buckets,
        List<BreakInterval> intervals) {

    static ScenarioResult impossible(Scenario scenario, String reason) {
        return new ScenarioResult(scenario, reason, 0, 0, 0, 0, 0, 0, Map.of(), Map.of(), Latency.NONE, Latency.NONE, Latency.NONE, 0, List.of(), List.of());
    }

    static ScenarioResult of(Scenario scenario, long breaks, Counts counts, LatencyLog log, long startNs, List<BreakInterval> intervals) {
        return new ScenarioResult(scenario, null, counts.transfers(), breaks, counts.failed(), counts.compared(), counts.lost(), counts.lostReads(),
                counts.deathsByStates(), counts.failures(), log.all(), log.quiet(), log.duringBreak(), startNs, log.buckets(), intervals);
    }

    /** What is not as it should be: for daxverbs any harm, for plain verbs none. */
    Optional<String> complaint() {
        if (impossible != null) {
            return Optional.of("not possible here: " + impossible);
        }
        if (breaks == 0) {
            return Optional.of("there was no break");
        }
        if (compared == 0) {
            return Optional.of("nothing was compared");
        }
        if (scenario.isTracked()) {
            return failed + lost == 0 ? Optional.empty() : Optional.of("failed=%d, lost=%d: both should be 0".formatted(failed, lost));
        }
        if (scenario.needsOnDemand()) {
            return failed > 0 ? Optional.empty() : Optional.of("failed=0: the harm of a break did not show");
        }
        return lost > 0 ? Optional.empty() : Optional.of("lost=0: the harm of a break did not show");
    }
}
