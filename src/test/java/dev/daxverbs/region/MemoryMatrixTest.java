package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.MemorySource;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What becomes of each source of memory, as docs/memory-matrix.md has it; writes target/memory-matrix.md. */
@RequiresDevice
@Timeout(300)
class MemoryMatrixTest {
    private static final long BYTES = 64 * 1024;
    private static final long HUGE_PAGE = 2L << 20;
    private static final int MFD_HUGETLB = 4;
    private static final long LEASE_PATIENCE_NS = 500_000_000;
    private static final Path DOCUMENT = Path.of("docs/memory-matrix.md");
    private static final Path RESULT = Path.of("target/memory-matrix.md");
    private static final String TABLE = "| memory | ";

    private final List<String> lines = new ArrayList<>();

    @Test
    void shouldTreatEachMemoryAsTheDocumentSays() throws Exception {
        if (!Guest.isHere()) {
            Guest.skip("the table is that of the guest's file systems");
        }
        List<FileSystemUnderTest> systems = FileSystemUnderTest.present().toList();
        try (RegionPair pair = new RegionPair()) {
            lines.add(TABLE + "access | " + String.join(" | ", systems.stream().map(Object::toString).toList()) + " |");
            lines.add("|---|---|" + "---|".repeat(systems.size()));
            for (MemorySource source : MemorySource.values()) {
                for (boolean writable : new boolean[] {true, false}) {
                    if (source == MemorySource.READ_ONLY_OF_WRITABLE && writable) {
                        continue;
                    }
                    List<String> cells = new ArrayList<>();
                    for (FileSystemUnderTest system : systems) {
                        cells.add(cell(pair, system, source, writable));
                    }
                    lines.add("| " + source + " | " + (writable ? "read-write" : "read-only") + " | " + String.join(" | ", cells) + " |");
                }
            }
            withoutFileSystem(pair);
        } finally {
            for (FileSystemUnderTest system : systems) {
                system.close();
            }
        }
        Files.write(RESULT, lines);
        List<String> documented = Files.readAllLines(DOCUMENT).stream().filter(line -> line.startsWith("|")).toList();
        assertThat(lines).as("%s beside %s", RESULT, DOCUMENT).containsExactlyElementsOf(documented);
    }

    private static String cell(RegionPair pair, FileSystemUnderTest system, MemorySource source, boolean writable) throws IOException {
        if (source == MemorySource.CHANNEL_SYNC && system.kind() != MemoryKind.FS_DAX) {
            return "-";
        }
        try (MemorySource.Memory memory = source.of(system.newFile(source + "-" + writable, BYTES), writable)) {
            return describe(pair, memory.segment(), writable);
        }
    }

    private static String describe(RegionPair pair, MemorySegment memory, boolean writable) throws IOException {
        Set<AccessFlag> access = writable ? EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ)
                : EnumSet.of(AccessFlag.REMOTE_READ);
        try (MemoryRegion region = pair.domain.register(memory, access, LeasePolicy.PREFERRED)) {
            long endNs = System.nanoTime() + LEASE_PATIENCE_NS; // it is asked for again after 20 ms at most
            while (region.guard() == Guard.UNLEASED && System.nanoTime() < endNs) {
                Eventually.pause(5);
            }
            RegionDescription description = region.describe();
            RegionExtent extent = description.extents().getFirst();
            return "%s%s, %s, %s%s".formatted(extent.kind(), extent.memory().map(kind -> " " + kind).orElse(""), description.guard(),
                    description.path(), description.path() == TransferPath.DIRECT ? description.onDemand() ? " on demand" : " pinned" : "");
        }
    }

    private void withoutFileSystem(RegionPair pair) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            row("arena", describe(pair, arena.allocate(BYTES), true));
        }
        row("direct buffer", describe(pair, MemorySegment.ofBuffer(ByteBuffer.allocateDirect((int) BYTES)), true));
        row("mmap, anonymous and shared", mapped(pair, -1, BYTES, LibC.MAP_SHARED() | LibC.MAP_ANONYMOUS()));
        int fd = Posix.memfdCreate("matrix");
        Posix.ftruncate(fd, BYTES);
        row("memfd, open", mapped(pair, fd, BYTES, LibC.MAP_SHARED()));
        Posix.fcntl(fd, LibC.F_ADD_SEALS(), LibC.F_SEAL_SHRINK());
        row("memfd, sealed against shrinking", mapped(pair, fd, BYTES, LibC.MAP_SHARED()));
        Posix.close(fd);
        huge(pair);
        int device = Posix.open("/dev/dax0.0", LibC.O_RDWR(), 0);
        if (device < 0) {
            throw new IOException("/dev/dax0.0: " + device);
        }
        row("device-DAX", mapped(pair, device, HUGE_PAGE, LibC.MAP_SHARED()));
        Posix.close(device);
    }

    private void huge(RegionPair pair) throws IOException {
        Path pages = Path.of("/proc/sys/vm/nr_hugepages");
        Files.writeString(pages, "4");
        try (Arena arena = Arena.ofConfined()) {
            row("huge pages, anonymous", mapped(pair, -1, HUGE_PAGE, LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_HUGETLB()));
            int fd = LibC.memfd_create(arena.allocateFrom("matrix"), LibC.MFD_CLOEXEC() | MFD_HUGETLB);
            Posix.ftruncate(fd, HUGE_PAGE);
            row("huge pages, memfd", mapped(pair, fd, HUGE_PAGE, LibC.MAP_SHARED()));
            Posix.close(fd);
            row("huge pages, file on hugetlbfs", onHugetlbfs(pair));
        } finally {
            Files.writeString(pages, "0");
        }
    }

    private static String onHugetlbfs(RegionPair pair) throws IOException {
        Path folder = Files.createTempDirectory("hugetlbfs");
        OtherProcess.start("mount", "-t", "hugetlbfs", "none", folder.toString()).awaitSuccess();
        try {
            int fd = Posix.open(folder.resolve("file").toString(), LibC.O_RDWR() | LibC.O_CREAT(), 0600);
            Posix.ftruncate(fd, HUGE_PAGE);
            long address = Posix.mmap(0, HUGE_PAGE, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 0);
            Posix.close(fd);
            if (address < 0) {
                throw new IOException("mmap on hugetlbfs: " + address);
            }
            try {
                return describe(pair, NativeMemory.at(address, HUGE_PAGE), true);
            } finally {
                Posix.munmap(address, HUGE_PAGE);
                Files.delete(folder.resolve("file"));
            }
        } finally {
            OtherProcess.start("umount", folder.toString()).awaitSuccess();
        }
    }

    private static String mapped(RegionPair pair, int fd, long bytes, int flags) throws IOException {
        long address = Posix.mmap(0, bytes, LibC.PROT_READ() | LibC.PROT_WRITE(), flags, fd, 0);
        if (address < 0) {
            throw new IOException("mmap: " + address);
        }
        try {
            return describe(pair, NativeMemory.at(address, bytes), true);
        } finally {
            Posix.munmap(address, bytes);
        }
    }

    private void row(String memory, String found) {
        lines.add("| " + memory + " | read-write | " + found + " |" + " |".repeat(3));
    }
}
