package dev.daxverbs.testing;

import dev.daxverbs.dax.MemoryKind;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A file system that tests run on: for a {@code @MethodSource} that returns {@link #present}. JUnit closes it after the test, which deletes what the
 * test left.
 */
public final class FileSystemUnderTest implements AutoCloseable {
    private final String name;
    private final Path root;
    private final MemoryKind kind;
    private Path folder;

    private FileSystemUnderTest(String name, Path root, MemoryKind kind) {
        this.name = name;
        this.root = root;
        this.kind = kind;
    }

    /** Those of this machine. In the {@link Guest} none of its file systems may be missing. */
    public static Stream<FileSystemUnderTest> present() {
        List<FileSystemUnderTest> found = new ArrayList<>();
        found.add(tmpfs());
        if (!Guest.isHere()) { // where temporary files are on overlayfs, which has its own rules
            found.add(new FileSystemUnderTest("disk", Path.of(System.getProperty("java.io.tmpdir")), MemoryKind.PAGE_CACHE));
        }
        addMounted(found, "XFS-DAX", "/mnt/xfs", MemoryKind.FS_DAX);
        addMounted(found, "ext4-DAX", "/mnt/ext4", MemoryKind.FS_DAX);
        addMounted(found, "XFS", "/mnt/pagecache", MemoryKind.PAGE_CACHE);
        return found.stream();
    }

    /** The one that is always there. */
    public static FileSystemUnderTest tmpfs() {
        return new FileSystemUnderTest("tmpfs", Path.of("/dev/shm"), MemoryKind.TMPFS);
    }

    private static void addMounted(List<FileSystemUnderTest> found, String name, String path, MemoryKind kind) {
        Path root = Path.of(path);
        if (isMountPoint(root)) {
            found.add(new FileSystemUnderTest(name, root, kind));
        } else if (Guest.isHere()) {
            throw new IllegalStateException("the guest has no file system mounted at " + path);
        }
    }

    private static boolean isMountPoint(Path path) {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            return mounts.anyMatch(line -> line.split(" ")[1].equals(path.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the memory of its files is. */
    public MemoryKind kind() {
        return kind;
    }

    /** An empty folder on it. */
    public Path folder() {
        try {
            if (folder == null) {
                folder = Files.createTempDirectory(root, "daxverbs-test-");
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new file of that many bytes on it, with no blocks. */
    public Path newFile(String fileName, long sizeBytes) {
        Path file = folder().resolve(fileName);
        try (var channel = new RandomAccessFile(Files.createFile(file).toFile(), "rw")) {
            channel.setLength(sizeBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    @Override
    public void close() throws IOException {
        if (folder == null) {
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
