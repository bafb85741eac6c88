package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

class FileUnderTestTest {
    private static final int SIZE = 9_000_001;

    @TempDir
    private Path folder;
    private final byte[] content = new byte[SIZE];
    private Path source;

    @BeforeEach
    void writeSource() throws IOException {
        new Random(7).nextBytes(content);
        source = Files.write(folder.resolve("source"), content);
    }

    @Test
    void shouldCopyAllOfIt() throws IOException {
        try (FileUnderTest copy = FileUnderTest.copy(source, Long.MAX_VALUE, folder.resolve("copy"))) {
            assertThat(copy.sizeBytes()).isEqualTo(SIZE);
            assertThat(copy.pages()).isEqualTo(SIZE / 4096);
            assertThat(Files.readAllBytes(copy.path())).isEqualTo(content);
        }
    }

    @Test
    void shouldCopyItsHead() throws IOException {
        try (FileUnderTest copy = FileUnderTest.copy(source, 5_000_000, folder.resolve("copy"))) {
            assertThat(Files.readAllBytes(copy.path())).isEqualTo(Arrays.copyOf(content, 5_000_000));
        }
    }

    @Test
    void shouldDeleteTheCopyWhenClosed() throws IOException {
        FileUnderTest copy = FileUnderTest.copy(source, 4096, folder.resolve("copy"));
        copy.close();
        assertThat(copy.path()).doesNotExist();
    }

    @Test
    void shouldNotOverwriteWhatIsThere() {
        assertThatExceptionOfType(FileAlreadyExistsException.class).isThrownBy(() -> FileUnderTest.copy(source, 4096, source));
    }

    @Test
    void shouldNameAFolderThatIsMissing() {
        assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> FileUnderTest.copy(source, 4096, folder.resolve("no/copy")))
                .withMessageContaining("no such folder");
    }

    @Test
    void shouldFindRoom() throws IOException {
        long once = FileUnderTest.fitting(folder, 1);
        assertThat(FileUnderTest.fitting(folder, 4)).isBetween(0L, once / 2);
        assertThat(once % FileUnderTest.PAGE_BYTES).isZero();
    }
}
