package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What each source of memory is resolved to: AddressSpace.resolve, Extent, ExtentKind. */
@Timeout(600)
class AddressSpaceTest {
    private static final long PAGE = Posix.PAGE_SIZE;
    private static final long HUGE_PAGE = 2L << 20;

    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @AfterEach
    void deleteFiles() throws IOException {
        tmpfs.close();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldResolveSharedMappingOfFile(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", 8 * PAGE);
        try (DaxFile file = DaxFile.open(path); DaxMapping mapping = file.map(2 * PAGE, 4 * PAGE)) {
            FileStatus status = OpenedFile.statusOf(path, file.fileDescriptor());
            long address = mapping.segment().address();
            assertThat(Variants.resolve(address, 4 * PAGE)).containsExactly(new Extent(address, 4 * PAGE, ExtentKind.SHARED_FILE,
                    Optional.of(fileSystem.kind()), status.device(), status.inode(), true, 2 * PAGE, true, true, false, true, path.toString(),
                    false));
            assertThat(Variants.resolve(address + PAGE + 17, 100)).as("a part of a page").singleElement().satisfies(part -> {
                assertThat(part.address()).isEqualTo(address + PAGE + 17);
                assertThat(part.length()).isEqualTo(100);
                assertThat(part.offset()).isEqualTo(3 * PAGE + 17);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldReachFileByEachWayAlone(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", PAGE);
        try (DaxFile file = DaxFile.open(path); MappedMemory memory = MappedMemory.shared(file.fileDescriptor(), PAGE, 0)) {
            for (MappedFiles.Way way : MappedFiles.Way.values()) {
                if (way == MappedFiles.Way.MAP_FILES && !Variants.mayUseMapFiles()) {
                    continue;
                }
                Extent extent = Variants.resolveOne(memory, way);
                assertThat(extent.confirmed()).as("%s", way).isTrue();
                assertThat(extent.memory()).as("%s", way).contains(fileSystem.kind());
                assertThat(extent.name()).as("%s", way).isEqualTo(path.toString());
            }
            Extent unreached = Variants.resolveOne(memory, new MappedFiles.Way[0]);
            assertThat(unreached.confirmed()).isFalse();
            assertThat(unreached.kind()).isEqualTo(ExtentKind.SHARED_FILE);
            assertThat(unreached.memory()).as("whether it is DAX only the file tells")
                    .isEqualTo(fileSystem.kind() == MemoryKind.TMPFS ? Optional.of(MemoryKind.TMPFS) : Optional.empty());
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldResolveMappingsOfFileChannelThatIsClosed(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", 3 * PAGE);
        try (Arena arena = Arena.ofShared()) {
            Extent readWrite = resolveOne(map(path, FileChannel.MapMode.READ_WRITE, arena));
            assertThat(readWrite.kind()).isEqualTo(ExtentKind.SHARED_FILE);
            assertThat(readWrite.memory()).contains(fileSystem.kind());
            assertThat(readWrite.writable()).isTrue();
            Extent readOnly = resolveOne(map(path, FileChannel.MapMode.READ_ONLY, arena));
            assertThat(readOnly.kind()).isEqualTo(ExtentKind.SHARED_FILE);
            assertThat(readOnly.shared()).isTrue();
            assertThat(readOnly.readable()).isTrue();
            assertThat(readOnly.writable()).isFalse();
            Extent copied = resolveOne(map(path, FileChannel.MapMode.PRIVATE, arena));
            assertThat(copied.kind()).isEqualTo(ExtentKind.PRIVATE_FILE);
            assertThat(copied.memory()).contains(fileSystem.kind());
            assertThat(copied.shared()).isFalse();
            assertThat(List.of(readWrite.inode(), readOnly.inode(), copied.inode())).containsOnly((Long) Files.getAttribute(path, "unix:ino"));
        }
    }

    private static MemorySegment map(Path path, FileChannel.MapMode mode, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(mode, 0, 2 * PAGE, arena);
        }
    }

    private static Extent resolveOne(MemorySegment segment) {
        return Variants.resolveOne(new MappedMemory(segment.address(), segment.byteSize()));
    }

    @Test
    void shouldResolveMemoryWithoutFile() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(100);
        try (Arena arena = Arena.ofConfined(); MappedMemory shared = MappedMemory.of(PAGE, MappedMemory.READ_WRITE,
                LibC.MAP_SHARED() | LibC.MAP_ANONYMOUS(), -1, 0)) {
            for (MemorySegment segment : List.of(arena.allocate(17), arena.allocate(10 * PAGE), MemorySegment.ofBuffer(buffer))) {
                Extent extent = resolveOne(segment);
                assertThat(extent.kind()).isEqualTo(ExtentKind.ANONYMOUS);
                assertThat(extent.memory()).isEmpty();
                assertThat(extent.shared()).isFalse();
                assertThat(extent.inode()).isZero();
                assertThat(extent.offset()).isZero();
                assertThat(extent.writable()).isTrue();
            }
            Extent extent = Variants.resolveOne(shared);
            assertThat(extent.kind()).isEqualTo(ExtentKind.ANONYMOUS);
            assertThat(extent.memory()).isEmpty();
            assertThat(extent.shared()).isTrue();
            assertThat(extent.name()).isEqualTo("/dev/zero");
            assertThat(extent.deleted()).as("it has never been anywhere").isFalse();
        }
    }

    @Test
    void shouldResolvePrivateMappingOfDevZeroAsMemoryWithoutFile() {
        int fd = Posix.open("/dev/zero", LibC.O_RDWR(), 0);
        try (MappedMemory memory = MappedMemory.of(PAGE, MappedMemory.READ_WRITE, LibC.MAP_PRIVATE(), fd, 0)) {
            assertThat(Variants.resolveOne(memory).kind()).isEqualTo(ExtentKind.ANONYMOUS);
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldResolveSystemVSharedMemoryAsMemoryWithoutFile() throws Throwable {
        int id = (int) systemV("shmget", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT)).invokeExact(0, 2 * PAGE, 0600);
        MappedMemory.check(id);
        long address = (long) systemV("shmat", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT)).invokeExact(id, 0L, 0);
        try (MappedMemory memory = new MappedMemory(MappedMemory.check(address), 2 * PAGE)) {
            Extent extent = Variants.resolveOne(memory);
            assertThat(extent.kind()).isEqualTo(ExtentKind.ANONYMOUS);
            assertThat(extent.shared()).isTrue();
            assertThat(extent.name()).startsWith("/SYSV");
        } finally {
            int removed = (int) systemV("shmctl", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG)).invokeExact(id, 0, 0L);
            MappedMemory.check(removed);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle systemV(String function, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(function).orElseThrow(), descriptor);
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "with spaces ", "new\nline", "x (deleted)", ""})
    void shouldResolveMemfd(String name) {
        int fd = Posix.memfdCreate(name);
        MappedMemory.check(Posix.ftruncate(fd, 4 * PAGE));
        try (MappedMemory memory = MappedMemory.shared(fd, 2 * PAGE, PAGE);
                MappedMemory copied = MappedMemory.of(2 * PAGE, MappedMemory.READ_WRITE, LibC.MAP_PRIVATE(), fd, PAGE)) {
            Extent extent = Variants.resolveOne(memory);
            assertThat(extent.kind()).isEqualTo(ExtentKind.MEMFD);
            assertThat(extent.memory()).contains(MemoryKind.TMPFS);
            assertThat(extent.offset()).isEqualTo(PAGE);
            assertThat(extent.name()).isEqualTo("/memfd:" + name);
            assertThat(extent.deleted()).isFalse();
            assertThat(extent.confirmed()).isTrue();
            FileStatus[] status = new FileStatus[1];
            assertThat(Posix.status(fd, status)).isZero();
            assertThat(extent.inode()).isEqualTo(status[0].inode());
            assertThat(extent.device()).isEqualTo(status[0].device());
            assertThat(Variants.resolveOne(memory, MappedFiles.Way.PATH).kind()).isEqualTo(ExtentKind.MEMFD);
            assertThat(Variants.resolveOne(copied).kind()).isEqualTo(ExtentKind.PRIVATE_FILE);
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldTellHugePages() {
        int noReserve = LibC.MAP_HUGETLB() | LibC.MAP_NORESERVE(); // none of them need exist, as they are not touched
        long address = Posix.mmap(0, HUGE_PAGE, MappedMemory.READ_WRITE, LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | noReserve, -1, 0);
        if (address < 0) {
            Guest.skip("no huge pages: " + address);
        }
        int fd;
        try (Arena arena = Arena.ofConfined()) {
            fd = LibC.memfd_create(arena.allocateFrom("huge"), LibC.MFD_HUGETLB());
        }
        MappedMemory.check(fd);
        MappedMemory.check(Posix.ftruncate(fd, HUGE_PAGE));
        try (MappedMemory anonymous = new MappedMemory(address, HUGE_PAGE);
                MappedMemory memfd = MappedMemory.of(HUGE_PAGE, MappedMemory.READ_WRITE, LibC.MAP_SHARED() | LibC.MAP_NORESERVE(), fd, 0)) {
            for (Extent extent : List.of(Variants.resolveOne(anonymous), Variants.resolveOne(anonymous, MappedFiles.Way.PATH))) {
                assertThat(extent.kind()).isEqualTo(ExtentKind.ANONYMOUS);
                assertThat(extent.memory()).contains(MemoryKind.HUGETLB);
            }
            for (Extent extent : List.of(Variants.resolveOne(memfd), Variants.resolveOne(memfd, MappedFiles.Way.PATH))) {
                assertThat(extent.kind()).isEqualTo(ExtentKind.MEMFD);
                assertThat(extent.memory()).contains(MemoryKind.HUGETLB);
                assertThat(extent.name()).isEqualTo("/memfd:huge");
            }
            FileStatus[] status = new FileStatus[1];
            assertThat(Posix.status(fd, status)).isZero();
            assertThat(MappedFiles.memory(status[0])).as("also by its file system alone").contains(MemoryKind.HUGETLB);
        } finally {
            Posix.close(fd);
        }
    }

    @Test
    void shouldResolveDaxDevice() throws Exception {
        Path device;
        try (Stream<Path> devices = Files.list(Path.of("/dev"))) {
            device = devices.filter(path -> path.getFileName().toString().startsWith("dax")).findFirst().orElse(null);
        }
        if (device == null) {
            Guest.skip("there is no device-DAX device /dev/dax*");
        }
        try (DaxFile file = DaxFile.open(device); DaxMapping mapping = file.map(HUGE_PAGE, HUGE_PAGE)) {
            MappedMemory memory = new MappedMemory(mapping.segment().address(), HUGE_PAGE);
            Extent extent = Variants.resolveOne(memory);
            assertThat(extent.kind()).isEqualTo(ExtentKind.DEVICE);
            assertThat(extent.memory()).contains(MemoryKind.DEVICE_DAX);
            assertThat(extent.offset()).isEqualTo(HUGE_PAGE);
            assertThat(extent.name()).isEqualTo(device.toString());
            assertThat(Variants.resolveOne(memory, new MappedFiles.Way[0]).kind()).as("by its file system").isEqualTo(ExtentKind.DEVICE);
        }
    }

    @Test
    void shouldTellTheKernelsOwnPagesFromTheProgramsMemory() {
        Mapping vdso = Variants.named("[vdso]");
        Extent kernels = Variants.resolve(vdso.start(), vdso.end() - vdso.start()).getFirst();
        assertThat(kernels.kind()).isEqualTo(ExtentKind.SPECIAL);
        assertThat(kernels.name()).isEqualTo("[vdso]");
        assertThat(kernels.executable()).isTrue();
        Mapping heap = Variants.named("[heap]");
        Extent programs = AddressSpace.resolve(heap.start(), PAGE).getFirst();
        assertThat(programs.kind()).isEqualTo(ExtentKind.ANONYMOUS);
        assertThat(programs.name()).isEqualTo("[heap]");
    }

    @Test
    void shouldResolveMappedLibraryAsPrivateFile() {
        long function = Linker.nativeLinker().defaultLookup().find("getpid").orElseThrow().address();
        Extent code = Variants.resolve(function, 4).getFirst();
        assertThat(code.kind()).isEqualTo(ExtentKind.PRIVATE_FILE);
        assertThat(code.executable()).isTrue();
        assertThat(code.name()).contains("libc");
    }

    @Test
    void shouldSayItInOneLine() throws Exception {
        Path path = tmpfs.newFile("file", 2 * PAGE);
        try (DaxFile file = DaxFile.open(path); MappedMemory memory = MappedMemory.shared(file.fileDescriptor(), PAGE, PAGE)) {
            Extent extent = Variants.resolveOne(memory);
            String range = "0x" + Long.toHexString(memory.address()) + "-0x" + Long.toHexString(memory.address() + PAGE);
            String identity = "device=" + (extent.device() >>> 32) + ":" + (int) extent.device() + ", inode=" + extent.inode();
            assertThat(extent).hasToString("Extent[" + range + " rw-s, SHARED_FILE, TMPFS, offset=" + PAGE + ", " + identity + ", " + path + "]");
            Files.delete(path);
            assertThat(Variants.resolveOne(memory, MappedFiles.Way.PATH)).hasToString("Extent[" + range + " rw-s, SHARED_FILE, TMPFS, offset="
                    + PAGE + ", " + identity + " (unconfirmed), " + path + " (deleted)]");
        }
    }
}
