package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Posix;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * A descriptor that was just opened, and what it refers to: something that has memory to map.
 *
 * @param fd the descriptor
 * @param status what the kernel says of it
 */
record OpenedFile(int fd, FileStatus status) {
    /** What {@code open(2)} gives a new file before the process's umask is taken away: rw-rw-rw-. */
    private static final int NEW_FILE_MODE = 0666;

    static OpenedFile open(Path path, OpenFlags flags) throws FileSystemException {
        if (!flags.createsNew()) {
            refuseUnsuitable(path, flags);
        }
        int fd;
        do {
            fd = Posix.open(path.toString(), flags.bits(), NEW_FILE_MODE);
        } while (fd == -Errno.EINTR);
        if (fd < 0) {
            throw FileErrors.of(path, "open(flags=" + flags + ", mode=0" + Integer.toOctalString(NEW_FILE_MODE) + ")", fd);
        }
        try {
            FileStatus status = statusOf(path, fd);
            checkSuitable(path, status); // again: another file may have come to the path
            return new OpenedFile(fd, status);
        } catch (Throwable t) {
            Posix.close(fd);
            throw t;
        }
    }

    /** Looks at what is there without opening it: to open a FIFO waits, to open some devices changes their state. */
    private static void refuseUnsuitable(Path path, OpenFlags flags) throws FileSystemException {
        int fd = Posix.open(path.toString(), LibC.O_PATH(), 0);
        if (fd == -Errno.ENOENT && flags.creates()) {
            return;
        }
        if (fd < 0) {
            throw FileErrors.of(path, "open(flags=O_PATH|O_CLOEXEC)", fd);
        }
        try {
            checkSuitable(path, statusOf(path, fd));
        } finally {
            Posix.close(fd);
        }
    }

    private static void checkSuitable(Path path, FileStatus status) throws FileSystemException {
        if (!status.isRegular() && !(status.isCharacterDevice() && DaxDevice.of(status).exists())) {
            throw new FileSystemException(path.toString(), null, "a " + status.typeName()
                    + " has no memory to map; give a regular file or a device-DAX device");
        }
    }

    static FileStatus statusOf(Path path, int fd) throws FileSystemException {
        FileStatus[] status = new FileStatus[1];
        int result = Posix.status(fd, status);
        if (result != 0) {
            throw FileErrors.of(path, "statx, fstatfs(fd=" + fd + ")", result);
        }
        return status[0];
    }

    MemoryKind kind() {
        int magic = status.fileSystemMagic();
        if (status.isCharacterDevice()) {
            return MemoryKind.DEVICE_DAX;
        }
        if (magic == LibC.HUGETLBFS_MAGIC()) {
            return MemoryKind.HUGETLB;
        }
        if (magic == LibC.TMPFS_MAGIC() || magic == LibC.RAMFS_MAGIC()) {
            return MemoryKind.TMPFS;
        }
        // Of a file of overlayfs the DAX attribute may be that of a file below.
        return status.dax() && magic != LibC.OVERLAYFS_SUPER_MAGIC() ? MemoryKind.FS_DAX : MemoryKind.PAGE_CACHE;
    }
}
