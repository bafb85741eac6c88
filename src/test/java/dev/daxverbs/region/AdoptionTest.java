package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.AddressSpace;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.MappingFlags;
import dev.daxverbs.internal.Mappings;
import dev.daxverbs.internal.OpenFiles;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.CMapper;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.MemorySource;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Regions over memory that nobody declared: whoever mapped it, the library gets its lease, and nobody notices. */
@RequiresDevice
@Timeout(240)
class AdoptionTest {
    private static final int PAGES = 32;
    private static final long BYTES = PAGES * PAGE;
    private static final AccessFlag[] ALL = {AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ};

    private RegionPair pair;
    private Leftovers before;

    @BeforeEach
    void open() {
        CMapper.prepare();
        before = Leftovers.now();
        pair = new RegionPair();
    }

    @AfterEach
    void close() throws Exception {
        pair.close();
        before.awaitNoMore();
    }

    /** Those whose memory this kernel can register. */
    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTakeTransfersThroughBreaksOfMemoryFromAnywhere(FileSystemUnderTest fs) throws Exception {
        for (MemorySource source : MemorySource.values()) {
            if (source == MemorySource.CHANNEL_PRIVATE || source == MemorySource.CHANNEL_SYNC && fs.kind() != MemoryKind.FS_DAX
                    || source == MemorySource.BUFFER) { // which is there until it is collected; the table of MemoryMatrixTest has it
                continue;
            }
            Path path = fs.newFile(source.name(), BYTES);
            try (MemorySource.Memory memory = source.of(path, true); MemoryRegion region = pair.domain.register(memory.segment(), ALL)) {
                List<Extent> extents = AddressSpace.resolve(memory.segment().address(), BYTES);
                awaitLease(region, source);
                write(region, 1, memory.segment());

                try (OtherProcess writer = OtherProcess.writeOpenUntilTold(magicPath(extents.getFirst()))) {
                    writer.awaitLine("open");
                    assertThat(region.path()).as("%s", source).isEqualTo(TransferPath.STAGED);
                    write(region, 2, memory.segment());
                    writer.tell("close");
                    writer.awaitSuccess();
                }
                awaitLease(region, source);
                write(region, 3, memory.segment());
                assertThat(region.breaks()).isGreaterThanOrEqualTo(1);
            }
        }
    }

    /** It is asked for again after 20 ms at most, but the guest may have a slow moment. */
    private static void awaitLease(MemoryRegion region, Object what) {
        try {
            Eventually.await(what + " is leased", () -> region.guard() == Guard.LEASED);
        } catch (AssertionError e) {
            throw new AssertionError(region.describe().toString(), e);
        }
    }

    /** A page's worth, wherever there is one; the memory shows it. */
    private void write(MemoryRegion region, int content, MemorySegment memory) {
        assertThat(pair.write(content, (byte) content, region, content)).isTrue();
        pair.completeOne();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, content * (long) PAGE)).isEqualTo((byte) content);
        assertThat(memory.get(ValueLayout.JAVA_BYTE, content * (long) PAGE + PAGE - 1)).isEqualTo((byte) content);
    }

    /** A way to the file for other processes that needs no name. */
    private static Path magicPath(Extent extent) {
        int fd = OpenFiles.descriptionsOf(extent.device(), extent.inode()).all().getFirst().descriptors().getFirst();
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldLeaveTheMappingsAsTheyWere(FileSystemUnderTest fs) throws Exception {
        for (MemorySource source : List.of(MemorySource.C_LIBRARY, MemorySource.CHANNEL_SYNC, MemorySource.READ_ONLY_OF_WRITABLE)) {
            if (source == MemorySource.CHANNEL_SYNC && fs.kind() != MemoryKind.FS_DAX) {
                continue;
            }
            boolean writable = source != MemorySource.READ_ONLY_OF_WRITABLE;
            try (MemorySource.Memory memory = source.of(fs.newFile(source.name(), BYTES), writable)) {
                MemorySegment segment = memory.segment();
                if (writable) {
                    segment.fill((byte) 7);
                }
                Posix.madvise(segment.address(), BYTES, LibC.MADV_DONTFORK());
                List<Extent> extents = AddressSpace.resolve(segment.address(), BYTES);
                Set<String> flags = flags(segment);

                try (MemoryRegion region = pair.domain.register(segment, writable ? ALL : new AccessFlag[] {AccessFlag.REMOTE_READ})) {
                    awaitLease(region, source);
                    assertThat(region.describe().extents().getFirst().adoption()).as("%s", source).contains("mapped over the program's mapping");
                    assertThat(AddressSpace.resolve(segment.address(), BYTES)).as("%s", source).isEqualTo(extents);
                    assertThat(flags(segment)).as("%s", source).isEqualTo(flags).contains("dc");
                    assertThat(segment.get(ValueLayout.JAVA_BYTE, BYTES - 1)).isEqualTo((byte) (writable ? 7 : 0));
                }
            }
        }
    }

    private static Set<String> flags(MemorySegment segment) {
        try (Mappings mappings = Mappings.open()) {
            Mapping mapping = mappings.atOrAfter(segment.address());
            return MappingFlags.of(mapping).orElseThrow().words();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldBeNoticedByNobodyWhoUsesTheMemory(FileSystemUnderTest fs) throws Exception {
        long words = PAGES * 8L;
        try (MemorySource.Memory memory = MemorySource.C_LIBRARY.of(fs.newFile("counted", BYTES), true)) {
            MemorySegment segment = memory.segment();
            MemorySegment javas = segment.asSlice(0, BYTES / 2);
            MemorySegment natives = segment.asSlice(BYTES / 2);
            AtomicBoolean done = new AtomicBoolean();
            AtomicLong javaRounds = new AtomicLong();
            AtomicLong nativeRounds = new AtomicLong();
            Thread java = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    for (long i = 0; i < words; i++) {
                        long at = i * (BYTES / 2 / words);
                        javas.set(ValueLayout.JAVA_LONG, at, javas.get(ValueLayout.JAVA_LONG, at) + 1);
                    }
                    javaRounds.incrementAndGet();
                }
            });
            Thread nativeCode = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    CMapper.count(natives, natives.byteSize() / Long.BYTES, 5);
                    nativeRounds.addAndGet(5);
                }
            });
            int adopted = 0;
            for (long end = System.nanoTime() + 3_000_000_000L; System.nanoTime() < end && java.isAlive() && nativeCode.isAlive();) {
                try (MemoryRegion region = pair.domain.register(segment, ALL)) {
                    adopted += region.describe().extents().getFirst().adoption().contains("mapped over the program's") ? 1 : 0;
                }
                Eventually.pause(2);
            }
            done.set(true);
            java.join();
            nativeCode.join();

            assertThat(adopted).as("times that the mapping was replaced").isGreaterThan(1);
            for (long i = 0; i < words; i++) {
                assertThat(javas.get(ValueLayout.JAVA_LONG, i * (BYTES / 2 / words))).as("word %d", i).isEqualTo(javaRounds.get());
            }
            for (long i = 0; i < natives.byteSize() / Long.BYTES; i++) {
                assertThat(natives.get(ValueLayout.JAVA_LONG, i * Long.BYTES)).as("native word %d", i).isEqualTo(nativeRounds.get());
            }
            assertThat(Files.readAllBytes(memory.path())).isEqualTo(segment.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /** Nobody sees what is done through the descriptor that made it. */
    @Test
    void shouldTrustAMemfdOnlyIfItIsSealed() throws Exception {
        int fd = Posix.memfdCreate("adoption-test");
        Posix.ftruncate(fd, BYTES);
        long address = Posix.mmap(0, BYTES, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), fd, 0);
        MemorySegment segment = NativeMemory.at(address, BYTES);
        try (MemoryRegion region = pair.domain.register(segment, ALL)) {
            assertThat(region.guard()).isEqualTo(Guard.UNLEASED);
            assertThat(region.describe().reasons().toString()).contains("F_SEAL_SHRINK");
            write(region, 3, segment);
            assertThat(Posix.ftruncate(fd, PAGE)).isZero(); // raises no break, and ends nothing but what it cuts off
            assertThat(pair.write(1, (byte) 1, region, 5)).isTrue();
            assertThat(pair.complete(1)).containsExactly("1 FILE_TRUNCATED");
            assertThat(Posix.ftruncate(fd, BYTES)).isZero();
            write(region, 4, segment);
        }
        Posix.fcntl(fd, LibC.F_ADD_SEALS(), LibC.F_SEAL_SHRINK());
        Posix.close(fd);
        try (MemoryRegion region = pair.domain.register(segment, ALL)) {
            assertThat(region.guard()).isEqualTo(Guard.NOT_NEEDED);
            write(region, 5, segment);
        } finally {
            Posix.munmap(address, BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldSayThatTheProgramItselfIsInTheWayAndGoDirectWhenItIsNot(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("two", BYTES);
        try (FileChannel kept = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileChannel second = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                MemorySource.Memory memory = MemorySource.C_LIBRARY.of(path, true);
                MemoryRegion region = pair.domain.register(memory.segment(), ALL)) {
            assertThat(region.guard()).isEqualTo(Guard.UNLEASED);
            assertThat(region.path()).isEqualTo(TransferPath.STAGED);
            assertThat(region.describe().reasons().toString()).contains("this process itself has it open 1 times");
            write(region, 1, memory.segment());
            assertThatThrownBy(() -> pair.domain.register(memory.segment(), Set.of(ALL), LeasePolicy.REQUIRED))
                    .isInstanceOf(dev.daxverbs.lease.LeaseUnavailableException.class).hasMessageContaining(path.toString());

            second.close();
            assertThat(kept.isOpen()).isTrue(); // its description is the library's by now, and the mapping's
            Eventually.await("the lease is there", () -> region.guard() == Guard.LEASED);
            write(region, 2, memory.segment());
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldAdoptAMappingOfWhichOnlyAPartIsRegistered(FileSystemUnderTest fs) throws Exception {
        try (MemorySource.Memory memory = MemorySource.C_LIBRARY.of(fs.newFile("part", BYTES), true);
                MemoryRegion region = pair.domain.register(memory.segment().asSlice(5 * PAGE + 100, 4 * PAGE), ALL);
                MemoryRegion other = pair.domain.register(memory.segment().asSlice(PAGE, 10), ALL)) {
            awaitLease(region, "part");
            awaitLease(other, "other part");
            write(region, 1, memory.segment().asSlice(5 * PAGE + 100));
            assertThat(other.describe().extents().getFirst().fileOffset()).isEqualTo(PAGE);
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldNotTouchOtherMappingsButAdoptThemWhenTheirTurnComes(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("twice", BYTES);
        try (MemorySource.Memory one = MemorySource.C_LIBRARY.of(path, true); MemorySource.Memory two = MemorySource.C_LIBRARY.of(path, true);
                MemoryRegion first = pair.domain.register(one.segment(), ALL)) {
            assertThat(first.guard()).isEqualTo(Guard.UNLEASED);
            assertThat(first.describe().reasons().toString()).contains("mapped it elsewhere");
            try (MemoryRegion second = pair.domain.register(two.segment(), ALL)) {
                Eventually.await("both are leased", () -> first.guard() == Guard.LEASED && second.guard() == Guard.LEASED);
                write(first, 1, two.segment());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldStageMemoryOfAPrivateMappingAsItIsNotTheFiles(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("private", BYTES);
        try (MemorySource.Memory memory = MemorySource.CHANNEL_PRIVATE.of(path, true)) {
            memory.segment().asSlice(PAGE, PAGE).fill((byte) 4);
            try (MemoryRegion region = pair.domain.register(memory.segment(), ALL)) {
                write(region, 2, memory.segment());
                assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isEqualTo((byte) 4);
                assertThat(region.describe().extents().getFirst().adoption()).contains("private");
            }
        }
        assertThat(Files.readAllBytes(path)).containsOnly(0);
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldLeaveOthersReadersAloneWhereMemoryIsReadOnly(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("read-only", BYTES);
        try (MemorySource.Memory memory = MemorySource.CHANNEL_CLOSED.of(path, false);
                MemoryRegion region = pair.domain.register(memory.segment(), AccessFlag.REMOTE_READ)) {
            awaitLease(region, "read-only");
            OtherProcess.readOpen(path).awaitSuccess();
            assertThat(region.breaks()).as("%s", region.describe()).isZero();
            OtherProcess.writeOpen(path).awaitSuccess();
            Eventually.await("a break", () -> region.breaks() == 1);
            Eventually.await("the lease is there again", () -> region.guard() == Guard.LEASED);
        }
    }

    @Test
    void shouldKeepTheRecordLocksOfTheProgram() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("locked", BYTES);
            try (MemorySource.Memory memory = MemorySource.CHANNEL_CLOSED.of(path, true);
                    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                try (var lock = channel.lock()) {
                    assertThat(lock.isValid()).isTrue();
                    pair.domain.register(memory.segment(), ALL).close();
                    Eventually.pause(100);
                    assertThat(locksOf(path)).as("locks that the kernel knows of").isEqualTo(1);
                }
            }
        }
    }

    private static long locksOf(Path path) throws IOException {
        String inode = ":" + Files.getAttribute(path, "unix:ino") + " ";
        return Files.readAllLines(Path.of("/proc/locks")).stream().filter(line -> line.contains("POSIX") && line.contains(inode)).count();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldNotRegisterWhatIsMappedThereInstead(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("gone", BYTES);
        long address;
        MemoryRegion region;
        try (MemorySource.Memory memory = MemorySource.NATIVE.of(path, true)) {
            address = memory.segment().address();
            region = pair.domain.register(memory.segment(), ALL);
            awaitLease(region, "to go");
        }
        // Something else comes to the addresses, and then the file's lease is broken and comes back.
        assertThat(Posix.mmap(address, BYTES, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS()
                | LibC.MAP_FIXED_NOREPLACE(), -1, 0)).isEqualTo(address);
        try {
            OtherProcess.writeOpen(path).awaitSuccess();
            Eventually.await("the refusal is told", () -> region.describe().reasons().toString().contains("no longer what was registered"));
            assertThat(region.path()).isEqualTo(TransferPath.STAGED);
        } finally {
            region.close();
            Posix.munmap(address, BYTES);
        }
    }

    /** Between the last look at the mapping and the mapping over it another thread may close its arena, and get the addresses for something else. */
    @Test
    void shouldNeverMapOverWhatCameToTheAddressesOfAClosedArena() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("raced", BYTES);
            int registered = 0;
            int refused = 0;
            for (long end = System.nanoTime() + 3_000_000_000L; System.nanoTime() < end;) {
                Arena arena = Arena.ofShared();
                MemorySegment segment;
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                    segment = channel.map(MapMode.READ_WRITE, 0, BYTES, arena);
                }
                long address = segment.address();
                AtomicLong taken = new AtomicLong();
                long afterNs = (long) (Math.random() * 3_000_000);
                Thread closer = Thread.ofPlatform().start(() -> {
                    for (long until = System.nanoTime() + afterNs; System.nanoTime() < until;) {
                        Thread.onSpinWait();
                    }
                    while (arena.scope().isAlive()) {
                        try {
                            arena.close();
                        } catch (IllegalStateException e) {
                            Thread.onSpinWait(); // a native call has it
                        }
                    }
                    taken.set(Posix.mmap(address, BYTES, LibC.PROT_READ() | LibC.PROT_WRITE(),
                            LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_FIXED_NOREPLACE(), -1, 0));
                    if (taken.get() == address) {
                        NativeMemory.at(address, BYTES).fill((byte) 5);
                    }
                });
                try (MemoryRegion region = pair.domain.register(segment, ALL)) {
                    registered++;
                    closer.join();
                } catch (IllegalStateException | IllegalArgumentException | dev.daxverbs.verbs.VerbsException e) {
                    refused++; // closed before, or while
                }
                closer.join();
                if (taken.get() == address) {
                    List<Extent> there = AddressSpace.resolve(address, BYTES);
                    assertThat(there).as("what the other thread mapped").allMatch(extent -> extent.kind() == dev.daxverbs.dax.ExtentKind.ANONYMOUS);
                    assertThat(NativeMemory.at(address, BYTES).toArray(ValueLayout.JAVA_BYTE)).containsOnly(5);
                    Posix.munmap(address, BYTES);
                }
            }
            assertThat(registered).as("registered; refused: %d", refused).isGreaterThan(0);
        }
    }
}
