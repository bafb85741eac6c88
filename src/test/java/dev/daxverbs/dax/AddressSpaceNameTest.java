package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Names of mapped files: odd ones, renamed and unlinked files: AddressSpace.resolve, KernelName. Files by their bytes, as a locale may have no
 * Path for them.
 */
@Timeout(600)
class AddressSpaceNameTest {
    private static final long PAGE = Posix.PAGE_SIZE;

    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
    private final List<AutoCloseable> open = new ArrayList<>();
    private String folder;

    @BeforeEach
    void makeFolder() {
        folder = tmpfs.folder().toString() + "/";
    }

    @AfterEach
    void deleteFiles() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        tmpfs.close();
    }

    /** A new file, mapped; its descriptor is closed. The mapping is unmapped and the name unlinked after the test. */
    private MappedMemory mapNew(byte[] path) {
        int fd = (int) MappedMemory.check(Posix.open(path, LibC.O_RDWR() | LibC.O_CREAT() | LibC.O_EXCL(), 0600));
        MappedMemory.check(Posix.ftruncate(fd, PAGE));
        MappedMemory memory = MappedMemory.shared(fd, PAGE, 0);
        Posix.close(fd);
        open.add(memory);
        open.add(() -> LibCFiles.unlink(path));
        return memory;
    }

    private MappedMemory mapNew(String path) {
        return mapNew(path.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", " with  spaces ", "new\nline", "\n", "\\012", "carriage\rreturn", "tab\t", "\u00e4\u20ac\ud83d\ude00",
            "x (deleted)", "x (deleted) (deleted)", " (deleted)", "new\nline (deleted)", "\\012 (deleted)", "[heap]", "a:b", "back\\slash"})
    void shouldTellNameAndWhetherItIsDeleted(String name) {
        MappedMemory memory = mapNew(folder + name);
        for (MappedFiles.Way[] ways : List.of(new MappedFiles.Way[] {MappedFiles.Way.MAP_FILES, MappedFiles.Way.PATH},
                new MappedFiles.Way[] {MappedFiles.Way.PATH})) {
            Extent extent = Variants.resolveOne(memory, ways);
            assertThat(extent.name()).isEqualTo(folder + name);
            assertThat(extent.deleted()).isFalse();
            assertThat(extent.confirmed()).isTrue();
        }
        LibCFiles.unlink((folder + name).getBytes(StandardCharsets.UTF_8));
        for (AddressSpace.MappingSource source : Variants.sources()) {
            Extent gone = AddressSpace.resolve(memory.address(), PAGE, source, MappedFiles.Way.ALL).getFirst();
            assertThat(gone.deleted()).isTrue();
            assertThat(gone.kind()).isEqualTo(ExtentKind.SHARED_FILE);
            // Of a file that is gone nobody can tell whether the text means a newline.
            assertThat(gone.name()).isEqualTo(folder + (source == Variants.PARSED ? name.replace("\\012", "\n") : name));
        }
    }

    @Test
    void shouldResolveNameThatIsNoText() {
        byte[] path = (folder + "?").getBytes(StandardCharsets.UTF_8);
        path[path.length - 1] = (byte) 0xfe;
        Extent extent = Variants.resolveOne(mapNew(path), MappedFiles.Way.PATH);
        assertThat(extent.confirmed()).as("found by its bytes").isTrue();
        assertThat(extent.name()).isEqualTo(folder + "\ufffd");
    }

    @Test
    void shouldFollowRenamedFile() throws Exception {
        MappedMemory memory = mapNew(folder + "old");
        Extent before = Variants.resolveOne(memory);
        Files.move(Path.of(folder + "old"), Path.of(folder + "new"));
        mapNew(folder + "old"); // another file where it was
        Extent after = Variants.resolveOne(memory);
        assertThat(after.name()).isEqualTo(folder + "new");
        assertThat(after.inode()).isEqualTo(before.inode());
        assertThat(after.deleted()).isFalse();
    }

    @Test
    void shouldNotTakeFileForTheOneThatItReplaced() throws Exception {
        MappedMemory memory = mapNew(folder + "file");
        Extent before = Variants.resolveOne(memory);
        Path other = Files.createFile(Path.of(folder + "other"));
        Files.move(other, Path.of(folder + "file"), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        for (Extent after : List.of(Variants.resolveOne(memory), Variants.resolveOne(memory, MappedFiles.Way.PATH))) {
            assertThat(after.name()).isEqualTo(folder + "file");
            assertThat(after.deleted()).isTrue();
            assertThat(after.inode()).isEqualTo(before.inode());
        }
        assertThat(Variants.resolveOne(memory).confirmed()).isEqualTo(Variants.mayUseMapFiles());
        assertThat(Variants.resolveOne(memory, MappedFiles.Way.PATH).confirmed()).as("the path leads to another file").isFalse();
    }

    @Test
    void shouldTellDeletedFileFromOneWhoseNameSaysSo() {
        MappedMemory gone = mapNew(folder + "x");
        LibCFiles.unlink((folder + "x").getBytes(StandardCharsets.UTF_8));
        MappedMemory present = mapNew(folder + "x (deleted)");
        Extent deleted = Variants.resolveOne(gone);
        assertThat(deleted.name()).isEqualTo(folder + "x");
        assertThat(deleted.deleted()).isTrue();
        Extent named = Variants.resolveOne(present);
        assertThat(named.name()).isEqualTo(folder + "x (deleted)");
        assertThat(named.deleted()).isFalse();
        assertThat(named.inode()).isNotEqualTo(deleted.inode());
    }

    @Test
    void shouldConfirmUnlinkedFileByDescriptorThatIsStillOpen() throws Exception {
        Path path = tmpfs.newFile("file", PAGE);
        try (DaxFile file = DaxFile.open(path)) {
            MappedMemory memory = MappedMemory.shared(file.fileDescriptor(), PAGE, 0);
            open.add(memory);
            Files.delete(path);
            Extent extent = Variants.resolveOne(memory, MappedFiles.Way.PATH, MappedFiles.Way.DESCRIPTORS);
            assertThat(extent.confirmed()).isTrue();
            assertThat(extent.deleted()).isTrue();
            assertThat(extent.memory()).contains(MemoryKind.TMPFS);
            file.close();
            assertThat(Variants.resolveOne(memory, MappedFiles.Way.PATH, MappedFiles.Way.DESCRIPTORS).confirmed()).isFalse();
        }
    }

    @Test
    void shouldResolveFileWhosePathIsTooLongForTheKernelToTell() throws Exception {
        Path upper = nested(Path.of(folder + "upper"));
        Path lower = nested(Path.of(folder + "lower"));
        MappedMemory memory = mapNew(lower + "/file");
        Path moved = upper.resolve("moved");
        Files.move(Path.of(folder + "lower"), moved); // now its path has more than 4,095 bytes
        try {
            Extent extent = Variants.resolveOne(memory);
            assertThat(extent.name()).isEmpty();
            assertThat(extent.kind()).isEqualTo(ExtentKind.SHARED_FILE);
            assertThat(extent.memory()).contains(MemoryKind.TMPFS);
            assertThat(extent.confirmed()).isEqualTo(Variants.mayUseMapFiles());
            assertThat(Variants.resolveOne(memory, MappedFiles.Way.PATH).kind()).isEqualTo(ExtentKind.SHARED_FILE);
        } finally {
            Files.move(moved, Path.of(folder + "lower"));
        }
    }

    private static Path nested(Path path) throws Exception {
        Path folders = path;
        while (folders.toString().length() < 2_500) {
            folders = folders.resolve("d".repeat(200));
        }
        return Files.createDirectories(folders);
    }
}
