package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Delegation;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.lease.LeaseBreak.Cause;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What breaks a delegation, and that each is heard and answered: LeaseMode.DELEGATION. */
@Timeout(900)
class DelegationTest {
    private static final Duration A_WHILE = Duration.ofMillis(100);

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    private static FileLease take(TestFile file, LeaseMode mode, LeaseHolder holder) throws LeaseUnavailableException {
        return FileLease.take(file.fd(), file.path().toString(), LeaseType.WRITE, mode, holder);
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfAllThatBreaksIt(FileSystemUnderTest fileSystem) throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        Map<String, Cause> causes = new LinkedHashMap<>();
        causes.put(": < \"$1\"", Cause.OPENED_FOR_READING);
        causes.put(": >> \"$1\"", Cause.OPENED_FOR_WRITING);
        causes.put(": > \"$1\"", Cause.OPENED_FOR_WRITING);
        causes.put("chmod 640 \"$1\"", Cause.OPENED_FOR_WRITING);
        causes.put("chown $(id -u) \"$1\"", Cause.OPENED_FOR_WRITING);
        causes.put("ln \"$1\" \"$1.linked\"", Cause.OPENED_FOR_WRITING);
        causes.put("mv \"$1\" \"$1.moved\"", Cause.OPENED_FOR_WRITING);
        causes.put(": > \"$1.new\"; mv -f \"$1.new\" \"$1\"", Cause.OPENED_FOR_WRITING);
        causes.put("rm -f \"$1\"", Cause.OPENED_FOR_WRITING);
        for (var each : causes.entrySet()) {
            assertBreak(fileSystem.newFile("file" + System.nanoTime(), 8192), each.getKey(), each.getValue());
        }
    }

    private static void assertBreak(Path file, String script, Cause cause) throws IOException {
        RecordingHolder holder = new RecordingHolder().lingering();
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION, holder)) {
            assertThat(lease.mode()).isEqualTo(LeaseMode.DELEGATION);
            try (OtherProcess other = OtherProcess.shell(script, file)) {
                assertThat(holder.awaitBreak().cause()).as(script).isEqualTo(cause);
                assertThat(other.isBlockedFor(A_WHILE)).as(script + " waits while onBreak runs").isTrue();
                holder.letGo();
                other.awaitSuccess();
            }
            holder.awaitRegained();
            Eventually.await("it is held: " + script, lease::isHeld);
            assertThat(lease.breaks()).as(script).isPositive(); // who comes second finds it retaken, on a slow machine
            assertThat(holder.forced).isEmpty();
        }
    }

    @Test
    void shouldTellOfTruncateSystemCall() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 8192);
            RecordingHolder holder = new RecordingHolder().lingering();
            try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION, holder)) {
                CompletableFuture<Integer> truncation = CompletableFuture.supplyAsync(() -> TestFile.truncate(file, 4096));
                holder.awaitBreak();
                Eventually.pause(A_WHILE.toMillis());
                assertThat(truncation).isNotDone();
                holder.letGo();
                assertThat(truncation.get(60, TimeUnit.SECONDS)).isZero();
                holder.awaitRegained();
                assertThat(Files.size(file)).isEqualTo(4096);
                assertThat(lease.breaks()).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldNotBreakForWritesAndHoles(FileSystemUnderTest fileSystem) throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        RecordingHolder holder = new RecordingHolder();
        try (TestFile open = TestFile.open(fileSystem.newFile("file", 8192)); FileLease lease = take(open, LeaseMode.DELEGATION, holder);
                Arena arena = Arena.ofConfined()) {
            assertThat(Posix.pwrite(open.fd(), arena.allocate(100), 20_000)).isEqualTo(100);
            assertThat(Posix.fallocate(open.fd(), LibC.FALLOC_FL_PUNCH_HOLE() | LibC.FALLOC_FL_KEEP_SIZE(), 0, 4096)).isZero();
            assertThat(Posix.fdatasync(open.fd())).isZero();
            lease.hear(System.nanoTime()); // as a rescan does
            assertThat(lease.isHeld()).isTrue();
            assertThat(holder.breaks).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldLetHolderTruncateInWhileReleasedOnly(FileSystemUnderTest fileSystem) throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        Path file = fileSystem.newFile("file", 8192);
        RecordingHolder holder = new RecordingHolder();
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION, holder)) {
            boolean held = lease.whileReleased(() -> assertThat(Posix.ftruncate(open.fd(), 4096)).isZero());
            assertThat(held).isTrue();
            assertThat(lease.isHeld()).isTrue();
            assertThat(Delegation.get(open.fd())).isEqualTo(LibC.F_WRLCK());
            assertThat(Files.size(file)).isEqualTo(4096);
            assertThat(lease.breaks()).isZero();

            assertThat(Posix.ftruncate(open.fd(), 100)).isEqualTo(-Errno.EAGAIN);
            holder.awaitBreak();
            holder.awaitRegained();
            assertThat(Files.size(file)).isEqualTo(4096);
            assertThat(lease.breaks()).isEqualTo(1);
            assertThat(holder.forced).isEmpty();
        }
    }

    @Test
    void shouldKeepLeaseAndDelegationOfOneDescriptionApart() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        RecordingHolder holder = new RecordingHolder();
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs(); TestFile open = TestFile.open(fileSystem.newFile("file", 4096))) {
            // Taken past the table, as by other code of the process. Nobody may open the file here: SIGIO would end this process.
            assertThat(Posix.fcntl(open.fd(), LibC.F_SETLEASE(), LibC.F_WRLCK())).isZero();
            assertBusy(open, LeaseMode.DELEGATION);
            assertThat(Posix.fcntl(open.fd(), LibC.F_SETLEASE(), LibC.F_UNLCK())).isZero();
            assertThat(Delegation.set(open.fd(), LibC.F_WRLCK())).isZero();
            assertBusy(open, LeaseMode.LEASE);
            assertThat(Delegation.get(open.fd())).as("left alone").isEqualTo(LibC.F_WRLCK());
            assertThat(Delegation.set(open.fd(), LibC.F_UNLCK())).isZero();
            take(open, LeaseMode.LEASE, holder).close();
            take(open, LeaseMode.DELEGATION, holder).close();
        }
    }

    private static void assertBusy(TestFile open, LeaseMode mode) {
        LeaseUnavailableException thrown = catchThrowableOfType(LeaseUnavailableException.class,
                () -> take(open, mode, new RecordingHolder()).close());
        assertThat(thrown).isNotNull();
        assertThat(thrown.errno()).isEqualTo(Errno.EBUSY);
    }

    @Test
    void shouldUseLeaseWhereTheChoiceIsLeftToTheLibrary() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs(); TestFile open = TestFile.open(fileSystem.newFile("file", 4096));
                FileLease lease = take(open, LeaseMode.AUTO, new RecordingHolder())) {
            assertThat(lease.mode()).isEqualTo(LeaseMode.LEASE);
            assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_WRLCK());
        }
    }

    @Test
    void shouldSayWhichKernelHasDelegationsWhereThereAreNone() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs(); TestFile open = TestFile.open(fileSystem.newFile("file", 4096))) {
            for (boolean wanted : new boolean[] {false, true}) {
                try (FileLease lease = wanted
                        ? FileLease.want(open.fd(), "file", LeaseType.WRITE, LeaseMode.DELEGATION, new RecordingHolder())
                        : take(open, LeaseMode.DELEGATION, new RecordingHolder())) {
                    assertThat(lease.mode()).isEqualTo(LeaseMode.DELEGATION);
                    assertThat(lease.isHeld()).isTrue();
                } catch (LeaseUnavailableException e) {
                    assertThat(e).hasMessageContainingAll("F_SETDELEG", "EOPNOTSUPP", "Linux 6.19", "LeaseMode.LEASE");
                }
            }
        }
    }
}
