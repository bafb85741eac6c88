package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

class KernelCopyTest {
    private static final int BYTES = 1 << 18;

    @TempDir
    private Path folder;

    private static void resize(Path path, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }

    @Test
    void shouldReadWhatTheFileHasAndNoMoreThanItHas() throws IOException {
        byte[] bytes = new byte[BYTES];
        new Random(1).nextBytes(bytes);
        Path path = Files.write(folder.resolve("x"), bytes);
        MemorySegment expected = MemorySegment.ofArray(bytes);
        try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                KernelCopy copy = new KernelCopy(channel.map(MapMode.READ_WRITE, 0, BYTES, arena))) {
            MemorySegment found = arena.allocate(BYTES);
            assertThat(copy.read(found, 0)).isEqualTo(BYTES);
            assertThat(found.mismatch(expected)).isEqualTo(-1);
            assertThat(copy.read(found.asSlice(0, 5001), 777)).isEqualTo(5001);
            assertThat(found.asSlice(0, 5001).mismatch(expected.asSlice(777, 5001))).isEqualTo(-1);

            resize(path, 3 * Layout.PAGE_BYTES);
            found.fill((byte) 0);
            assertThat(copy.read(found.asSlice(0, 4 * Layout.PAGE_BYTES), 100)).isEqualTo(3 * Layout.PAGE_BYTES - 100);
            assertThat(found.asSlice(0, 3 * Layout.PAGE_BYTES - 100).mismatch(expected.asSlice(100, 3 * Layout.PAGE_BYTES - 100))).isEqualTo(-1);
            assertThat(found.get(ValueLayout.JAVA_BYTE, 3 * Layout.PAGE_BYTES - 100)).isZero();
            assertThat(copy.read(found, 0)).isEqualTo(3 * Layout.PAGE_BYTES);

            resize(path, 0);
            assertThat(copy.read(found, 0)).isZero();
        }
    }

    @Test
    void shouldLeaveNoDescriptorOpen() throws IOException {
        Path path = Files.write(folder.resolve("x"), new byte[BYTES]);
        try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, BYTES, arena);
            KernelCopy copy = new KernelCopy(memory);
            assertThat(memfds()).isEqualTo(1);
            copy.close();
            copy.close();
            assertThat(memfds()).isZero();
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> copy.read(arena.allocate(1), 0)).withMessageContaining("errno=9");
        }
    }

    private static long memfds() throws IOException {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(one -> {
                try {
                    return Files.readSymbolicLink(one).toString().contains("stream-comparison");
                } catch (IOException e) {
                    return false; // closed since
                }
            }).count();
        }
    }
}
