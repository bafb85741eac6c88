package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

class HolderTest {
    @Test
    void shouldSayWhenItHasTheFileOpenAndWhenItIsAboutToCloseIt(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("it's a file"));
        try (Holder holder = new Holder(file, 2)) {
            assertThat(holder.awaitOpen()).isTrue();
            assertThat(holder.isClosing()).isFalse();
            long startNs = System.nanoTime();
            while (!holder.isClosing()) {
                Thread.sleep(5);
            }
            assertThat(holder.hasClosed()).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isGreaterThan(Duration.ofSeconds(1));
            while (!holder.hasClosed()) {
                Thread.sleep(5);
            }
            assertThat(holder.isClosing()).isTrue();
        }
    }

    @Test
    void shouldSayIfItCannotOpenIt(@TempDir Path folder) throws Exception {
        try (Holder holder = new Holder(folder, 60)) {
            assertThat(holder.awaitOpen()).isFalse();
        }
    }
}
