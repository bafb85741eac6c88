package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.KernelText;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A lease that is refused and comes later, and the cool-down after a break: FileLease.want, FileLease.refusal, LeaseHolder.pauseBeforeRetakeNs. */
@Timeout(600)
class FileLeaseWantTest {
    private static final Path SWITCH = Path.of("/proc/sys/fs/leases-enable");

    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private final RecordingHolder holder = new RecordingHolder();
    private Path file;

    @BeforeEach
    void makeFile() {
        file = fileSystem.newFile("file", 8192);
    }

    @AfterEach
    void deleteFile() throws IOException {
        fileSystem.close();
    }

    private FileLease want(TestFile open) throws LeaseUnavailableException {
        return FileLease.want(open.fd(), file.toString(), LeaseType.WRITE, LeaseMode.LEASE, holder);
    }

    @Test
    void shouldHoldItAtOnceWhereItIsToBeHad() throws Exception {
        try (TestFile open = TestFile.open(file); FileLease lease = want(open)) {
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.refusal()).isEmpty();
            assertThat(holder.regained).isEmpty();
            OtherProcess.readOpen(file).awaitSuccess();
            holder.awaitBreak();
            holder.awaitRegained();
        }
    }

    @Test
    void shouldGetItWhenTheOthersHaveClosedTheFile() throws Exception {
        try (TestFile open = TestFile.open(file); TestFile other = TestFile.open(file); FileLease lease = want(open)) {
            assertThat(lease.isHeld()).isFalse();
            assertThat(lease.refusal()).hasValueSatisfying(refusal -> {
                assertThat(refusal.errno()).isEqualTo(Errno.EAGAIN);
                assertThat(refusal).hasMessageContaining("open elsewhere").hasMessageContaining(file.toString());
            });
            Eventually.pause(100);
            assertThat(holder.regained).isEmpty();
            other.close();
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.refusal()).isEmpty();
            assertThat(lease.breaks()).isZero();
            OtherProcess.writeOpen(file).awaitSuccess();
            assertThat(holder.awaitBreak().sequence()).isEqualTo(1);
            holder.awaitRegained();
        }
    }

    @Test
    void shouldGetItWhenAnAdministratorAllowsIt() throws Exception {
        assumeThat(Files.isWritable(SWITCH)).as(SWITCH + " is writable").isTrue(); // EACCES for other users, EROFS in containers
        String before = KernelText.read(SWITCH);
        Files.writeString(SWITCH, "0");
        try (TestFile open = TestFile.open(file); FileLease lease = want(open)) {
            assertThat(lease.refusal()).hasValueSatisfying(refusal -> {
                assertThat(refusal.errno()).isEqualTo(Errno.EINVAL);
                assertThat(refusal).hasMessageContaining("fs.leases-enable=1");
            });
            Files.writeString(SWITCH, "1");
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
        } finally {
            Files.writeString(SWITCH, before);
        }
    }

    @Test
    void shouldCallNobodyAndLeaveNothingOnceClosed() throws Exception {
        try (TestFile open = TestFile.open(file)) {
            try (TestFile other = TestFile.open(file)) {
                FileLease lease = want(open);
                lease.close();
                assertThat(OpenDescriptors.on(file)).isEqualTo(2);
                assertThat(lease.refusal()).isEmpty();
                assertThat(other.fd()).isNotNegative();
            }
            Eventually.pause(100);
            assertThat(holder.regained).isEmpty();
            assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_UNLCK());
        }
    }

    @Test
    void shouldThrowWhereWaitingCannotHelp() throws Exception {
        try (TestFile open = TestFile.open(file); FileLease lease = want(open)) {
            assertRefused(open, Errno.EBUSY);
            assertThat(lease.isHeld()).isTrue();
            assertThat(OpenDescriptors.on(file)).isEqualTo(2);
        }
        try (TestFile path = TestFile.openWithFlags(file, LibC.O_PATH())) {
            assertRefused(path, Errno.EBADF);
        }
        assertRefused(new TestFile(file, -1), Errno.EBADF);
    }

    private void assertRefused(TestFile open, int errno) {
        LeaseUnavailableException thrown = catchThrowableOfType(LeaseUnavailableException.class, () -> want(open).close());
        assertThat(thrown).isNotNull();
        assertThat(thrown.errno()).isEqualTo(errno);
    }

    @Test
    void shouldLeaveFileAloneForAsLongAsTheHolderWants() throws Exception {
        assertThat(timeFromBreakToRegained(Duration.ofMillis(700).toNanos())).isGreaterThanOrEqualTo(Duration.ofMillis(700));
    }

    @Test
    void shouldAskAtOnceAfterNegativePause() throws Exception {
        assertThat(timeFromBreakToRegained(-1)).isPositive();
    }

    private Duration timeFromBreakToRegained(long pauseNs) throws Exception {
        LeaseHolder patient = new LeaseHolder() {
            @Override
            public void onBreak(LeaseBreak event) {
                holder.onBreak(event);
            }

            @Override
            public void onRegained(FileLease lease) {
                holder.onRegained(lease);
            }

            @Override
            public long pauseBeforeRetakeNs(LeaseBreak event) {
                assertThat(holder.breaksDone).as("after onBreak").hasValue(1);
                return pauseNs;
            }
        };
        try (TestFile open = TestFile.open(file);
                FileLease lease = FileLease.take(open.fd(), file.toString(), LeaseType.WRITE, LeaseMode.AUTO, patient)) {
            OtherProcess.readOpen(file).awaitSuccess();
            LeaseBreak event = holder.awaitBreak();
            assertThat(event.heardNs()).isLessThan(System.nanoTime()).isLessThan(event.deadlineNs());
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
            return Duration.ofNanos(System.nanoTime() - event.heardNs());
        }
    }
}
