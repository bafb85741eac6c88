package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The second device goes ({@code rdma link delete}) while a JVM uses it; each test brings it back. */
@RequiresDevice({"rxe0", "rxe1"})
@Timeout(600)
class DeviceRemovalTest {
    private static final Path BREAK_TIME = Path.of("/proc/sys/fs/lease-break-time");
    private static final Duration BREAK_LIMIT = Duration.ofSeconds(8);

    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private String usualBreakTime;
    private Path path;

    @BeforeEach
    void open() throws IOException {
        usualBreakTime = Files.readString(BREAK_TIME);
        Files.writeString(BREAK_TIME, String.valueOf(BREAK_LIMIT.toSeconds()));
        path = fs.newFile("f", 2L * DEPTH * PAGE);
    }

    @AfterEach
    void close() throws IOException {
        Files.writeString(BREAK_TIME, usualBreakTime);
        OtherProcess.start("sh", "-c", "rdma link show | grep -q rxe1 || rdma link add rxe1 type rxe netdev dax1").awaitSuccess();
        fs.close();
    }

    private static void remove() {
        OtherProcess.start("rdma", "link", "delete", "rxe1").awaitSuccess();
    }

    /** Opens the file; the kernel would let it through by force after the limit. */
    private void openInTime() {
        long beganNs = System.nanoTime();
        OtherProcess.writeOpen(path).awaitSuccess();
        assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isLessThan(BREAK_LIMIT);
    }

    private void assertEnds(OtherProcess child) {
        assertThat(child.exitStatus()).as(() -> String.join("\n", child.output())).isZero();
        assertThat(child.output()).contains("closed", "done").noneMatch(line -> line.startsWith("NEVER"));
        assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("again DIRECT, LEASED"));
        openInTime();
    }

    private OtherProcess start(String kind) {
        OtherProcess child = OtherProcess.java(RemovalChild.class, kind, path.toString(), "rxe1", "rxe0");
        child.awaitLine("ready");
        return child;
    }

    @Test
    void shouldTellOfADeviceThatWentWhileNothingWasUnderWay() {
        try (OtherProcess child = start("idle")) {
            remove();
            openInTime();
            child.tell("end");
            assertEnds(child);
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("seen {GENERAL_ERR=").doesNotContain("SUCCESS"));
            assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("describe STAGED").contains("ibv_reg_mr", "EIO"));
        }
    }

    @Test
    void shouldTellOfADeviceThatWentUnderLoadAndAnswerBreaks() {
        try (OtherProcess child = start("load")) {
            remove();
            openInTime();
            child.tell("end");
            assertEnds(child);
        }
    }

    @Test
    void shouldAnswerABreakInWhoseMiddleTheDeviceGoes() {
        try (OtherProcess child = start("load")) {
            try (OtherProcess breaking = OtherProcess.shell("while :; do : >> \"$1\"; : < \"$1\"; done", path)) {
                remove();
                assertThat(breaking.isRunning()).isTrue();
            }
            openInTime();
            child.tell("end");
            assertEnds(child);
        }
    }
}
