package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/** Reading and writing on the descriptor: DaxFile.read, write. */
@Timeout(600)
class DaxFileTransferTest {
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
    void shouldReadWhatWasWritten(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", 0);
        // Heap and native, below and above the size of the buffer that heap segments go through, at odd positions.
        try (DaxFile file = DaxFile.open(path); Arena arena = Arena.ofConfined()) {
            for (int length : new int[] {1, 4095, 256 * 1024, 256 * 1024 + 1, 1_000_003}) {
                byte[] bytes = new byte[length];
                new Random(length).nextBytes(bytes);
                MemorySegment heap = MemorySegment.ofArray(bytes);
                MemorySegment nativeCopy = arena.allocate(length).copyFrom(heap);
                for (MemorySegment source : new MemorySegment[] {heap, nativeCopy, heap.asReadOnly()}) {
                    file.truncate(0);
                    assertThat(file.write(source, 777)).isEqualTo(length);
                    assertThat(file.size()).isEqualTo(777 + length);
                    MemorySegment onHeap = MemorySegment.ofArray(new byte[length]);
                    assertThat(file.read(onHeap, 777)).isEqualTo(length);
                    assertThat(onHeap.mismatch(heap)).isEqualTo(-1);
                    MemorySegment offHeap = arena.allocate(length);
                    assertThat(file.read(offHeap, 777)).isEqualTo(length);
                    assertThat(offHeap.mismatch(heap)).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void shouldReadLessAtTheEndOfTheFile() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 1000)); Arena arena = Arena.ofConfined()) {
            for (MemorySegment destination : new MemorySegment[] {arena.allocate(600), MemorySegment.ofArray(new byte[600])}) {
                destination.fill((byte) 9);
                assertThat(file.read(destination, 400)).isEqualTo(600);
                destination.fill((byte) 9);
                assertThat(file.read(destination, 900)).isEqualTo(100);
                assertThat(destination.get(ValueLayout.JAVA_BYTE, 99)).isZero();
                assertThat(destination.get(ValueLayout.JAVA_BYTE, 100)).as("left alone").isEqualTo((byte) 9);
                assertThat(file.read(destination, 1000)).isZero();
                assertThat(file.read(destination, Long.MAX_VALUE - 600)).isZero();
            }
            assertThat(file.read(MemorySegment.NULL, 0)).isZero();
            assertThat(file.write(MemorySegment.NULL, 0)).isZero();
        }
    }

    @Test
    void shouldRefuseReadOnlyDestination() throws Exception {
        // A native call would write to it all the same.
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 1000)); Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(10).fill((byte) 9);
            assertThatIllegalArgumentException().isThrownBy(() -> file.read(segment.asReadOnly(), 0)).withMessageContaining("read-only");
            assertThat(segment.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 9);
            assertThatIllegalArgumentException().isThrownBy(() -> file.read(MemorySegment.ofArray(new byte[1]).asReadOnly(), 0));
        }
    }

    @Test
    void shouldRefuseSegmentThatIsClosedOrAnotherThreads() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 1000)); Arena arena = Arena.ofConfined()) {
            MemorySegment closed;
            try (Arena before = Arena.ofConfined()) {
                closed = before.allocate(10);
            }
            assertThatIllegalStateException().isThrownBy(() -> file.read(closed, 0));
            assertThatIllegalStateException().isThrownBy(() -> file.write(closed, 0));
            MemorySegment ours = arena.allocate(10);
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> CompletableFuture.runAsync(() -> {
                try {
                    file.read(ours, 0);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }).get()).withCauseInstanceOf(WrongThreadException.class);
        }
    }

    @Test
    void shouldRefusePositionsThatCannotBe() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 1000)); Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(10);
            for (long position : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 9}) {
                assertThatIllegalArgumentException().isThrownBy(() -> file.read(segment, position))
                        .withMessageContainingAll("position=" + position, "lengthBytes=10");
                assertThatIllegalArgumentException().isThrownBy(() -> file.write(segment, position))
                        .withMessageContainingAll("position=" + position, "lengthBytes=10");
            }
        }
    }

    @Test
    void shouldRefuseToWriteToReadOnlyFile() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 1000), StandardOpenOption.READ)) {
            assertThatIllegalStateException().isThrownBy(() -> file.write(MemorySegment.ofArray(new byte[1]), 0))
                    .withMessageContainingAll("reading only", file.path().toString());
        }
    }

    @Test
    void shouldSayHowFarAFailedWriteCame() throws Exception {
        try (SealedMemory memory = SealedMemory.ofBytes(1000); DaxFile file = DaxFile.open(memory.path())) {
            assertThat(file.kind()).isEqualTo(MemoryKind.TMPFS);
            assertThat(file.write(MemorySegment.ofArray(new byte[10]), 990)).isEqualTo(10);
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> file.write(MemorySegment.ofArray(new byte[10]), 991))
                    .withMessageContainingAll(file.path().toString(), "pwrite(", "position=991", "lengthBytes=10", "movedBytes=0", "EPERM");
        }
    }

    @Test
    void shouldWaitWithCloseForTransfersUnderWay() throws Exception {
        for (int round = 0; round < 20; round++) {
            DaxFile file = DaxFile.open(tmpfs.newFile("file" + round, 1 << 20));
            CompletableFuture<Long> reads = CompletableFuture.supplyAsync(() -> {
                MemorySegment buffer = MemorySegment.ofArray(new byte[1 << 20]);
                long whole = 0;
                while (true) {
                    try {
                        assertThat(file.read(buffer, 0)).isEqualTo(1 << 20);
                        whole++;
                    } catch (IllegalStateException e) {
                        return whole; // closed; never EBADF, and never another file's bytes
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            Thread.sleep(3);
            file.close();
            assertThat(reads.get()).isNotNegative();
        }
    }
}
