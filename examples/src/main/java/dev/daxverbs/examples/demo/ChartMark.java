package dev.daxverbs.examples.demo;

import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;

/** What the signs of the picture mean, in the order of the legend. */
enum ChartMark {
    TYPICAL("typical latency (median)", new Color(20, 90, 190), null),
    QUIET_MAX("slowest that met no break", new Color(120, 140, 165), SeriesMarkers.CIRCLE),
    BREAK_MAX("slowest that met a break", new Color(205, 95, 0), SeriesMarkers.DIAMOND),
    FAILED("transfers failed", new Color(205, 0, 25), SeriesMarkers.CROSS),
    LOST("bytes lost", new Color(125, 0, 150), SeriesMarkers.TRIANGLE_DOWN),
    OPENED("another process opens the file", new Color(178, 205, 178), null),
    EMPTIED("another process truncates it or copies over it", new Color(255, 218, 165), null);

    private final String meaning;
    private final Color color;
    private final Marker marker;

    ChartMark(String meaning, Color color, Marker marker) {
        this.meaning = meaning;
        this.color = color;
        this.marker = marker;
    }

    /** The mark of a break. */
    static ChartMark of(BreakKind kind) {
        return kind == BreakKind.TRUNCATE || kind == BreakKind.COPY ? EMPTIED : OPENED;
    }

    String meaning() {
        return meaning;
    }

    Color color() {
        return color;
    }

    /** Null for lines and bands. */
    Marker marker() {
        return marker;
    }

    /** Draws a sample, its middle at a point. */
    void draw(Graphics2D graphics, int x, int y, int size) {
        graphics.setColor(color);
        if (marker != null) {
            graphics.setStroke(new BasicStroke(2));
            marker.paint(graphics, x, y, size - 3);
        } else if (this == TYPICAL) {
            graphics.fillRect(x - size / 2, y - 1, size, 3);
        } else {
            graphics.fillRect(x - size / 2, y - size / 2, size, size);
        }
    }
}
