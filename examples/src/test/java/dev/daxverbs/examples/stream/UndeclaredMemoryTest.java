package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.examples.load.UserException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** {@link MemorySource#C_LIBRARY} is not here, as it must be compiled: {@code scripts/storm} has it. */
class UndeclaredMemoryTest {
    private static final int BYTES = 3 << 19;

    @TempDir
    private Path folder;
    private final Closing closing = new Closing();
    private final Tally tally = new Tally();
    private final byte[] bytes = new byte[BYTES];
    private Path path;

    @BeforeEach
    void makeFile() throws IOException {
        new Random(1).nextBytes(bytes);
        path = Files.write(folder.resolve("x"), bytes);
    }

    @AfterEach
    void close() throws IOException {
        closing.close();
    }

    private UndeclaredMemory map(MemorySource source) throws IOException {
        return UndeclaredMemory.map(DaxFile.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE), source, closing);
    }

    private static void spoil(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {0x55}), BYTES - 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"CHANNEL", "RENAMED", "UNLINKED"})
    void shouldReadTheFileWithoutADescriptorOfIt(MemorySource source) throws IOException {
        FileIdentity identity = FileIdentity.of(path);
        UndeclaredMemory memory = map(source);
        assertThat(identity.descriptors()).isEmpty();
        assertThat(memory.sizeBytes()).isEqualTo(BYTES);
        try (Content content = memory.content()) {
            MemorySegment found = Arena.ofAuto().allocate(BYTES);
            assertThat(content.read(found, 0)).isEqualTo(BYTES);
            assertThat(found.mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
        }
    }

    @Test
    void shouldSayWhereOthersFindTheFile() throws IOException {
        FileIdentity identity = FileIdentity.of(path);
        Path found = map(MemorySource.RENAMED).pathForOthers();
        assertThat(FileIdentity.of(found)).isEqualTo(identity);
        assertThat(FileIdentity.of(path)).isNotEqualTo(identity);
        assertThat(path).hasSize(BYTES);
    }

    @Test
    void shouldReachAFileWithoutANameByADescriptorOfTheProcess() throws IOException {
        FileIdentity identity = FileIdentity.of(path);
        Path link = Files.createLink(folder.resolve("link"), path);
        UndeclaredMemory memory = map(MemorySource.UNLINKED);
        assertThatExceptionOfType(UserException.class).isThrownBy(memory::pathForOthers).withMessageContaining("nobody can open it");
        try (FileChannel library = FileChannel.open(link)) { // what the library would open
            assertThat(library.size()).isEqualTo(BYTES);
            assertThat(FileIdentity.of(memory.pathForOthers())).isEqualTo(identity);
            memory.compareInTheEnd(tally);
            assertThat(tally.compared()).isEqualTo(2);
            assertThat(tally.lost()).isZero();
        }
    }

    @Test
    void shouldBeContentInTheEndIfNothingIsOfAnotherFile() throws IOException {
        map(MemorySource.RENAMED).compareInTheEnd(tally);
        assertThat(tally.compared()).isEqualTo(2);
        assertThat(tally.lost()).isZero();
    }

    @Test
    void shouldFindTheFileInTheEndByWhateverName() throws IOException {
        UndeclaredMemory memory = map(MemorySource.CHANNEL);
        Path moved = Files.move(path, folder.resolve("moved"));
        try (FileChannel library = FileChannel.open(moved)) { // what the library would open
            assertThat(library.size()).isEqualTo(BYTES);
            memory.compareInTheEnd(tally);
            assertThat(tally.compared()).isEqualTo(1);
            assertThat(tally.lost()).isZero();
        }
    }

    @Test
    void shouldNoticeThatTheFileIsNotTheOneThatTheMemoryIsOf() throws IOException {
        UndeclaredMemory memory = map(MemorySource.CHANNEL);
        Path other = Files.write(folder.resolve("other"), bytes);
        spoil(other);
        Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
        memory.compareInTheEnd(tally);
        assertThat(tally.compared()).isEqualTo(1);
        assertThat(tally.lost()).isEqualTo(1);
    }

    @Test
    void shouldFindAFileThatEndsWithinAPageTheSame() throws IOException {
        UndeclaredMemory memory = map(MemorySource.CHANNEL);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(BYTES / 2 + 100);
        }
        memory.compareInTheEnd(tally);
        assertThat(tally.lost()).isZero();
    }

    @Test
    void shouldNoticeThatTheOtherFileHasBeenWrittenTo() throws IOException {
        UndeclaredMemory memory = map(MemorySource.RENAMED);
        spoil(path);
        memory.compareInTheEnd(tally);
        assertThat(tally.reasons()).containsOnlyKeys("another file that came to the old name has been changed");
    }
}
