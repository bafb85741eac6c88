package dev.daxverbs.examples.demo;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import javax.imageio.ImageIO;

/** The picture: a title, one legend, and a panel for each scenario, all on the same axes. */
final class LatencyChart {
    private static final int WIDTH = 1600;
    private static final int HEAD = 90;
    private static final int PANEL = 340;
    private static final int TIME_AXIS_TITLE = 24; // under the last panel
    private static final int MARGIN = 24;
    private static final int SWATCH = 13;
    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 22);
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 15);

    private final String title;
    private final List<ScenarioResult> results;
    private final double seconds;

    /**
     * A picture.
     *
     * @param title what stands above it
     * @param results of the scenarios; those that could not be run have no panel
     * @param seconds how long each scenario was
     */
    LatencyChart(String title, List<ScenarioResult> results, double seconds) {
        this.title = title;
        this.results = results.stream().filter(result -> result.impossible() == null).toList();
        this.seconds = seconds;
    }

    void save(Path path) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        BufferedImage picture = new BufferedImage(WIDTH, HEAD + PANEL * results.size() + TIME_AXIS_TITLE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        try {
            graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
            drawHead(graphics);
            double highMs = highMs();
            for (int i = 0; i < results.size(); i++) {
                boolean last = i == results.size() - 1;
                new ChartPanel(results.get(i), seconds, highMs, last).draw(graphics, HEAD + i * PANEL, WIDTH, PANEL + (last ? TIME_AXIS_TITLE : 0));
            }
        } finally {
            graphics.dispose();
        }
        ImageIO.write(picture, "png", path.toFile());
    }

    /** The next power of ten that leaves room for marks above the slowest transfer. */
    private double highMs() {
        double slowestMs = results.stream().mapToDouble(result -> result.all().max() / 1000).max().orElse(1);
        return Math.pow(10, Math.ceil(Math.log10(Math.max(slowestMs * 5, 100))));
    }

    private void drawHead(Graphics2D graphics) {
        graphics.setColor(Color.BLACK);
        graphics.setFont(TITLE);
        graphics.drawString(title, MARGIN, 34);
        graphics.setFont(TEXT);
        int x = MARGIN;
        for (ChartMark mark : ChartMark.values()) {
            mark.draw(graphics, x + SWATCH / 2, 62, SWATCH);
            graphics.setColor(Color.DARK_GRAY);
            graphics.drawString(mark.meaning(), x + SWATCH + 6, 67);
            x += SWATCH + 6 + graphics.getFontMetrics().stringWidth(mark.meaning()) + MARGIN;
        }
    }
}
