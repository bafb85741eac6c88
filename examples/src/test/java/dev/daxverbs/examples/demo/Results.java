package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Latency;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Results as a machine that works well would give them. */
final class Results {
    private Results() {
    }

    static ScenarioResult of(Scenario scenario, long breaks, long failed, long compared, long lost) {
        return of(scenario, 1000, breaks, failed, compared, lost, List.of(), List.of());
    }

    /** As {@code failed} and {@code lost} are in a good run. */
    static ScenarioResult good(Scenario scenario) {
        return of(scenario, 75, scenario == Scenario.PLAIN_ODP_XFS_DAX ? 12 : 0, 800, scenario == Scenario.PLAIN_PINNED_TMPFS ? 700 : 0);
    }

    static ScenarioResult of(Scenario scenario, long transfers, long breaks, long failed, long compared, long lost, List<Timeline.Bucket> buckets,
            List<BreakInterval> intervals) {
        Latency latency = new Latency(transfers - failed, 97.3, 410.5, 5_100, 1_234_567.8);
        return new ScenarioResult(scenario, null, transfers, breaks, failed, compared, lost, lost / 4,
                failed > 0 ? Map.of("initiator ERR, target ERR", failed / 4) : Map.of(),
                failed > 0 ? Map.of("remote access error", failed) : Map.of(), latency, latency, Latency.NONE, 0, buckets, intervals);
    }

    /** A result with a break each second and something to see in each tenth of a second. */
    static ScenarioResult drawn(Scenario scenario, int seconds) {
        List<Timeline.Bucket> buckets = new ArrayList<>();
        List<BreakInterval> intervals = new ArrayList<>();
        for (int second = 0; second < seconds; second++) {
            long startNs = TimeUnit.SECONDS.toNanos(second) + 500_000_000;
            intervals.add(new BreakInterval(BreakKind.inTurn(second), startNs, startNs + 250_000_000));
        }
        for (int tenth = 0; tenth < 10 * seconds; tenth++) {
            buckets.add(new Timeline.Bucket(tenth * 100_000_000L + 50_000_000, 400_000 + tenth, 900_000, tenth % 10 < 5 ? 0 : 90_000_000,
                    scenario == Scenario.PLAIN_ODP_XFS_DAX && tenth % 10 == 6 ? 3 : 0, scenario == Scenario.PLAIN_PINNED_TMPFS ? 5 : 0));
        }
        return of(scenario, 1000, intervals.size(), 0, 500, 0, buckets, intervals);
    }
}
