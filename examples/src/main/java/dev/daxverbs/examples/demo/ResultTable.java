package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Latency;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results for people: what happened, then how long it took. */
final class ResultTable {
    private static final String NONE = "-";

    private final List<ScenarioResult> results;

    ResultTable(List<ScenarioResult> results) {
        this.results = results;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        append(text, counts());
        text.append('\n');
        append(text, latencies());
        text.append('\n');
        append(text, operations());
        for (ScenarioResult result : results) {
            appendNotes(text, result);
        }
        return text.toString();
    }

    private List<String[]> counts() {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"scenario", "transfers", "breaks", "failed", "compared", "lost", "queue pairs died"});
        for (ScenarioResult result : results) {
            rows.add(result.impossible() != null ? new String[] {result.scenario().title(), NONE, NONE, NONE, NONE, NONE, NONE}
                    : new String[] {result.scenario().title(), number(result.transfers()), number(result.breaks()), number(result.failed()),
                        number(result.compared()), number(result.lost()), number(deaths(result))});
        }
        return rows;
    }

    private static long deaths(ScenarioResult result) {
        return result.deaths().values().stream().mapToLong(Long::longValue).sum();
    }

    private List<String[]> latencies() {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"latency in ms of transfers that", "succeeded", "typical", "99 %", "99.9 %", "max"});
        for (ScenarioResult result : results) {
            if (result.impossible() == null) {
                rows.add(row(result.scenario().title() + ": met no break", result.quiet()));
                rows.add(row(result.scenario().title() + ": met a break", result.duringBreak()));
            }
        }
        return rows;
    }

    private List<String[]> operations() {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"typical and longest ms that the other processes took", "open to read", "open to write", "truncate, extend", "cp"});
        for (ScenarioResult result : results) {
            if (result.impossible() == null) {
                rows.add(new String[] {result.scenario().title(), durations(result, BreakKind.READ), durations(result, BreakKind.APPEND),
                    durations(result, BreakKind.TRUNCATE), durations(result, BreakKind.COPY)});
            }
        }
        return rows;
    }

    private static String durations(ScenarioResult result, BreakKind kind) {
        long[] sortedNs = result.intervals().stream().filter(interval -> interval.kind() == kind)
                .mapToLong(interval -> interval.endNs() - interval.startNs()).sorted().toArray();
        return sortedNs.length == 0 ? NONE
                : String.format(Locale.ROOT, "%,.1f / %,.1f", sortedNs[sortedNs.length / 2] / 1e6, sortedNs[sortedNs.length - 1] / 1e6);
    }

    private static String[] row(String name, Latency latency) {
        return latency.count() == 0 ? new String[] {name, "0", NONE, NONE, NONE, NONE}
                : new String[] {name, number(latency.count()), millis(latency.p50()), millis(latency.p99()), millis(latency.p999()),
                    millis(latency.max())};
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String millis(double micros) {
        return String.format(Locale.ROOT, "%,.3f", micros / 1000);
    }

    /** Columns as wide as their widest cell; the first to the left, numbers to the right. */
    private static void append(StringBuilder text, List<String[]> rows) {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(row[0]).append(" ".repeat(widths[0] - row[0].length()));
            for (int i = 1; i < row.length; i++) {
                line.append("  ").append(" ".repeat(widths[i] - row[i].length())).append(row[i]);
            }
            text.append(line).append('\n');
        }
    }

    private static void appendNotes(StringBuilder text, ScenarioResult result) {
        for (Map.Entry<String, Long> failure : result.failures().entrySet()) {
            text.append("%s: %s, %s times%n".formatted(result.scenario().title(), failure.getKey(), number(failure.getValue())));
        }
        for (Map.Entry<String, Long> death : result.deaths().entrySet()) {
            text.append("%s: queue pairs died with %s, %s times%n".formatted(result.scenario().title(), death.getKey(), number(death.getValue())));
        }
        if (result.lost() > 0) {
            text.append("%s: lost were %s writes (success, but the file has other bytes) and %s reads (success, but other bytes than the file has)%n"
                    .formatted(result.scenario().title(), number(result.lost() - result.lostReads()), number(result.lostReads())));
        }
        result.complaint().ifPresent(complaint -> text.append("%s: NOT AS IT SHOULD BE: %s%n".formatted(result.scenario().title(), complaint)));
    }
}
