package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;

class ShellLoopTest {
    @TempDir
    private Path folder;

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long endNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() - endNs < 0) {
            Thread.sleep(5);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    @Test
    void shouldRunItsCommandAgainAndAgainOnTheFile() throws IOException, InterruptedException {
        Path file = folder.resolve("it's a file");
        ShellLoop loop = new ShellLoop("echo \"$SIZE\" >> \"$FILE\"", file, 77);
        try (loop) {
            await(() -> loop.runs() > 5);
        }
        assertThat(Files.readAllLines(file)).hasSize((int) loop.runs()).allMatch("77"::equals);
        assertThat(loop.bad()).isZero();
    }

    @Test
    void shouldCountRunsThatEndBadlyAndGoOn() throws IOException, InterruptedException {
        try (ShellLoop loop = new ShellLoop("exit 3", folder.resolve("x"), 1)) {
            await(() -> loop.runs() > 3 && loop.bad() == loop.runs());
        }
        try (ShellLoop loop = new ShellLoop(": < \"$FILE\"", folder.resolve("missing"), 1)) {
            await(() -> loop.bad() > 3);
        }
    }

    @Test
    void shouldEndACommandThatDoesNotEnd() throws IOException, InterruptedException {
        Path pid = folder.resolve("pid");
        try (ShellLoop loop = new ShellLoop("echo $$ > \"$FILE\"; sleep 1000", pid, 1)) {
            await(() -> Files.exists(pid) && loop.runs() == 0 && pid.toFile().length() > 1);
        }
        await(() -> ProcessHandle.of(Long.parseLong(read(pid))).isEmpty());
        await(() -> ProcessHandle.current().descendants().noneMatch(process -> process.info().commandLine().orElse("").contains("sleep 1000")));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).trim();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
