package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.daxverbs.internal.KernelText;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
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

    @Test
    void shouldTellThatWriterCameThroughByForce() throws Exception {
        assertForced(OtherProcess::writeOpen);
    }

    @Test
    void shouldTellThatReaderCameThroughByForce() throws Exception {
        // The kernel does not end the lease then but makes it a read lease.
        assertForced(OtherProcess::readOpen);
    }

    private void assertForced(Function<Path, OtherProcess> opener) throws Exception {
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
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
