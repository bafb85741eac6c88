package dev.daxverbs.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measurements of two things that were made by turns, A B A B. What the machine does besides changes from minute to minute, and is nearly
 * the same for the two of a pair: so the ratio is that of each pair, and of those the median and the extremes are given.
 */
final class Pairs {
    private final List<Double> first = new ArrayList<>();
    private final List<Double> second = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();

    /** Adds a pair: the yardstick, and what is held against it. */
    void add(double yardstick, double measured) {
        first.add(yardstick);
        second.add(measured);
        ratios.add(measured / yardstick);
    }

    /** For a table: the pair that was added last. */
    String last() {
        return String.format(Locale.ROOT, "%10.1f %10.1f %9.3f", first.getLast(), second.getLast(), ratios.getLast());
    }

    double firstMedian() {
        return median(first);
    }

    double secondMedian() {
        return median(second);
    }

    double ratioMedian() {
        return median(ratios);
    }

    /** For a table: the medians of both, and of the ratios. */
    String medians() {
        return String.format(Locale.ROOT, "%9.2f %9.2f %8.2f", median(first), median(second), median(ratios));
    }

    /** {@link #report(Report, String, String, String, String, Map)} without details. */
    void report(Report report, String label, String prefix, String firstKey, String secondKey) {
        report(report, label, prefix, firstKey, secondKey, Map.of());
    }

    /**
     * Reports medians, and the ratios' median, least and greatest; all pairs as a result.
     *
     * @param label what was measured, for the result
     * @param prefix for the keys
     * @param details more of the result
     */
    void report(Report report, String label, String prefix, String firstKey, String secondKey, Map<String, Object> details) {
        report.summary(prefix + "pairs", ratios.size());
        report.summary(prefix + firstKey, median(first));
        report.summary(prefix + secondKey, median(second));
        report.summary(prefix + "ratio", median(ratios));
        report.summary(prefix + "ratio_of_medians", median(second) / median(first));
        report.summary(prefix + "ratio_min", quantile(ratios, 0));
        report.summary(prefix + "ratio_max", quantile(ratios, 1));
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("label", label);
        result.putAll(details);
        result.put(firstKey, List.copyOf(first));
        result.put(secondKey, List.copyOf(second));
        result.put("ratios", List.copyOf(ratios));
        report.result(result);
    }

    static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    /**
     * A quantile, between neighbours where it falls between them.
     *
     * @param values at least one
     * @param share 0 to 1
     */
    static double quantile(List<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        double position = share * (sorted.size() - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
    }
}
