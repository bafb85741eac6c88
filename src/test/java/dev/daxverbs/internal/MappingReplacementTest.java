package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.rlimit;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.NativeMemory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

class MappingReplacementTest {
    private static final long BYTES = 8 * Posix.PAGE_SIZE;
    private static final int RLIMIT_AS = 9;

    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
    private Path path;
    private MemorySegment memory;

    @BeforeEach
    void map() {
        path = tmpfs.newFile("replaced", BYTES);
        int fd = open(LibC.O_RDWR());
        memory = NativeMemory.at(Posix.mmap(0, BYTES, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 0), BYTES);
        Posix.close(fd);
        memory.fill((byte) 3);
    }

    @AfterEach
    void unmap() throws IOException {
        Posix.munmap(memory.address(), BYTES);
        tmpfs.close();
    }

    private int open(int flags) {
        int fd = Posix.open(path.toString(), flags, 0);
        assertThat(fd).isPositive();
        return fd;
    }

    private Mapping mapping() {
        try (Mappings mappings = Mappings.open()) {
            return mappings.atOrAfter(memory.address());
        }
    }

    @Test
    void shouldDropTheOldDescriptionAndKeepEverythingElse() {
        int advice = LibC.MADV_DONTFORK();
        assertThat(Posix.madvise(memory.address(), BYTES, advice)).isZero();
        assertThat(LibC.madvise(memory, BYTES, 1)).isZero(); // MADV_RANDOM
        Mapping before = mapping();
        Set<String> flags = MappingFlags.of(before).orElseThrow().words();
        int fd = open(LibC.O_RDWR());
        try {
            assertThat(Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_WRLCK())).as("another description is in the way").isEqualTo(-Errno.EAGAIN);
            assertThat(MappingReplacement.replace(before, fd, true, memory)).isEmpty();
            assertThat(mapping()).isEqualTo(before);
            assertThat(MappingFlags.of(mapping()).orElseThrow().words()).isEqualTo(flags).contains("dc", "rr");
            assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
            assertThat(Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_WRLCK())).isZero();
            assertThat(Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_UNLCK())).isZero();
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldKeepWhatMayBeWrittenWritable() {
        int fd = open(LibC.O_RDONLY());
        try {
            Mapping before = mapping();
            assertThat(MappingReplacement.replace(before, fd, false, memory)).hasValueSatisfying(why -> assertThat(why).contains("reading only"));
            assertThat(mapping()).isEqualTo(before);
            memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldDoNothingIfTheMappingHasChanged() {
        Mapping before = mapping();
        Posix.munmap(memory.address() + BYTES / 2, BYTES / 2);
        int fd = open(LibC.O_RDWR());
        try {
            assertThat(MappingReplacement.replace(before, fd, true, memory)).isPresent();
            assertThat(mapping().end()).isEqualTo(memory.address() + BYTES / 2);
        } finally {
            Posix.close(fd);
        }
    }

    /** A limit lets the process have what it has, and not as much again. */
    @Test
    void shouldLeaveTheOldMappingIfTheKernelRefusesAnother() throws IOException {
        long large = 1L << 38;
        int fd = open(LibC.O_RDWR());
        long address = 0;
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Posix.ftruncate(fd, large)).isZero();
            address = Posix.mmap(0, large, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 0);
            MemorySegment mapped = NativeMemory.at(address, large);
            Mapping before;
            try (Mappings mappings = Mappings.open()) {
                before = mappings.atOrAfter(address);
            }
            MemorySegment unlimited = rlimit.allocate(arena);
            LibC.getrlimit(RLIMIT_AS, unlimited);
            MemorySegment limit = rlimit.allocate(arena);
            rlimit.rlim_max(limit, rlimit.rlim_max(unlimited));
            rlimit.rlim_cur(limit, addressSpaceBytes() + large / 2);
            assertThat(LibC.setrlimit(RLIMIT_AS, limit)).isZero();
            try {
                assertThat(MappingReplacement.replace(before, fd, true, mapped)).hasValueSatisfying(why -> assertThat(why).contains("ENOMEM"));
            } finally {
                LibC.setrlimit(RLIMIT_AS, unlimited);
            }
            try (Mappings mappings = Mappings.open()) {
                assertThat(mappings.atOrAfter(address)).isEqualTo(before);
            }
            assertThat(mapped.get(ValueLayout.JAVA_BYTE, BYTES - 1)).isEqualTo((byte) 3);
        } finally {
            Posix.munmap(address, large);
            Posix.ftruncate(fd, BYTES);
            Posix.close(fd);
        }
    }

    private static long addressSpaceBytes() throws IOException {
        return Long.parseLong(KernelText.read(Path.of("/proc/self/statm")).split(" ")[0]) * Posix.PAGE_SIZE;
    }

    @Test
    void shouldDoNothingForAClosedArena() {
        MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(8);
        }
        int fd = open(LibC.O_RDWR());
        try {
            assertThatThrownBy(() -> MappingReplacement.replace(mapping(), fd, true, closed)).isInstanceOf(IllegalStateException.class);
            assertThat(Posix.fcntl(fd, LibC.F_SETLEASE(), LibC.F_WRLCK())).as("the old description is there").isEqualTo(-Errno.EAGAIN);
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldSayWhatIsMapped() {
        MappedRange all = MappedRange.of(memory.address(), BYTES);
        assertThat(all.stretches()).singleElement().satisfies(stretch -> {
            assertThat(stretch.shared()).isTrue();
            assertThat(stretch.end() - stretch.start()).isEqualTo(BYTES);
        });
        assertThat(MappedRange.of(memory.address() + 10, 100).stretches()).singleElement()
                .satisfies(stretch -> assertThat(stretch.offset()).isEqualTo(10));
        assertThat(Posix.madvise(memory.address(), Posix.PAGE_SIZE, LibC.MADV_DONTFORK())).isZero(); // two mappings for the kernel
        assertThat(MappedRange.of(memory.address(), BYTES)).isEqualTo(all);
        Posix.mmap(memory.address(), Posix.PAGE_SIZE, LibC.PROT_READ(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_FIXED(), -1, 0);
        assertThat(MappedRange.of(memory.address(), BYTES).stretches()).hasSize(2);
    }

    @Test
    void shouldSeeTheRecordLocksOfThisProcess() throws IOException {
        FileStatus[] status = new FileStatus[1];
        try (var channel = java.nio.channels.FileChannel.open(path, java.nio.file.StandardOpenOption.WRITE)) {
            int fd = open(LibC.O_PATH());
            assertThat(Posix.status(fd, status)).isZero();
            Posix.close(fd);
            assertThat(RecordLocks.areHeldOn(status[0].device(), status[0].inode())).isFalse();
            try (var lock = channel.lock(0, 1, false)) {
                assertThat(lock.isValid()).isTrue();
                assertThat(RecordLocks.areHeldOn(status[0].device(), status[0].inode())).isTrue();
                assertThat(RecordLocks.areHeldOn(status[0].device(), status[0].inode() + 1)).isFalse();
            }
            assertThat(RecordLocks.areHeldOn(status[0].device(), status[0].inode())).isFalse();
        }
        assertThat(Files.size(path)).isEqualTo(BYTES);
    }
}
