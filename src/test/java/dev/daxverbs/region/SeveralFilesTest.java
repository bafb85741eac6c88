package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.CMapper;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.SendWorkRequests;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/** One region over two files with memory of no file between them: a break of either takes it all, and the rest goes on. */
@RequiresDevice
@Timeout(240)
class SeveralFilesTest {
    private static final int PART_PAGES = 8;
    private static final long PART = PART_PAGES * PAGE;
    private static final int SECOND = 2 * PART_PAGES; // the first page of the second file

    private RegionPair pair;
    private Leftovers before;
    private Path first;
    private Path second;
    private MemorySegment memory;
    private MemoryRegion region;

    @BeforeEach
    void open() {
        CMapper.prepare();
        before = Leftovers.now();
        pair = new RegionPair();
    }

    @AfterEach
    void close() throws Exception {
        if (region != null) {
            region.close();
            Posix.munmap(memory.address(), memory.byteSize());
        }
        pair.close();
        before.awaitNoMore();
    }

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    /** Two files of one file system, or of two, and anonymous memory between. */
    private void register(Path firstFile, Path secondFile) {
        first = firstFile;
        second = secondFile;
        long address = Posix.mmap(0, 3 * PART, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
        map(first, address);
        map(second, address + 2 * PART);
        memory = NativeMemory.at(address, 3 * PART);
        region = pair.domain.register(memory, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
    }

    private static void map(Path file, long address) {
        int fd = Posix.open(file.toString(), LibC.O_RDWR(), 0);
        assertThat(Posix.mmap(address, PART, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED() | LibC.MAP_FIXED(), fd, 0))
                .isEqualTo(address);
        Posix.close(fd);
    }

    /** A page; the memory shows it. */
    private void write(int page, int content) {
        assertThat(pair.write(page, (byte) content, region, page)).isTrue();
        pair.completeOne();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, (long) page * PAGE)).isEqualTo((byte) content);
        assertThat(memory.get(ValueLayout.JAVA_BYTE, (long) page * PAGE + PAGE - 1)).isEqualTo((byte) content);
    }

    private void writeEverywhere(int content) {
        for (int page : new int[] {0, PART_PAGES - 1, PART_PAGES, SECOND - 1, SECOND, SECOND + PART_PAGES - 1}) {
            write(page, content + page);
        }
        writeAcross(content);
    }

    /** One write that goes over an end of each file, at odd offsets. */
    private void writeAcross(int content) {
        pair.buffer.segment().asSlice(0, 2 * PAGE).fill((byte) content);
        SendWorkRequests across = new SendWorkRequests(2);
        across.write(1).local(pair.buffer, 0, 1000).remote(region, PART - 500).signaled();
        across.write(2).local(pair.buffer, 0, 2 * PAGE - 3).remote(region, 2 * PART - PAGE - 77).signaled();
        assertThat(pair.requester.postSend(across)).isEqualTo(2);
        assertThat(pair.complete(2)).containsExactly("1 SUCCESS", "2 SUCCESS");
        for (long at : new long[] {PART - 500, PART, PART + 499, 2 * PART - PAGE - 77, 2 * PART, 2 * PART + PAGE - 81}) {
            assertThat(memory.get(ValueLayout.JAVA_BYTE, at)).as("byte %d", at).isEqualTo((byte) content);
        }
        // and once more for reading
        SendWorkRequests read = new SendWorkRequests(1);
        read.read(3).local(pair.buffer, 3 * PAGE, 1000).remote(region, PART - 500).signaled();
        assertThat(pair.requester.postSend(read)).isEqualTo(1);
        assertThat(pair.complete(1)).containsExactly("3 SUCCESS");
        assertThat(pair.buffer.segment().asSlice(3 * PAGE, 1000).toArray(ValueLayout.JAVA_BYTE)).containsOnly(content);
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldGoThroughBreaksOfEitherFileAndOfBoth(FileSystemUnderTest fs) throws Exception {
        try (FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs()) {
            register(fs.newFile("a", PART), tmpfs.newFile("b", PART));
            Eventually.await("leased", () -> region.guard() == Guard.LEASED);
            assertThat(region.describe().extents()).hasSize(3).extracting(RegionExtent::guard)
                    .containsExactly(Guard.LEASED, Guard.NOT_NEEDED, Guard.LEASED);
            writeEverywhere(1);
            try (OtherProcess one = OtherProcess.writeOpenUntilTold(first)) {
                one.awaitLine("open");
                assertThat(region.path()).isEqualTo(TransferPath.STAGED);
                writeEverywhere(40);
                try (OtherProcess two = OtherProcess.writeOpenUntilTold(second)) {
                    two.awaitLine("open");
                    writeEverywhere(80);
                    one.tell("close");
                    one.awaitSuccess();
                    Eventually.pause(50);
                    assertThat(region.path()).as("the second file is in other hands").isEqualTo(TransferPath.STAGED);
                    writeEverywhere(120);
                    two.tell("close");
                    two.awaitSuccess();
                }
            }
            Eventually.await("leased again", () -> region.guard() == Guard.LEASED && region.path() == TransferPath.DIRECT);
            writeEverywhere(160);
            region.close();
            assertThat(Files.readAllBytes(first)).isEqualTo(memory.asSlice(0, PART).toArray(ValueLayout.JAVA_BYTE));
            assertThat(Files.readAllBytes(second)).isEqualTo(memory.asSlice(2 * PART, PART).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldLoseNoMoreThanTheTruncatedFileLost(FileSystemUnderTest fs) throws Exception {
        register(fs.newFile("a", PART), fs.newFile("b", PART));
        writeEverywhere(1);
        OtherProcess.shell("exec 3<> \"$1\"; truncate -s " + 2 * PAGE + " /proc/self/fd/3", first).awaitSuccess();
        Eventually.await("the first file has two pages", () -> region.usableBytes() == 2 * PAGE && region.guard() == Guard.LEASED);

        write(1, 7);
        write(PART_PAGES, 8); // of no file
        write(SECOND, 9); // of the file that is whole
        assertThatThrownBy(() -> pair.write(1, (byte) 1, region, 2)).isInstanceOf(RegionTruncatedException.class);
        assertThatThrownBy(() -> pair.write(1, (byte) 1, region, PART_PAGES - 1)).isInstanceOf(RegionTruncatedException.class);

        OtherProcess.shell("exec 3<> \"$1\"; truncate -s " + PART + " /proc/self/fd/3", first).awaitSuccess();
        Eventually.await("it has all again", () -> region.usableBytes() == 3 * PART);
        writeEverywhere(50);
    }

    /** Breaks of both at the same time, again and again, while transfers go on. */
    @Test
    void shouldAnswerBreaksOfBothThatMeet() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            register(fs.newFile("a", PART), fs.newFile("b", PART));
            AtomicBoolean done = new AtomicBoolean();
            Thread[] breakers = {breaking(first, done), breaking(second, done)};
            int rounds = 0;
            for (long end = System.nanoTime() + 4_000_000_000L; System.nanoTime() < end; rounds++) {
                write(rounds % (3 * PART_PAGES), rounds);
            }
            done.set(true);
            for (Thread breaker : breakers) {
                breaker.join();
            }
            assertThat(region.breaks()).isGreaterThan(2);
            assertThat(region.fenced()).isZero();
            Eventually.await("leased again", () -> region.guard() == Guard.LEASED);
            writeEverywhere(3);
        }
    }

    private static Thread breaking(Path file, AtomicBoolean done) {
        return Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                int fd = Posix.open(file.toString(), LibC.O_RDWR(), 0);
                Posix.close(fd);
            }
        });
    }

    /** Two threads that register the same two files in opposite orders. */
    @Test
    void shouldNotDeadlockWithRegionsOverTheSameFilesInAnotherOrder() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            register(fs.newFile("a", PART), fs.newFile("b", PART));
            Path[] turned = {second, first};
            long address = Posix.mmap(0, 3 * PART, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
            map(turned[0], address);
            map(turned[1], address + 2 * PART);
            MemorySegment other = NativeMemory.at(address, 3 * PART);
            AtomicBoolean done = new AtomicBoolean();
            Thread breaker = breaking(first, done);
            Thread registering = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    pair.domain.register(other, AccessFlag.LOCAL_WRITE).close();
                }
            });
            int rounds = 0;
            for (long end = System.nanoTime() + 3_000_000_000L; System.nanoTime() < end; rounds++) {
                pair.domain.register(memory, AccessFlag.LOCAL_WRITE).close();
            }
            done.set(true);
            breaker.join();
            registering.join(60_000);
            assertThat(registering.isAlive()).isFalse();
            assertThat(rounds).isGreaterThan(1);
            Posix.munmap(address, 3 * PART);
        }
    }
}
