package dev.daxverbs.examples.demo;

import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

import javax.imageio.ImageIO;

/** The picture: one panel a scenario, latency over time on a logarithmic axis, breaks as bands, all panels on the same axes. */
final class LatencyChart {
    private static final int WIDTH = 1600;
    private static final int HEIGHT = 400;
    private static final double LOW_MS = 0.01;
    private static final double FAILED_AT = 0.6; // of the axis' upper end
    private static final double LOST_AT = 0.3;
    private static final Color BREAK = new Color(255, 205, 130, 130);
    private static final Color TYPICAL = new Color(31, 98, 180);
    private static final Color SLOWEST = new Color(130, 145, 165);
    private static final Color MET_BREAK = new Color(214, 110, 10);
    private static final Color FAILED = new Color(200, 0, 20);
    private static final Color LOST = new Color(130, 0, 150);

    private final List<ScenarioResult> results;
    private final double seconds;
    private final double highMs;

    LatencyChart(List<ScenarioResult> results, double seconds) {
        this.results = results.stream().filter(result -> result.impossible() == null).toList();
        this.seconds = seconds;
        double slowestMs = this.results.stream().mapToDouble(result -> result.all().max() / 1000).max().orElse(1);
        highMs = Math.pow(10, Math.ceil(Math.log10(Math.max(slowestMs * 4, 100))));
    }

    void save(Path path) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT * Math.max(1, results.size()), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        for (int i = 0; i < results.size(); i++) {
            graphics.drawImage(BitmapEncoder.getBufferedImage(panel(results.get(i))), 0, i * HEIGHT, null);
        }
        graphics.dispose();
        ImageIO.write(picture, "png", path.toFile());
    }

    private XYChart panel(ScenarioResult result) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title(result)).xAxisTitle("seconds since the start of the scenario")
                .yAxisTitle("latency").build();
        style(chart.getStyler());
        addBreaks(chart, result);
        addPoints(chart, result, "slowest in 1/300, met no break", SLOWEST, SeriesMarkers.CIRCLE, b -> b.quietMaxNs());
        addPoints(chart, result, "slowest in 1/300, met a break", MET_BREAK, SeriesMarkers.DIAMOND, b -> b.breakMaxNs());
        addTypical(chart, result);
        long failedAt = nanos(highMs * FAILED_AT);
        long lostAt = nanos(highMs * LOST_AT);
        addPoints(chart, result, "transfers failed", FAILED, SeriesMarkers.CROSS, b -> b.failed() > 0 ? failedAt : 0);
        addPoints(chart, result, "bytes lost", LOST, SeriesMarkers.TRIANGLE_DOWN, b -> b.lost() > 0 ? lostAt : 0);
        return chart;
    }

    private static String title(ScenarioResult result) {
        return String.format(Locale.ROOT, "%s:  %,d transfers, %d breaks, %,d failed, %,d lost", result.scenario().title(), result.transfers(),
                result.breaks(), result.failed(), result.lost());
    }

    private void style(XYStyler styler) {
        styler.setYAxisLogarithmic(true);
        styler.setYAxisMin(LOW_MS);
        styler.setYAxisMax(highMs);
        styler.setXAxisMin(0.0);
        styler.setXAxisMax(seconds);
        styler.setyAxisTickLabelsFormattingFunction(LatencyChart::label);
        styler.setLegendPosition(Styler.LegendPosition.OutsideE);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotGridLinesColor(new Color(225, 225, 225));
        styler.setPlotBorderVisible(false);
        styler.setChartTitleBoxVisible(false);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    }

    static String label(double milliseconds) {
        if (milliseconds >= 999) {
            return Math.round(milliseconds / 1000) + " s";
        }
        return milliseconds >= 0.999 ? Math.round(milliseconds) + " ms" : Math.round(milliseconds * 1000) + " µs";
    }

    /** One area that stands up where a break was under way. */
    private void addBreaks(XYChart chart, ScenarioResult result) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (BreakInterval interval : result.intervals()) {
            double from = secondsOf(interval.startNs() - result.startNs());
            double to = secondsOf(interval.endNs() - result.startNs());
            x.addAll(List.of(from, from, to, to));
            y.addAll(List.of(LOW_MS, highMs, highMs, LOW_MS));
        }
        if (!x.isEmpty()) {
            XYSeries series = chart.addSeries("a break is under way", x, y);
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Area);
            series.setFillColor(BREAK);
            series.setLineColor(BREAK);
            series.setMarker(SeriesMarkers.NONE);
        }
    }

    private void addTypical(XYChart chart, ScenarioResult result) {
        add(chart, result, "typical (median of 1/300)", TYPICAL, SeriesMarkers.NONE, b -> b.typicalNs(), XYSeries.XYSeriesRenderStyle.Line);
    }

    private void addPoints(XYChart chart, ScenarioResult result, String name, Color color, Marker marker, ToLongFunction<Timeline.Bucket> value) {
        add(chart, result, name, color, marker, value, XYSeries.XYSeriesRenderStyle.Scatter);
    }

    /** Adds what has a value; a series without any would have no place on a logarithmic axis, so it gets a point out of sight. */
    private void add(XYChart chart, ScenarioResult result, String name, Color color, Marker marker, ToLongFunction<Timeline.Bucket> value,
            XYSeries.XYSeriesRenderStyle renderStyle) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (Timeline.Bucket bucket : result.buckets()) {
            long valueNs = value.applyAsLong(bucket);
            if (valueNs > 0) {
                x.add(secondsOf(bucket.timeNs()));
                y.add(Math.max(LOW_MS, valueNs / 1e6));
            }
        }
        if (x.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(name, x, y);
        series.setXYSeriesRenderStyle(renderStyle);
        series.setMarker(marker);
        series.setMarkerColor(color);
        series.setLineColor(color);
        series.setLineWidth(2);
    }

    private static double secondsOf(long nanoseconds) {
        return nanoseconds / 1e9;
    }

    private static long nanos(double milliseconds) {
        return (long) (milliseconds * TimeUnit.MILLISECONDS.toNanos(1));
    }
}
