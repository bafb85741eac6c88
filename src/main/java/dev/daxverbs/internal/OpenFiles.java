package dev.daxverbs.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files that this process has open, as {@code /proc/self/fd} lists them.
 *
 * <p>Each answer is of the past: other threads open and close meanwhile, and a descriptor's number may mean another file by then.
 */
public final class OpenFiles {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private OpenFiles() {
    }

    /**
     * What a file that this process has open is.
     *
     * @param device the device of its file system, packed as {@code major << 32 | minor}
     * @param inode its inode number
     * @return its status; null if this process has no descriptor of it
     */
    public static FileStatus statusOf(long device, long inode) {
        FileStatus[] status = new FileStatus[1];
        for (int fd : descriptors()) {
            if (Posix.status(fd, status) == 0 && status[0].device() == device && status[0].inode() == inode) {
                return status[0];
            }
        }
        return null;
    }

    private static List<Integer> descriptors() {
        List<Integer> numbers = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path link : links) {
                numbers.add(Integer.parseInt(link.getFileName().toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return numbers;
    }
}
