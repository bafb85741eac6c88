package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** Mappings: DaxFile.map, DaxMapping. */
@Timeout(600)
class DaxMappingTest {
    private static final long PAGE = Posix.PAGE_SIZE;

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
    void shouldMapRangeOfTheFile(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", 4 * PAGE);
        try (DaxFile file = DaxFile.open(path); DaxMapping mapping = file.map(PAGE, 2 * PAGE)) {
            assertThat(mapping.file()).isSameAs(file);
            assertThat(mapping.offset()).isEqualTo(PAGE);
            assertThat(mapping.length()).isEqualTo(2 * PAGE);
            assertThat(mapping.segment().byteSize()).isEqualTo(2 * PAGE);
            assertThat(mapping.isSync()).as("MAP_SYNC on DAX only").isEqualTo(file.kind() == MemoryKind.FS_DAX);
            mapping.segment().set(ValueLayout.JAVA_BYTE, 7, (byte) 42);
            mapping.flush(7, 1);
            mapping.flush(2 * PAGE, 0);
            mapping.force();
            file.force();
            assertThat(Files.readAllBytes(path)[(int) PAGE + 7]).isEqualTo((byte) 42);
            file.write(MemorySegment.ofArray(new byte[] {43}), PAGE + 8);
            assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 8)).isEqualTo((byte) 43);
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldMapReadOnlyFileReadOnly(FileSystemUnderTest fileSystem) throws Exception {
        Path path = fileSystem.newFile("file", PAGE);
        try (DaxFile file = DaxFile.open(path, StandardOpenOption.READ); DaxMapping mapping = file.map(0, PAGE)) {
            assertThat(mapping.segment().isReadOnly()).isTrue();
            assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 0)).isZero();
            assertThatIllegalArgumentException().isThrownBy(() -> mapping.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
            mapping.force();
        }
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "-4096,4096", "1,4096", "2048,1", "0,0", "0,-1", "4096,0", "0,12289", "12288,1", "8192,4097", "16384,4096",
            "4096,9223372036854775807", "9223372036854771712,4096", "-9223372036854775808,1", "0,-9223372036854775808"})
    void shouldRefuseRangesThatCannotBe(long offset, long length) throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 12_288))) {
            assertThatIllegalArgumentException().isThrownBy(() -> file.map(offset, length)).withMessageContainingAll("offset=" + offset,
                    "length=" + length, "sizeBytes=12288", "path=" + file.path());
        }
    }

    @Test
    void shouldMapUpToTheLastByte() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", PAGE + 5)); DaxMapping all = file.map(0, PAGE + 5);
                DaxMapping end = file.map(PAGE, 5)) {
            assertThat(all.segment().byteSize()).isEqualTo(PAGE + 5);
            assertThat(end.segment().byteSize()).isEqualTo(5);
            end.flush(4, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "0,4097", "4096,1", "0,-1", "1,9223372036854775807"})
    void shouldRefuseToFlushOutsideTheMapping(long offset, long length) throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", PAGE)); DaxMapping mapping = file.map(0, PAGE)) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> mapping.flush(offset, length));
        }
    }

    @Test
    void shouldOutliveTheFile() throws Exception {
        DaxFile file = DaxFile.open(tmpfs.newFile("file", PAGE));
        try (DaxMapping mapping = file.map(0, PAGE)) {
            file.close();
            mapping.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            mapping.force();
            assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
        }
    }

    @Test
    void shouldCloseOnceAndRefuseUseAfterwards() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", PAGE))) {
            DaxMapping mapping = file.map(0, PAGE);
            MemorySegment segment = mapping.segment();
            assertThat(mapsOf(file)).isEqualTo(1);
            mapping.close();
            mapping.close();
            assertThat(mapsOf(file)).isZero();
            assertThatIllegalStateException().isThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0));
            assertThatIllegalStateException().isThrownBy(mapping::force).withMessageContaining("closed").withMessageContaining(mapping.toString());
            assertThatIllegalStateException().isThrownBy(() -> mapping.hold(this)).withMessageContaining("closed");
        }
    }

    private static long mapsOf(DaxFile file) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.endsWith(file.path().toString())).count();
        }
    }

    @Test
    void shouldStayMappedWhileHeld() throws Exception {
        record User(String name) {
        }
        User one = new User("one");
        User alike = new User("one");
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", PAGE))) {
            DaxMapping mapping = file.map(0, PAGE);
            mapping.hold(one);
            mapping.hold(one);
            mapping.hold("a region");
            assertThatIllegalStateException().isThrownBy(mapping::close).withMessageContainingAll("User[name=one]", "a region",
                    mapping.toString());
            mapping.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            assertThatIllegalStateException().as("another, though equal").isThrownBy(() -> mapping.drop(alike))
                    .withMessageContaining("does not hold");
            mapping.drop(one);
            mapping.drop("a region");
            assertThatIllegalStateException().isThrownBy(mapping::close).withMessageContaining("User[name=one]");
            mapping.drop(one);
            assertThatIllegalStateException().isThrownBy(() -> mapping.drop(one)).withMessageContaining("does not hold");
            mapping.close();
            assertThat(mapsOf(file)).isZero();
        }
    }

    @Test
    void shouldThrowInternalErrorForJavaAccessPastTheEndOfTheFileAndGoOn() throws Exception {
        try (DaxFile file = DaxFile.open(tmpfs.newFile("file", 2 * PAGE)); DaxMapping mapping = file.map(0, 2 * PAGE)) {
            mapping.segment().fill((byte) 1);
            file.truncate(PAGE);
            assertThatExceptionOfType(InternalError.class).isThrownBy(() -> touch(mapping.segment().asSlice(PAGE)));
            assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
            // The system calls stop at the end instead, or say EFAULT; they never end the JVM.
            try (Arena arena = Arena.ofConfined()) {
                assertThat(file.read(arena.allocate(2 * PAGE), 0)).isEqualTo(PAGE);
            }
            try (DaxFile other = DaxFile.open(tmpfs.newFile("other", 2 * PAGE))) {
                assertThatExceptionOfType(IOException.class).isThrownBy(() -> other.read(mapping.segment().asSlice(PAGE), 0))
                        .withMessageContainingAll("EFAULT", "has become shorter");
            }
        }
    }

    private static int touch(MemorySegment segment) {
        int sum = 0;
        for (long i = 0; i < segment.byteSize(); i++) {
            sum += segment.get(ValueLayout.JAVA_BYTE, i);
        }
        return sum;
    }
}
