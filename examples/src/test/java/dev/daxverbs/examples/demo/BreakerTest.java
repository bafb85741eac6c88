package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

class BreakerTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;
    private final Epoch epoch = new Epoch();

    private Breaker breaker(Path file, Path source, Duration length, int leastBreaks) throws IOException {
        Breaker.Schedule schedule = new Breaker.Schedule(System.nanoTime(), length.toNanos(), TimeUnit.MILLISECONDS.toNanos(10),
                TimeUnit.MILLISECONDS.toNanos(1), leastBreaks);
        return new Breaker(epoch, schedule, new FileUnderTest(file, 8192), new FileUnderTest(source, 8192));
    }

    private Path newFile(String name, int content) throws IOException {
        byte[] bytes = new byte[8192];
        Arrays.fill(bytes, (byte) content);
        return Files.write(folder.resolve(name), bytes);
    }

    @Test
    void shouldDoEachKindAndLeaveTheFileWhole() throws IOException {
        Path file = newFile("it's a file", 1);
        try (Breaker breaker = breaker(file, newFile("source", 2), Duration.ofSeconds(2), 0)) {
            breaker.start();
            List<BreakInterval> intervals = breaker.awaitIntervals(LIMIT);

            assertThat(intervals).hasSize(breaker.count()).hasSizeGreaterThan(16)
                    .allMatch(interval -> interval.endNs() > interval.startNs());
            assertThat(intervals.stream().map(BreakInterval::kind).collect(Collectors.toSet())).isEqualTo(EnumSet.allOf(BreakKind.class));
        }
        assertThat(file).hasSize(8192);
        assertThat(epoch.now()).isPositive().matches(Epoch::isQuiet);
    }

    @Test
    void shouldGoOnUntilThereWereEnoughBreaks() throws IOException {
        long startNs = System.nanoTime();
        try (Breaker breaker = breaker(newFile("file", 1), newFile("source", 2), Duration.ofMillis(500), Integer.MAX_VALUE)) {
            breaker.start();
            breaker.awaitIntervals(LIMIT);
            assertThat(System.nanoTime() - startNs).isGreaterThan(Duration.ofMillis(900).toNanos());
        }
        try (Breaker breaker = breaker(newFile("file2", 1), newFile("source2", 2), Duration.ofMillis(200), 1)) {
            breaker.start();
            assertThat(breaker.awaitIntervals(LIMIT)).isNotEmpty();
        }
    }

    @Test
    void shouldTellThatItCannotGoOn() throws IOException {
        try (Breaker breaker = breaker(folder.resolve("missing"), newFile("source", 2), Duration.ofSeconds(5), 0)) {
            breaker.start();
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> breaker.awaitIntervals(LIMIT)).withMessageContaining("(read) said failed");
        }
        assertThat(Epoch.isQuiet(epoch.now())).isTrue();
    }

    @Test
    void shouldChooseEveryKindInTurn() {
        Set<BreakKind> kinds = IntStream.range(0, 16).mapToObj(BreakKind::inTurn).collect(Collectors.toSet());

        assertThat(kinds).isEqualTo(EnumSet.allOf(BreakKind.class));
        assertThat(IntStream.range(0, 160).filter(number -> BreakKind.inTurn(number) == BreakKind.COPY).count()).isEqualTo(10);
    }
}
