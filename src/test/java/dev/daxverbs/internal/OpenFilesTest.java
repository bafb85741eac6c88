package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Descriptors and open file descriptions that this process has of a file: OpenFiles, OpenDescriptions, OpenDescription. */
@Timeout(600)
class OpenFilesTest {
    private static final long PAGE = Posix.PAGE_SIZE;

    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
    private final List<Integer> open = new ArrayList<>();
    private Path path;
    private long device;
    private long inode;

    @BeforeEach
    void makeFile() {
        path = tmpfs.newFile("file", PAGE);
        int fd = open(LibC.O_PATH());
        FileStatus[] status = new FileStatus[1];
        assertThat(Posix.status(fd, status)).isZero();
        device = status[0].device();
        inode = status[0].inode();
        close(fd);
    }

    @AfterEach
    void deleteFiles() throws Exception {
        open.forEach(Posix::close);
        tmpfs.close();
    }

    private int open(int flags) {
        return keep(Posix.open(path.toString(), flags, 0));
    }

    private int duplicateOf(int fd) {
        return keep(Posix.fcntl(fd, LibC.F_DUPFD_CLOEXEC(), 0));
    }

    private int keep(int fd) {
        assertThat(fd).isNotNegative();
        open.add(fd);
        return fd;
    }

    private void close(int fd) {
        open.remove((Integer) fd);
        assertThat(Posix.close(fd)).isZero();
    }

    private OpenDescriptions find() {
        return OpenFiles.descriptionsOf(device, inode);
    }

    private static int takeWriteLease(int fd) {
        int result = Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_WRLCK());
        Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_UNLCK());
        return result;
    }

    @Test
    void shouldFindNothingWhereNothingIsOpen() {
        assertThat(find().all()).isEmpty();
        assertThat(find().distinct()).isTrue();
        assertThat(OpenFiles.statusOf(device, inode)).isNull();
    }

    @Test
    void shouldTellDuplicatesFromOtherDescriptions() {
        int first = open(LibC.O_RDWR());
        int second = open(LibC.O_RDWR());
        int duplicate = duplicateOf(first);
        int reader = open(LibC.O_RDONLY());
        open(LibC.O_PATH());
        OpenDescriptions found = find();
        assertThat(found.distinct()).isTrue();
        assertThat(found.all()).extracting(OpenDescription::descriptors).containsExactlyInAnyOrder(List.of(first, duplicate), List.of(second),
                List.of(reader));
        assertThat(found.writable()).extracting(OpenDescription::descriptors).containsExactlyInAnyOrder(List.of(first, duplicate),
                List.of(second));
        assertThat(found.mappable(true)).isEqualTo(found.writable());
        assertThat(found.mappable(false)).extracting(OpenDescription::descriptors).containsExactlyInAnyOrder(List.of(first, duplicate),
                List.of(second), List.of(reader));
        assertThat(OpenFiles.statusOf(device, inode).sizeBytes()).isEqualTo(PAGE);
    }

    @Test
    void shouldCountWriterThatCannotBeMapped() {
        int writer = open(LibC.O_WRONLY());
        assertThat(find().writable()).extracting(OpenDescription::descriptors).containsExactly(List.of(writer));
        assertThat(find().mappable(false)).isEmpty();
    }

    @Test
    void shouldListWhatTheKernelCountsForLease() {
        int first = open(LibC.O_RDWR());
        duplicateOf(first);
        open(LibC.O_PATH());
        assertThat(find().writable()).hasSize(1);
        assertThat(takeWriteLease(first)).as("a duplicate is no other description").isZero();
        int second = open(LibC.O_RDWR());
        assertThat(find().writable()).hasSize(2);
        assertThat(takeWriteLease(first)).isEqualTo(-Errno.EAGAIN);
        close(second);
        assertThat(find().writable()).hasSize(1);
        assertThat(takeWriteLease(first)).isZero();
    }

    @Test
    void shouldFindDescriptorsOfTheJdkAndOfUnlinkedFiles() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
                FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            Files.move(path, path.resolveSibling("renamed"));
            assertThat(find().all()).extracting(OpenDescription::isWritable).containsExactlyInAnyOrder(true, false);
            Files.delete(path.resolveSibling("renamed"));
            Files.createFile(path);
            assertThat(find().all()).hasSize(2);
            assertThat(file.length()).isEqualTo(channel.size());
        }
        assertThat(find().all()).isEmpty();
    }

    @Test
    void shouldDuplicateTheDescriptionThatIsMapped() {
        int fd = open(LibC.O_RDWR());
        long address = Posix.mmap(0, PAGE, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 0);
        assertThat(address).isPositive();
        try {
            OpenDescription mapped = find().mappable(true).getFirst();
            int adopted = keep(mapped.duplicate());
            assertThat(Posix.isSameDescription(fd, adopted)).isEqualTo(1);
            assertThat(Posix.fcntl(adopted, LibC.F_GETFD(), 0)).as("FD_CLOEXEC").isEqualTo(1);
            close(fd);
            assertThat(takeWriteLease(adopted)).as("it is the mapping's description, and the only one").isZero();
            close(adopted);
            assertThat(find().all()).as("the mapping has one, which no descriptor shows").isEmpty();
            assertThat(takeWriteLease(open(LibC.O_RDWR()))).as("which is in the way").isEqualTo(-Errno.EAGAIN);
        } finally {
            assertThat(Posix.munmap(address, PAGE)).isZero();
        }
    }

    @Test
    void shouldNotDuplicateWhatHasBecomeAnotherFile() {
        int fd = open(LibC.O_RDWR());
        int duplicate = duplicateOf(fd);
        OpenDescription description = find().all().getFirst();
        close(fd);
        path = tmpfs.newFile("other", PAGE);
        assertThat(open(LibC.O_RDWR())).as("the kernel gives the lowest number").isEqualTo(fd);
        int adopted = keep(description.duplicate());
        assertThat(Posix.isSameDescription(duplicate, adopted)).as("by the descriptor that is left").isEqualTo(1);
        close(adopted);
        close(duplicate);
        assertThat(description.duplicate()).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldNotShowOtherFilesWhileAnotherThreadOpensAndCloses() throws Exception {
        int fd = open(LibC.O_RDWR());
        Path other = tmpfs.newFile("other", PAGE);
        AtomicBoolean stop = new AtomicBoolean();
        Thread opener = Thread.ofPlatform().start(() -> {
            while (!stop.get()) {
                Posix.close(Posix.open((System.nanoTime() % 2 == 0 ? path : other).toString(), LibC.O_RDONLY(), 0));
            }
        });
        try {
            for (int i = 0; i < 500; i++) {
                OpenDescriptions found = find();
                assertThat(found.distinct()).isTrue();
                assertThat(found.writable()).extracting(OpenDescription::descriptors).containsExactly(List.of(fd));
            }
        } finally {
            stop.set(true);
            opener.join();
        }
    }
}
