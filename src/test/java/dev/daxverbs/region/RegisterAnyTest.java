package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.InaccessibleMemoryException;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.Mappings;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.MemorySource;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.testing.SystemCall;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/** What cannot be registered gets an exception that names address, length and what was found. */
@RequiresDevice
@Timeout(60)
class RegisterAnyTest {
    private static final long IO_URING_SETUP = 425; // on all platforms
    private static final long IO_URING_PARAMS_BYTES = 120;

    private final RegionPair pair = new RegionPair();
    private long mapped;

    @BeforeEach
    void map() {
        mapped = Posix.mmap(0, 4 * PAGE, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
    }

    @AfterEach
    void close() throws Exception {
        Posix.munmap(mapped, 4 * PAGE);
        pair.close();
    }

    private void refuses(MemorySegment segment, Class<? extends Exception> type, String... said) {
        assertThatThrownBy(() -> pair.domain.register(segment, AccessFlag.LOCAL_WRITE)).isInstanceOf(type).message()
                .contains(said).containsIgnoringCase("0x%x".formatted(segment.address())).contains(Long.toString(segment.byteSize()));
    }

    @Test
    void shouldRefuseAnUnmappedAddress() {
        Posix.munmap(mapped, 4 * PAGE);
        refuses(NativeMemory.at(mapped, PAGE), InaccessibleMemoryException.class, "nothing is mapped");
    }

    @Test
    void shouldRefuseAHole() {
        Posix.munmap(mapped + PAGE, PAGE);
        refuses(NativeMemory.at(mapped, 4 * PAGE), InaccessibleMemoryException.class, "nothing is mapped from 0x%x".formatted(mapped + PAGE));
    }

    @Test
    void shouldRefuseARangeThatWraps() {
        refuses(NativeMemory.at(-PAGE, 2 * PAGE), IllegalArgumentException.class, "wraps");
    }

    @Test
    void shouldRefuseASegmentOfAClosedArena() {
        MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(PAGE);
        }
        refuses(closed, IllegalStateException.class, "arena is closed");
    }

    @Test
    void shouldRefuseMemoryWithoutAccess() {
        Posix.mmap(mapped + PAGE, PAGE, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_FIXED(), -1, 0);
        refuses(NativeMemory.at(mapped, 2 * PAGE), InaccessibleMemoryException.class, "PROT_NONE");
    }

    @Test
    void shouldRefuseToLetTheDeviceWriteToAReadOnlyMapping() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
                MemorySource.Memory memory = MemorySource.NATIVE.of(fs.newFile("r", PAGE), false)) {
            refuses(memory.segment(), IllegalArgumentException.class, "for reading only", memory.path().toString());
            pair.domain.register(memory.segment(), AccessFlag.REMOTE_READ).close();
        }
    }

    /** A file without a folder to be in: the kernel's own pages. */
    @Test
    void shouldRefuseMemoryOfTheKernels() {
        try (Mappings mappings = Mappings.open()) {
            Mapping special = mappings.atOrAfter(0);
            while (!special.name().equals("[vdso]")) {
                special = mappings.atOrAfter(special.end());
            }
            refuses(NativeMemory.at(special.start(), PAGE), IllegalArgumentException.class, "the kernel's own", "[vdso]");
        }
    }

    /** A file that was never in any folder: rings of io_uring. */
    @Test
    void shouldRefuseAFileWithoutAFolder() {
        try (Arena arena = Arena.ofConfined()) {
            int fd = (int) SystemCall.of(IO_URING_SETUP, 4, arena.allocate(IO_URING_PARAMS_BYTES, 8).address());
            assertThat(fd).as("io_uring_setup").isPositive();
            long ring = Posix.mmap(0, PAGE, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED() | LibC.MAP_POPULATE(), fd, 0);
            assertThat(ring).as("mmap").isPositive();
            refuses(NativeMemory.at(ring, PAGE), IllegalArgumentException.class, "the kernel's own", "io_uring");
            Posix.munmap(ring, PAGE);
            Posix.close(fd);
        }
    }

    @Test
    void shouldRefuseHeapMemoryAndNothing() {
        assertThatThrownBy(() -> pair.domain.register(MemorySegment.ofArray(new byte[10]), AccessFlag.LOCAL_WRITE))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("heap");
        assertThatThrownBy(() -> pair.domain.register(NativeMemory.at(mapped, 0), AccessFlag.LOCAL_WRITE))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("length");
        assertThatThrownBy(() -> pair.domain.register(NativeMemory.at(mapped, PAGE), Set.of(AccessFlag.ON_DEMAND), LeasePolicy.PREFERRED))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("ON_DEMAND");
    }
}
