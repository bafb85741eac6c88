package dev.daxverbs.examples.demo;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Latency over time in one scenario, on a logarithmic axis, with breaks as bands behind it. */
final class ChartPanel {
    private static final double LOW_MS = 0.01;
    private static final double FAILED_AT = 0.55; // of the axis' upper end
    private static final double LOST_AT = 0.25;
    private static final Color INVISIBLE = new Color(255, 255, 255, 0);
    private static final Color GRID = new Color(210, 210, 210);

    private final ScenarioResult result;
    private final double seconds;
    private final double highMs;
    private final boolean last;

    /**
     * A panel.
     *
     * @param result what the scenario showed
     * @param seconds the end of the time axis
     * @param highMs the end of the latency axis
     * @param last whether it is the lowest, which says what the time axis is
     */
    ChartPanel(ScenarioResult result, double seconds, double highMs, boolean last) {
        this.result = result;
        this.seconds = seconds;
        this.highMs = highMs;
        this.last = last;
    }

    void draw(Graphics2D graphics, int top, int width, int height) {
        // XChart has no bands: they are drawn first, and the chart, which is transparent, over them. It knows its place when it was drawn once.
        XYChart chart = chart(width, height);
        BufferedImage foreground = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        Graphics2D onForeground = foreground.createGraphics();
        chart.paint(onForeground, width, height);
        onForeground.dispose();
        int high = top + (int) chart.getScreenYFromChart(highMs);
        int low = top + (int) chart.getScreenYFromChart(LOW_MS);
        for (BreakInterval interval : result.intervals()) {
            int from = (int) chart.getScreenXFromChart(secondsOf(interval.startNs() - result.startNs()));
            int to = (int) chart.getScreenXFromChart(Math.min(seconds, secondsOf(interval.endNs() - result.startNs())));
            graphics.setColor(ChartMark.of(interval.kind()).color());
            graphics.fillRect(from, high, Math.max(1, to - from), low - high);
        }
        graphics.drawImage(foreground, 0, top, null);
    }

    private XYChart chart(int width, int height) {
        XYChart chart = new XYChartBuilder().width(width).height(height).title(title()).yAxisTitle("latency in ms")
                .xAxisTitle(last ? "seconds since the start of the scenario" : "").build();
        style(chart.getStyler());
        addPoints(chart, ChartMark.QUIET_MAX, bucket -> bucket.quietMaxNs() / 1e6);
        addPoints(chart, ChartMark.BREAK_MAX, bucket -> bucket.breakMaxNs() / 1e6);
        addTypical(chart);
        addPoints(chart, ChartMark.FAILED, bucket -> bucket.failed() > 0 ? highMs * FAILED_AT : 0);
        addPoints(chart, ChartMark.LOST, bucket -> bucket.lost() > 0 ? highMs * LOST_AT : 0);
        return chart;
    }

    private String title() {
        return String.format(Locale.ROOT, "%s:  %,d transfers, %d breaks, %,d failed, %,d lost", result.scenario().title(), result.transfers(),
                result.breaks(), result.failed(), result.lost());
    }

    private void style(XYStyler styler) {
        styler.setYAxisLogarithmic(true);
        styler.setYAxisMin(LOW_MS);
        styler.setYAxisMax(highMs);
        styler.setYAxisDecimalPattern("#,##0.###");
        styler.setYAxisLogarithmicDecadeOnly(true);
        styler.setXAxisMin(0.0);
        styler.setXAxisMax(seconds);
        styler.setLegendVisible(false);
        styler.setChartBackgroundColor(INVISIBLE);
        styler.setPlotBackgroundColor(INVISIBLE);
        styler.setPlotBorderVisible(false);
        styler.setPlotContentSize(0.99);
        styler.setPlotGridLinesColor(GRID);
        styler.setMarkerSize(6);
        styler.setChartTitlePadding(10);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    }

    /** A line, with gaps where nothing completed. */
    private void addTypical(XYChart chart) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        double widthOfGap = 1.5 * seconds / ScenarioRunner.BUCKETS;
        for (Timeline.Bucket bucket : result.buckets()) {
            double time = secondsOf(bucket.timeNs());
            if (bucket.typicalNs() > 0) {
                if (!x.isEmpty() && time - x.getLast() > widthOfGap) {
                    x.add((time + x.getLast()) / 2);
                    y.add(Double.NaN);
                }
                x.add(time);
                y.add(Math.max(LOW_MS, bucket.typicalNs() / 1e6));
            }
        }
        if (!x.isEmpty()) {
            XYSeries series = chart.addSeries(ChartMark.TYPICAL.name(), x, y);
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
            series.setMarker(SeriesMarkers.NONE);
            series.setLineColor(ChartMark.TYPICAL.color());
            series.setLineWidth(2.5f);
        }
    }

    private void addPoints(XYChart chart, ChartMark mark, ToDoubleFunction<Timeline.Bucket> valueMs) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (Timeline.Bucket bucket : result.buckets()) {
            double value = valueMs.applyAsDouble(bucket);
            if (value > 0 && secondsOf(bucket.timeNs()) <= seconds) {
                x.add(secondsOf(bucket.timeNs()));
                y.add(Math.max(LOW_MS, value));
            }
        }
        if (!x.isEmpty()) { // XChart has no series without points
            XYSeries series = chart.addSeries(mark.name(), x, y);
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
            series.setMarker(mark.marker());
            series.setMarkerColor(mark.color());
        }
    }

    private static double secondsOf(long nanoseconds) {
        return nanoseconds / 1e9;
    }
}
