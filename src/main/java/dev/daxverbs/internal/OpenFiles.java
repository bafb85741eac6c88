package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;

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

    private static final int NONE = -1;
    private static final int UNKNOWN = -2;

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
            if (isOf(fd, device, inode, status)) {
                return status[0];
            }
        }
        return null;
    }

    /**
     * The open file descriptions that this process has of a file, without those of {@code O_PATH}: these neither map the file nor stand in the
     * way of a lease.
     *
     * @param device the device of its file system, packed as {@code major << 32 | minor}
     * @param inode its inode number
     * @return them, none if it has no descriptor of the file
     */
    public static OpenDescriptions descriptionsOf(long device, long inode) {
        List<OpenDescription> found = new ArrayList<>();
        boolean distinct = true;
        for (int fd : descriptors()) {
            int flags = flagsOf(fd, device, inode);
            if (flags < 0 || (flags & LibC.O_PATH()) != 0) {
                continue;
            }
            int same = indexOfSame(fd, found);
            if (same >= 0) {
                OpenDescription one = found.get(same);
                List<Integer> descriptors = new ArrayList<>(one.descriptors());
                descriptors.add(fd);
                found.set(same, new OpenDescription(device, inode, List.copyOf(descriptors), flags));
            } else {
                distinct &= same == NONE;
                found.add(new OpenDescription(device, inode, List.of(fd), flags));
            }
        }
        return new OpenDescriptions(List.copyOf(found), distinct);
    }

    /** The flags of a descriptor; negative if it is closed or of another file. */
    private static int flagsOf(int fd, long device, long inode) {
        FileStatus[] status = new FileStatus[1];
        if (!isOf(fd, device, inode, status)) {
            return -Errno.EBADF;
        }
        int flags = Posix.fcntl(fd, LibC.F_GETFL(), 0);
        return isOf(fd, device, inode, status) ? flags : -Errno.EBADF; // it may have become another file's in between
    }

    /** Whether a descriptor is of a file, and the status of the file that it is of. */
    public static boolean isOf(int fd, long device, long inode, FileStatus[] status) {
        return Posix.status(fd, status) == 0 && status[0].device() == device && status[0].inode() == inode;
    }

    /** Which of them a descriptor refers to, {@link #NONE}, or {@link #UNKNOWN} if the kernel does not tell. */
    private static int indexOfSame(int fd, List<OpenDescription> descriptions) {
        for (int i = 0; i < descriptions.size(); i++) {
            int same = Posix.isSameDescription(fd, descriptions.get(i).descriptors().getFirst());
            if (same == 1) {
                return i;
            }
            if (same < 0 && same != -Errno.EBADF) { // one that is closed meanwhile is the same as none
                return UNKNOWN;
            }
        }
        return NONE;
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
        numbers.sort(null);
        return numbers;
    }
}
