package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** When the kernel grants a lease and when not, and what a refusal says: FileLease.take. */
@Timeout(600)
class FileLeaseTakeTest {
    private final RecordingHolder holder = new RecordingHolder();

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTakeWriteLeaseOnFileThatIsOpenOnce(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 4096);
        for (StandardOpenOption mode : new StandardOpenOption[] {StandardOpenOption.READ, StandardOpenOption.WRITE}) {
            try (TestFile open = TestFile.open(file, mode); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                assertThat(lease.isHeld()).isTrue();
                assertThat(lease.type()).isEqualTo(LeaseType.WRITE);
                assertThat(lease.name()).isEqualTo(file.toString());
                assertThat(lease.breaks()).isZero();
                assertThat(lease).hasToString("FileLease[name=" + file + ", type=WRITE, mode=LEASE, state=HELD, breaks=0, forcedBreaks=0]");
                assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_WRLCK());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldRefuseWriteLeaseWhileAnotherDescriptionIsOpen(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 4096);
        try (TestFile open = TestFile.open(file); TestFile other = TestFile.open(file, StandardOpenOption.READ)) {
            assertUnavailable(open, LeaseType.WRITE, Errno.EAGAIN, "open elsewhere", "mapping whose descriptor was closed");
            other.close();
            open.lease(LeaseType.WRITE, holder).close();
        }
    }

    @Test
    void shouldRefuseWriteLeaseWhileAnotherProcessHasTheFileOpen() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            try (OtherProcess writer = OtherProcess.writeOpenUntilTold(file); TestFile open = TestFile.open(file)) {
                writer.awaitLine("open");
                assertUnavailable(open, LeaseType.WRITE, Errno.EAGAIN, "open elsewhere");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTakeReadLeasesAmongReadersOnly(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 4096);
        try (TestFile open = TestFile.open(file, StandardOpenOption.READ); TestFile other = TestFile.open(file, StandardOpenOption.READ);
                FileLease one = open.lease(LeaseType.READ, holder); FileLease two = other.lease(LeaseType.READ, holder)) {
            assertThat(one.isHeld()).isTrue();
            assertThat(two.isHeld()).isTrue();
        }
        try (TestFile open = TestFile.open(file, StandardOpenOption.READ); TestFile writer = TestFile.open(file)) {
            assertUnavailable(open, LeaseType.READ, Errno.EAGAIN, "open for writing elsewhere");
            assertUnavailable(writer, LeaseType.READ, Errno.EAGAIN, "this descriptor is itself open for writing");
        }
    }

    @Test
    void shouldNotCountDescriptorsThatAreOnlyPaths() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            try (TestFile open = TestFile.open(file); TestFile path = TestFile.openWithFlags(file, LibC.O_PATH());
                    FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                assertThat(lease.isHeld()).isTrue();
                assertUnavailable(path, LeaseType.WRITE, Errno.EBADF, "O_PATH");
            }
        }
    }

    @Test
    void shouldRefuseSecondLeaseOnOneDescription() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            try (TestFile open = TestFile.open(file);
                    TestFile duplicate = new TestFile(file, Posix.fcntl(open.fd(), LibC.F_DUPFD_CLOEXEC(), 0))) {
                try (FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                    assertUnavailable(open, LeaseType.WRITE, Errno.EBUSY, "has a lease already");
                    assertUnavailable(duplicate, LeaseType.WRITE, Errno.EBUSY, "has a lease already");
                    assertThat(lease.isHeld()).isTrue();
                    try (OtherProcess writer = OtherProcess.writeOpenUntilTold(file)) {
                        writer.awaitLine("open"); // the first one is released, and wants the kernel's lease back
                        assertUnavailable(duplicate, LeaseType.WRITE, Errno.EBUSY, "has a lease already");
                    }
                }
                duplicate.lease(LeaseType.WRITE, holder).close();
            }
        }
    }

    @Test
    void shouldRefuseDescriptionWithLeaseThatSomebodyElseTook() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            try (TestFile open = TestFile.open(fileSystem.newFile("file", 4096))) {
                // Its break would end this process by SIGIO: nobody may open the file here.
                assertThat(Posix.fcntl(open.fd(), LibC.F_SETLEASE(), LibC.F_WRLCK())).isZero();
                assertUnavailable(open, LeaseType.WRITE, Errno.EBUSY, "has a lease already");
                assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).as("left alone").isEqualTo(LibC.F_WRLCK());
            }
        }
    }

    @Test
    void shouldKeepLeaseWhenTheDescriptorIsClosed() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            FileLease lease;
            try (TestFile open = TestFile.open(file)) {
                lease = open.lease(LeaseType.WRITE, holder);
            }
            try (lease; TestFile reusesTheNumber = TestFile.open(Path.of("/proc/self/status"), StandardOpenOption.READ)) {
                assertThat(reusesTheNumber.fd()).isNotNegative();
                OtherProcess.readOpen(file).awaitSuccess();
                holder.awaitBreak();
                holder.awaitRegained();
            }
        }
    }

    @Test
    void shouldRefuseWhatHasNoLeases() throws Exception {
        try (TestFile device = TestFile.open(Path.of("/dev/null"), StandardOpenOption.READ)) {
            assertUnavailable(device, LeaseType.READ, Errno.EINVAL, "not a regular one", "file system has no leases");
        }
        assertUnavailable(new TestFile(Path.of("closed"), 123_456), LeaseType.WRITE, Errno.EBADF, "not open");
        assertUnavailable(new TestFile(Path.of("negative"), -1), LeaseType.WRITE, Errno.EBADF, "not open");
    }

    @Test
    void shouldRefuseToTakeWithoutArguments() {
        assertThatNullPointerException().isThrownBy(() -> FileLease.take(0, null, LeaseType.READ, holder)).withMessage("name");
        assertThatNullPointerException().isThrownBy(() -> FileLease.take(0, "name", null, holder)).withMessage("type");
        assertThatNullPointerException().isThrownBy(() -> FileLease.take(0, "name", LeaseType.READ, null)).withMessage("holder");
        assertThatNullPointerException().isThrownBy(() -> FileLease.take(0, "name", LeaseType.READ, null, holder)).withMessage("mode");
    }

    @Test
    void shouldLeaveNoDescriptorBehindWhenRefused() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            try (TestFile open = TestFile.open(file); TestFile other = TestFile.open(file)) {
                assertUnavailable(open, LeaseType.WRITE, Errno.EAGAIN, "open elsewhere");
                long before = OpenDescriptors.on(file);
                for (int i = 0; i < 100; i++) {
                    assertUnavailable(open, LeaseType.WRITE, Errno.EAGAIN, "open elsewhere");
                }
                assertThat(OpenDescriptors.on(file)).isEqualTo(before).isEqualTo(2);
                assertThat(other.fd()).isNotNegative();
            }
        }
    }

    private void assertUnavailable(TestFile file, LeaseType type, int errno, String... inMessage) {
        LeaseUnavailableException thrown = catchThrowableOfType(LeaseUnavailableException.class, () -> file.lease(type, holder).close());
        assertThat(thrown).isNotNull();
        assertThat(thrown.errnoName()).isEqualTo(Errno.name(errno));
        assertThat(thrown.errno()).isEqualTo(errno);
        assertThat(thrown.name()).isEqualTo(file.path().toString());
        assertThat(thrown).hasMessageContainingAll(inMessage).hasMessageContaining(Errno.name(errno)).hasMessageContaining(type.kernelName())
                .hasMessageContaining(file.path().toString());
    }
}
