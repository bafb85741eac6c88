package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;

import java.util.List;

/**
 * An open file description ({@code open(2)}) that this process has descriptors of.
 *
 * @param device the device of the file's file system, packed as {@code major << 32 | minor}
 * @param inode the inode number of the file
 * @param descriptors the descriptors that refer to it, in ascending order, at least one
 * @param flags its flags: the {@code F_GETFL} of {@code fcntl(2)}
 */
public record OpenDescription(long device, long inode, List<Integer> descriptors, int flags) {
    /** Where the numbers begin that are not for standard input and output. */
    private static final int FIRST_FREE = 3;

    /** Whether the file can be written to through it: then nobody can have a read lease, and only it can have a write lease. */
    public boolean isWritable() {
        return (flags & LibC.O_ACCMODE()) != LibC.O_RDONLY();
    }

    /** Whether a mapping can be of it. A shared mapping that can be written to needs one that is read and written. */
    public boolean canBeMapped(boolean writable) {
        int mode = flags & LibC.O_ACCMODE();
        return mode == LibC.O_RDWR() || mode == LibC.O_RDONLY() && !writable;
    }

    /**
     * Makes a descriptor of it that belongs to the caller, close-on-exec. It keeps the description open, and with it whatever stands in the way of
     * others' leases, until the caller closes it.
     *
     * <p><b>Closing it ends every POSIX record lock that this process has on the file</b> ({@code fcntl(2)}: closing any descriptor does), also
     * those of {@code FileChannel.lock}. So keep it for as long as the program may have the file locked.
     *
     * @return the descriptor, or the negated errno: {@code -EBADF} if the program has closed all of its own since, or has other files under
     *     their numbers
     */
    public int duplicate() {
        FileStatus[] status = new FileStatus[1];
        for (int fd : descriptors) {
            // Looked at first as well: to close a duplicate of another file would end locks on that one.
            if (!OpenFiles.isOf(fd, device, inode, status)) {
                continue;
            }
            int duplicate = Posix.fcntl(fd, LibC.F_DUPFD_CLOEXEC(), FIRST_FREE);
            if (duplicate == -Errno.EBADF) {
                continue;
            }
            if (duplicate < 0 || OpenFiles.isOf(duplicate, device, inode, status) && Posix.fcntl(duplicate, LibC.F_GETFL(), 0) == flags) {
                return duplicate;
            }
            Posix.close(duplicate);
        }
        return -Errno.EBADF;
    }
}
