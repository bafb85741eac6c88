package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.util.stream.Stream;

/** What the kernel does with open file descriptions that only a mapping keeps alive: not ours, but layers above rely on it. */
@Timeout(600)
class DescriptionFactsTest {
    private static final long LENGTH = 8192;

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldRefuseLeaseWhileMappingKeepsAnotherDescriptionUntilItIsMappedOver(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", LENGTH);
        long address;
        try (TestFile first = TestFile.open(file)) {
            address = map(0, LibC.MAP_SHARED(), first);
        }
        RecordingHolder holder = new RecordingHolder();
        try (TestFile second = TestFile.open(file)) {
            LeaseUnavailableException refused = catchThrowableOfType(LeaseUnavailableException.class,
                    () -> second.lease(LeaseType.WRITE, holder).close());
            assertThat(refused.errnoName()).isEqualTo(Errno.name(Errno.EAGAIN));
            assertThat(refused).hasMessageContaining("a shared mapping whose descriptor was closed");
            // The same pages at the same address, by the second description: nothing refers to the first one any more.
            assertThat(map(address, LibC.MAP_SHARED() | LibC.MAP_FIXED(), second)).isEqualTo(address);
            try (FileLease lease = second.lease(LeaseType.WRITE, holder)) {
                assertThat(lease.isHeld()).isTrue();
                OtherProcess.readOpen(file).awaitSuccess();
                holder.awaitRegained(); // with the mapping in place
            }
        } finally {
            assertThat(Posix.munmap(address, LENGTH)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellDescriptionsApart(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", LENGTH);
        try (TestFile one = TestFile.open(file); TestFile other = TestFile.open(file);
                TestFile duplicate = new TestFile(file, Posix.fcntl(one.fd(), LibC.F_DUPFD_CLOEXEC(), 0))) {
            assertThat(Posix.isSameDescription(one.fd(), duplicate.fd())).isEqualTo(1);
            assertThat(Posix.isSameDescription(one.fd(), other.fd())).isZero();
        }
    }

    private static long map(long address, int flags, TestFile file) {
        long mapped = Posix.mmap(address, LENGTH, LibC.PROT_READ() | LibC.PROT_WRITE(), flags, file.fd(), 0);
        assertThat(mapped).isPositive();
        return mapped;
    }
}
