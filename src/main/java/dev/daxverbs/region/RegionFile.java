package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.OpenFiles;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.internal.RecordLocks;
import dev.daxverbs.lease.LeaseUnavailableException;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * A file that regions lie over, by a descriptor of the library's own: the program may close its descriptors while regions live on.
 *
 * @param path what it is called in messages
 * @param descriptor the library's
 * @param writable whether it was opened for writing
 * @param device the device of its file system, packed as {@code major << 32 | minor}
 * @param inode its inode number
 */
record RegionFile(Path path, int descriptor, boolean writable, long device, long inode) {
    static RegionFile of(DaxFile file) throws IOException {
        int descriptor = Posix.fcntl(file.fileDescriptor(), LibC.F_DUPFD_CLOEXEC(), 0);
        if (descriptor < 0) {
            throw new FileSystemException(file.path().toString(), null, "fcntl(fd=%d, F_DUPFD_CLOEXEC): %s".formatted(
                    file.fileDescriptor(), Errno.name(-descriptor)));
        }
        return of(file.path(), descriptor, file.isWritable());
    }

    /** Takes the descriptor over; closes it if that fails. */
    static RegionFile of(Path path, int descriptor, boolean writable) throws IOException {
        FileStatus[] status = new FileStatus[1];
        int failed = Posix.status(descriptor, status);
        if (failed != 0) {
            Posix.close(descriptor);
            throw new FileSystemException(path.toString(), null, "statx(fd=%d): %s".formatted(descriptor, Errno.name(-failed)));
        }
        return new RegionFile(path, descriptor, writable, status[0].device(), status[0].inode());
    }

    boolean isOf(long otherDevice, long otherInode) {
        return device == otherDevice && inode == otherInode;
    }

    /** Whether a descriptor refers to the same open file description; false where the kernel does not tell. */
    boolean isSameDescription(int other) {
        return Posix.isSameDescription(descriptor, other) == 1;
    }

    /**
     * Whether the descriptor must not be closed now: closing any descriptor of a file ends all POSIX record locks that the process has on it
     * ({@code fcntl(2)}), those of {@code FileChannel.lock} too. A lock that the program takes at this very moment is not seen.
     */
    boolean mustStayOpen() {
        return RecordLocks.areHeldOn(device, inode);
    }

    /** Who else has the file open, as far as this process can tell: for people who wonder why there is no lease. */
    String whoHasIt(LeaseUnavailableException refusal) {
        if (refusal.errno() != Errno.EAGAIN) {
            return "";
        }
        long others = OpenFiles.descriptionsOf(device, inode).all().stream()
                .filter(one -> one.descriptors().stream().noneMatch(fd -> fd == descriptor || isSameDescription(fd)))
                .filter(one -> writable || one.isWritable())
                .count();
        return others > 0 ? "; this process itself has it open %d times beside the library's own descriptor: close these channels and files"
                .formatted(others)
                : "; or this process has mapped it elsewhere by a descriptor that is closed: a region over that mapping lets the library adopt it";
    }
}
