package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** Each system call with a result that can be foreseen, and with an error: Posix. */
class PosixTest {
    private static final int NOT_OPEN = 123_456;

    @TempDir
    Path folder;

    @Test
    void shouldReturnTheNegatedErrno() {
        assertThat(Posix.open(folder.resolve("missing").toString(), LibC.O_RDONLY(), 0)).isEqualTo(-Errno.ENOENT);
        assertThat(Posix.close(NOT_OPEN)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.fcntl(NOT_OPEN, LibC.F_GETFD(), 0)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.open(folder.resolve("missing").toString().getBytes(), LibC.O_RDONLY(), 0)).isEqualTo(-Errno.ENOENT);
        assertThat(Posix.ioctl(NOT_OPEN, LibC.PROCMAP_QUERY(), MemorySegment.NULL)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.setOwnerThread(NOT_OPEN, 1)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.isSameDescription(NOT_OPEN, NOT_OPEN)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.ftruncate(NOT_OPEN, 0)).isNegative();
        assertThat(Posix.fallocate(NOT_OPEN, 0, 0, 1)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.fdatasync(NOT_OPEN)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.pread(NOT_OPEN, MemorySegment.NULL, 0)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.pwrite(NOT_OPEN, MemorySegment.NULL, 0)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.read(NOT_OPEN, MemorySegment.NULL)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.write(NOT_OPEN, MemorySegment.NULL)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.status(NOT_OPEN, new FileStatus[1])).isEqualTo(-Errno.EBADF);
        assertThat(Posix.mmap(0, 4096, LibC.PROT_READ(), LibC.MAP_SHARED(), NOT_OPEN, 0)).isEqualTo(-Errno.EBADF);
        assertThat(Posix.munmap(1, 4096)).isEqualTo(-Errno.EINVAL);
        assertThat(Posix.msync(1, 4096, LibC.MS_SYNC())).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldOpenReadAndWriteFiles() throws Exception {
        Path path = folder.resolve("file");
        int fd = Posix.open(path.toString(), LibC.O_RDWR() | LibC.O_CREAT(), 0600);
        assertThat(fd).isNotNegative();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom("text");
            assertThat(Posix.pwrite(fd, text, 3)).isEqualTo(5);
            MemorySegment back = arena.allocate(100);
            assertThat(Posix.pread(fd, back, 3)).isEqualTo(5);
            assertThat(back.getString(0)).isEqualTo("text");
            assertThat(Posix.ftruncate(fd, 2)).isZero();
            assertThat(Files.size(path)).isEqualTo(2);
            assertThat(Posix.fallocate(fd, 0, 0, 10_000)).isZero();
            assertThat(Files.size(path)).isEqualTo(10_000);
            assertThat(Posix.fdatasync(fd)).isZero();
            long address = Posix.mmap(0, 4096, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 4096);
            assertThat(address).isPositive();
            assertThat(Posix.msync(address, 4096, LibC.MS_SYNC())).isZero();
            assertThat(Posix.munmap(address, 4096)).isZero();
        } finally {
            assertThat(Posix.close(fd)).isZero();
        }
    }

    @Test
    void shouldTellTheStatusAsTheJdkDoes() throws Exception {
        Path path = Files.write(folder.resolve("file"), new byte[123]);
        FileStatus status = statusOf(path);
        assertThat(status.isRegular()).isTrue();
        assertThat(status.typeName()).isEqualTo("regular file");
        assertThat(status.sizeBytes()).isEqualTo(123);
        assertThat(status.inode()).isEqualTo(Files.getAttribute(path, "unix:ino"));
        assertThat(status.mode()).isEqualTo(Files.getAttribute(path, "unix:mode"));
        assertThat(status.specialDevice()).isZero();
        FileStatus device = statusOf(Path.of("/dev/null"));
        assertThat(device.isCharacterDevice()).isTrue();
        assertThat(device.specialDevice()).as("1:3").isEqualTo(1L << 32 | 3);
        assertThat(statusOf(folder).typeName()).isEqualTo("directory");
    }

    private static FileStatus statusOf(Path path) {
        int fd = Posix.open(path.toString(), LibC.O_PATH(), 0);
        FileStatus[] status = new FileStatus[1];
        assertThat(Posix.status(fd, status)).isZero();
        assertThat(Posix.close(fd)).isZero();
        return status[0];
    }

    @Test
    void shouldTellWhichDescriptorsAreReadable() {
        int one = Posix.eventfd();
        int two = Posix.eventfd();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocateFrom(ValueLayout.JAVA_LONG, 1);
            assertThat(Posix.pollReadable(one, two, 0)).isZero();
            assertThat(Posix.write(two, count)).isEqualTo(8);
            assertThat(Posix.pollReadable(one, two, 1000)).isEqualTo(2);
            assertThat(Posix.write(one, count)).isEqualTo(8);
            assertThat(Posix.pollReadable(one, two, -1)).isEqualTo(3);
            assertThat(Posix.read(two, count)).isEqualTo(8);
            assertThat(Posix.read(two, count)).isEqualTo(-Errno.EAGAIN);
            assertThat(Posix.pollReadable(one, two, 1000)).isEqualTo(1);
        } finally {
            Posix.close(one);
            Posix.close(two);
        }
    }
}
