package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.daxverbs.internal.KernelText;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** What happens when the holder does not let go in time: LeaseHolder.onForced. Changes a setting of the machine, and sets it back. */
@Timeout(600)
class ForcedBreakTest {
    private static final Path SETTING = Path.of("/proc/sys/fs/lease-break-time");

    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private final RecordingHolder holder = new RecordingHolder().lingering();
    private String before;
    private Path file;

    @BeforeEach
    void shortenLeaseBreakTime() throws IOException {
        // EACCES for other users, EROFS in containers.
        assumeThat(Files.isWritable(SETTING)).as(SETTING + " is writable").isTrue();
        before = KernelText.read(SETTING);
        file = fileSystem.newFile("file", 4096);
        set("1");
    }

    @AfterEach
    void restoreLeaseBreakTime() throws IOException {
        if (before != null) {
            Files.writeString(SETTING, before);
        }
        holder.letGo();
        fileSystem.close();
    }

    private static void set(String seconds) throws IOException {
        Files.writeString(SETTING, seconds);
    }

    @ParameterizedTest
    @EnumSource(names = {"LEASE", "DELEGATION"})
    void shouldTellThatWriterCameThroughByForce(LeaseMode mode) throws Exception {
        assertForced(mode, OtherProcess::writeOpen);
    }

    @ParameterizedTest
    @EnumSource(names = {"LEASE", "DELEGATION"})
    void shouldTellThatReaderCameThroughByForce(LeaseMode mode) throws Exception {
        // The kernel does not end the lease then but makes it a read lease.
        assertForced(mode, OtherProcess::readOpen);
    }

    private void assertForced(LeaseMode mode, Function<Path, OtherProcess> opener) throws Exception {
        if (mode == LeaseMode.DELEGATION && !Delegations.areThere()) {
            return;
        }
        try (TestFile open = TestFile.open(file);
                FileLease lease = FileLease.take(open.fd(), file.toString(), LeaseType.WRITE, mode, holder)) {
            try (OtherProcess forcer = opener.apply(file)) {
                LeaseBreak event = holder.awaitBreak();
                forcer.awaitSuccess();
                assertThat(lease.isHeld()).isFalse();
                assertThat(holder.forced).as("not beside onBreak").isEmpty();
                holder.letGo();
                assertThat(holder.forced.poll(20, TimeUnit.SECONDS)).isSameAs(event);
                holder.awaitRegained();
            }
            assertThat(lease.forcedBreaks()).isEqualTo(1);
            assertThat(lease.breaks()).isEqualTo(1);
            OtherProcess.writeOpen(file).awaitSuccess();
            assertThat(holder.awaitBreak().sequence()).isEqualTo(2);
            holder.awaitRegained();
            assertThat(lease.forcedBreaks()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"LEASE", "DELEGATION"})
    void shouldTellOfWriterThatCameThroughWhileTheProcessWasStopped(LeaseMode mode) throws Exception {
        assertForcedWhileStopped(mode, "onBreak OPENED_FOR_WRITING", child -> OtherProcess.writeOpen(file).awaitSuccess());
    }

    @ParameterizedTest
    @EnumSource(names = {"LEASE", "DELEGATION"})
    void shouldTellOfReaderThatCameThroughWhileTheProcessWasStopped(LeaseMode mode) throws Exception {
        assertForcedWhileStopped(mode, "onBreak OPENED_FOR_READING", child -> OtherProcess.readOpen(file).awaitSuccess());
    }

    private void assertForcedWhileStopped(LeaseMode mode, String expected, Consumer<OtherProcess> force) throws Exception {
        if (mode == LeaseMode.DELEGATION && !Delegations.areThere()) {
            return;
        }
        set("2");
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString(), mode.name())) {
            child.awaitLine("ready");
            signal(child, "STOP");
            force.accept(child);
            signal(child, "CONT");
            child.awaitLine(expected);
            child.awaitLine("onForced and late");
            child.awaitLine("onRegained");
            child.tell("end");
            child.awaitSuccess();
        }
    }

    @Test
    void shouldTellOfReaderThatCameThroughBeforeAWriterThatWaits() throws Exception {
        // When the process goes on it finds a break for a writer, which it answers in time. Nothing in that tells of the reader.
        set("10");
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString())) {
            child.awaitLine("ready");
            signal(child, "STOP");
            OtherProcess.readOpen(file).awaitSuccess();
            try (OtherProcess writer = OtherProcess.writeOpen(file)) {
                assertThat(writer.isBlockedFor(Duration.ofMillis(200))).isTrue();
                signal(child, "CONT");
                child.awaitLine("onBreak OPENED_FOR_WRITING");
                child.awaitLine("onForced meanwhile");
                writer.awaitSuccess();
            }
            child.awaitLine("onRegained");
        }
    }

    @Test
    void shouldNotTakeStoppedProcessForForcedBreak() throws Exception {
        // Stopped for longer than it takes to force a break; but the opener came late, and was answered.
        set("10");
        try (OtherProcess child = OtherProcess.java(LeaseChild.class, file.toString())) {
            child.awaitLine("ready");
            signal(child, "STOP");
            Eventually.pause(10_500);
            try (OtherProcess reader = OtherProcess.readOpen(file)) {
                assertThat(reader.isBlockedFor(Duration.ofMillis(200))).isTrue();
                signal(child, "CONT");
                child.awaitLine("onBreak OPENED_FOR_READING");
                reader.awaitSuccess();
            }
            child.awaitLine("onRegained");
            child.tell("end");
            child.awaitSuccess();
            assertThat(child.output()).noneMatch(line -> line.startsWith("onForced"));
        }
    }

    private static void signal(OtherProcess process, String name) {
        OtherProcess.start("sh", "-c", "kill -" + name + " " + process.pid()).awaitSuccess();
    }

    @Test
    void shouldSetDeadlineAtHalfOfTheTime() throws Exception {
        set("10");
        assertPatience(5);
    }

    @Test
    void shouldSetUsualDeadlineWhereNothingIsForced() throws Exception {
        set("0");
        assertPatience(45 / 2.0);
    }

    private void assertPatience(double seconds) throws Exception {
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
            long beforeNs = System.nanoTime();
            try (OtherProcess reader = OtherProcess.readOpen(file)) {
                long patienceNs = holder.awaitBreak().deadlineNs() - beforeNs;
                assertThat(patienceNs / 1e9).isBetween(seconds, seconds + 1);
                holder.letGo();
                reader.awaitSuccess();
            }
            holder.awaitRegained();
            assertThat(lease.forcedBreaks()).isZero();
        }
    }
}
