package dev.daxverbs.dax;

import dev.daxverbs.internal.Errno;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/** Says what a failed system call on a file means: the one place where errno values become exceptions. */
final class FileErrors {
    private static final Map<Integer, String> REMEDIES = Map.ofEntries(
            Map.entry(Errno.ENOENT, "give the path of an existing file, or open with CREATE"),
            Map.entry(Errno.EACCES, "the permissions of the file or of a folder on its path forbid it: open with READ only, or as a user"
                    + " who may"),
            Map.entry(Errno.EPERM, "the file is sealed, immutable or append-only (see memfd_create(2), lsattr(1))"),
            Map.entry(Errno.EEXIST, "open with CREATE instead of CREATE_NEW, or remove the file first"),
            Map.entry(Errno.ENOTDIR, "a part of the path is no folder"),
            Map.entry(Errno.EISDIR, "give the path of a file, not of a folder"),
            Map.entry(Errno.ELOOP, "too many symbolic links on the path"),
            Map.entry(Errno.EROFS, "the file system is mounted read-only: open with READ only"),
            Map.entry(Errno.ETXTBSY, "the file is a program that runs: open with READ only"),
            Map.entry(Errno.EMFILE, "the process has too many open files: close some, or raise the limit (ulimit -n)"),
            Map.entry(Errno.ENFILE, "the system has too many open files: see /proc/sys/fs/file-max"),
            Map.entry(Errno.ENOSPC, "the file system is full"),
            Map.entry(Errno.EDQUOT, "the user's quota on the file system is used up"),
            Map.entry(Errno.EFBIG, "the size is past the limit of the file system or of the process (ulimit -f)"),
            Map.entry(Errno.ENOMEM, "out of memory, of address space or of mappings (/proc/sys/vm/max_map_count), or of huge pages"
                    + " (/proc/sys/vm/nr_hugepages)"),
            Map.entry(Errno.EAGAIN, "too much memory is locked (ulimit -l)"),
            Map.entry(Errno.EFAULT, "the segment is a mapping of a file that has become shorter than it"),
            Map.entry(Errno.EINVAL, "the kernel or the file system does not take these arguments; a device-DAX device is reached through"
                    + " mappings only, aligned to its page size (align in /sys/bus/dax/devices)"),
            Map.entry(Errno.ENODEV, "the file system has no mappings, or the device is gone"),
            Map.entry(Errno.ENXIO, "the device is gone"));

    private FileErrors() {
    }

    /**
     * The exception for a failed call.
     *
     * @param path the file
     * @param call the call with its arguments, {@code name=value}
     * @param failed what the call returned: the negated errno
     * @return the exception, to be thrown
     */
    static FileSystemException of(Path path, String call, long failed) {
        int errno = Math.toIntExact(-failed);
        String reason = call + ": " + Errno.name(errno) + remedy(errno);
        String file = path.toString();
        if (errno == Errno.ENOENT) {
            return new NoSuchFileException(file, null, reason);
        }
        if (errno == Errno.EACCES) {
            return new AccessDeniedException(file, null, reason);
        }
        if (errno == Errno.EEXIST) {
            return new FileAlreadyExistsException(file, null, reason);
        }
        return new FileSystemException(file, null, reason);
    }

    private static String remedy(int errno) {
        String text = REMEDIES.get(errno);
        return text == null ? "" : "; " + text;
    }
}
