package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What needs a JVM of its own: its end, and a process without a queue for signals. */
@Timeout(600)
class LeaseInChildTest {
    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private Path file;

    @BeforeEach
    void makeFile() {
        file = fileSystem.newFile("file", 4096);
    }

    @AfterEach
    void deleteFile() throws IOException {
        fileSystem.close();
    }

    @Test
    void shouldTellHolderAndReleaseWhenTheJvmEnds() {
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString())) {
            child.awaitLine("ready");
            child.tell("end");
            child.awaitSuccess();
            assertThat(child.output()).containsExactly("ready", "breaks=0", "onBreak SHUTDOWN");
        }
    }

    @Test
    void shouldLetOpenerThroughWhileTheJvmEndsSlowly() {
        // One holder lingers at the end, for the two seconds that the JVM waits; the other file's opener must not wait for it.
        Path other = fileSystem.newFile("other", 4096);
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString(), other.toString(), "shutdown-linger")) {
            child.awaitLine("ready");
            try (OtherProcess writer = OtherProcess.writeOpenUntilTold(file)) {
                child.awaitLine("onBreak OPENED_FOR_WRITING");
                writer.awaitLine("open"); // released, and kept so by the writer: not held when the JVM ends
                child.tell("end");
                child.awaitLine("onBreak SHUTDOWN"); // of the other
                OtherProcess.readOpen(file).awaitSuccess();
                writer.tell("close"); // the lease could be retaken now, and is not
                writer.awaitSuccess();
                assertThat(child.isRunning()).isTrue();
                child.awaitSuccess();
            }
            assertThat(child.output()).doesNotContain("onRegained");
        }
    }

    @Test
    void shouldEndInTimeAlthoughHolderLingersInBreak() {
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString(), "linger")) {
            child.awaitLine("ready");
            try (OtherProcess opener = OtherProcess.readOpen(file)) {
                child.awaitLine("onBreak OPENED_FOR_READING");
                assertThat(opener.isBlockedFor(Duration.ofMillis(150))).isTrue();
                long beganNs = System.nanoTime();
                child.tell("end");
                child.awaitSuccess();
                opener.awaitSuccess();
                assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isBetween(Duration.ofMillis(1900), Duration.ofSeconds(20));
            }
        }
    }

    @Test
    void shouldLetOpenerThroughWhenTheJvmIsKilled() {
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString(), "linger")) {
            child.awaitLine("ready");
            try (OtherProcess opener = OtherProcess.readOpen(file)) {
                child.awaitLine("onBreak OPENED_FOR_READING");
                child.kill();
                opener.awaitSuccess();
            }
        }
    }

    @Test
    void shouldHearEachBreakWithoutQueueForSignals() {
        // The kernel then sends SIGIO, which names no file. By rescans alone, one a second, 100 breaks in a row would take a minute.
        List<String> arguments = new ArrayList<>(List.of("no-signal-queue"));
        int files = 100;
        for (int i = 0; i < files; i++) {
            arguments.add(fileSystem.newFile("file" + i, 4096).toString());
        }
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, arguments.toArray(String[]::new))) {
            child.awaitLine("ready");
            long beganNs = System.nanoTime();
            OtherProcess.shell("for file in \"$1\"/file?*; do : < \"$file\" || exit 1; done", fileSystem.folder()).awaitSuccess();
            assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isLessThan(Duration.ofSeconds(30));
            // And all at the same moment.
            OtherProcess.shell("for file in \"$1\"/file?*; do : < \"$file\" & done; wait", fileSystem.folder()).awaitSuccess();
            child.tell("end");
            child.awaitSuccess();
            assertThat(child.output().stream().filter("onBreak OPENED_FOR_READING"::equals).count()).isBetween((long) files + 1, 2L * files);
        }
    }
}
