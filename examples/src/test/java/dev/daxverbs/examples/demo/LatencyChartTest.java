package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import javax.imageio.ImageIO;

class LatencyChartTest {
    @TempDir
    private Path folder;

    private static long pixels(BufferedImage picture, ChartMark mark, int fromY, int toY) {
        long count = 0;
        for (int y = fromY; y < toY; y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                count += (picture.getRGB(x, y) | 0xFF000000) == mark.color().getRGB() ? 1 : 0;
            }
        }
        return count;
    }

    private BufferedImage draw(List<ScenarioResult> results, int seconds) throws IOException {
        Path path = folder.resolve("new/picture.png");
        new LatencyChart("title", results, seconds).save(path);
        return ImageIO.read(path.toFile());
    }

    @Test
    void shouldShowAPanelForEachScenarioWithItsMarks() throws IOException {
        BufferedImage picture = draw(Arrays.stream(Scenario.values()).map(scenario -> Results.drawn(scenario, 20)).toList(), 20);

        int height = picture.getHeight() / Scenario.values().length;
        for (Scenario scenario : Scenario.values()) {
            int top = picture.getHeight() - (Scenario.values().length - scenario.ordinal()) * height;
            assertThat(pixels(picture, ChartMark.TYPICAL, top, top + height)).isGreaterThan(300);
            assertThat(pixels(picture, ChartMark.EMPTIED, top, top + height)).isGreaterThan(1000);
        }
        assertThat(pixels(picture, ChartMark.FAILED, 100, picture.getHeight())).isPositive();
        assertThat(pixels(picture, ChartMark.LOST, 100, picture.getHeight())).isPositive();
    }

    @Test
    void shouldDrawAScenarioWithoutAnyTransfer() throws IOException {
        assertThat(draw(List.of(Results.good(Scenario.DAXVERBS_TMPFS)), 5)).isNotNull();
    }

    @Test
    void shouldLeaveOutWhatWasImpossible() throws IOException {
        assertThat(draw(List.of(ScenarioResult.impossible(Scenario.DAXVERBS_TMPFS, "none")), 5).getHeight()).isLessThan(200);
    }
}
