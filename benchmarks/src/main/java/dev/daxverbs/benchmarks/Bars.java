package dev.daxverbs.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A picture of medians as bars: groups of them, in each one bar for each way. The error bar is how far the median of a fork, or a pair, was from
 * that of all.
 */
final class Bars {
    private static final int WIDTH = 1200;
    private static final int HEIGHT = 520;
    private static final Font SMALL = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

    private final String title;
    private final String unit;
    private final Map<String, Map<String, Bar>> series = new LinkedHashMap<>(); // by way, then by group
    private final Set<String> groups = new LinkedHashSet<>();
    private final Set<StoredReport> reports = new LinkedHashSet<>();
    private boolean logarithmic;

    private record Bar(double median, double deviation) {
    }

    Bars(String title, String unit) {
        this.title = title;
        this.unit = unit;
    }

    /** Makes the axis of values logarithmic. */
    Bars logarithmic() {
        logarithmic = true;
        return this;
    }

    /**
     * Adds a bar.
     *
     * @param result of a {@link Report}
     * @param divisor by which its values are divided
     */
    void add(StoredReport report, JsonNode result, String group, String way, double divisor) {
        List<Double> forks = new ArrayList<>();
        result.path("forkMedians").forEach(fork -> forks.add(fork.asDouble()));
        add(report, group, way, result.path("median").asDouble(), forks, divisor);
    }

    /** Adds a bar: the median of values, and how far the furthest of them is from it. */
    void add(StoredReport report, String group, String way, JsonNode values) {
        List<Double> all = new ArrayList<>();
        values.forEach(value -> all.add(value.asDouble()));
        if (!all.isEmpty()) {
            add(report, group, way, Pairs.median(all), all, 1);
        }
    }

    private void add(StoredReport report, String group, String way, double median, List<Double> values, double divisor) {
        double deviation = values.stream().mapToDouble(value -> Math.abs(value - median)).max().orElse(0);
        series.computeIfAbsent(way, name -> new LinkedHashMap<>()).put(group, new Bar(median / divisor, deviation / divisor));
        groups.add(group);
        reports.add(report);
    }

    /** Draws it, unless it has no bars. A group that lacks one of the ways is left out. */
    void draw(Path file) throws IOException {
        List<String> complete =
                groups.stream().filter(group -> series.values().stream().allMatch(bars -> bars.containsKey(group))).toList();
        if (complete.isEmpty()) {
            return;
        }
        CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).yAxisTitle(unit)
                .xAxisTitle(StoredReport.origin(reports)).build();
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
        chart.getStyler().setLabelsVisible(true).setLabelsPosition(0.5).setLabelsFont(SMALL).setLabelsFontColorAutomaticEnabled(true);
        chart.getStyler().setAvailableSpaceFill(0.9).setYAxisDecimalPattern("#,##0.##");
        if (logarithmic) {
            double least = series.values().stream().flatMap(bars -> bars.values().stream()).mapToDouble(Bar::median).min().orElseThrow();
            chart.getStyler().setYAxisLogarithmic(true).setYAxisMin(Math.pow(10, Math.floor(Math.log10(least))));
        } else {
            chart.getStyler().setYAxisMin(0.0);
        }
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setAxisTitleFont(SMALL).setAxisTickLabelsFont(SMALL);
        chart.getStyler().setXAxisMaxLabelCount(Math.max(2, complete.size())); // it refuses 1
        for (Map.Entry<String, Map<String, Bar>> way : series.entrySet()) {
            List<Double> medians = new ArrayList<>();
            List<Double> deviations = new ArrayList<>();
            for (String group : complete) {
                medians.add(way.getValue().get(group).median());
                deviations.add(way.getValue().get(group).deviation());
            }
            if (logarithmic) { // there a deviation that is as long as the bar has no place
                chart.addSeries(way.getKey(), complete, medians);
            } else {
                chart.addSeries(way.getKey(), complete, medians, deviations);
            }
        }
        BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
        System.out.println(file);
    }
}
