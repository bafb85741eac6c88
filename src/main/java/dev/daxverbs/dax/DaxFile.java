package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An open file whose memory can be mapped: a regular file of any file system, or a device-DAX character device.
 *
 * <p>It is one open file description of the kernel's, and so it takes part in leases (<a
 * href="https://man7.org/linux/man-pages/man2/F_GETSIG.2const.html">fcntl(2)</a>, <i>Leases</i>): while it is open for writing nobody can have a
 * read lease on the file, and while it is open at all nobody but its own lease holder can have a write lease. Opening it waits
 * until the leases of others are released.
 *
 * <p>Any number of threads may use it; {@link #close} waits for their calls.
 */
public final class DaxFile implements AutoCloseable {
    /** What an action on the descriptor returns to say that the file system has no such operation. */
    private static final int NOT_AVAILABLE = Integer.MAX_VALUE;

    private final Path path;
    private final OpenFlags flags;
    private final int fd;
    private final MemoryKind kind;
    /** Null for a regular file. */
    private final DaxDevice device;
    private final long mappingUnitBytes;
    private final GuardedChanges changes = new GuardedChanges();
    /** Held for reading during each call on the descriptor, for writing by close: its number may then mean another file. */
    private final ReentrantReadWriteLock descriptorUse = new ReentrantReadWriteLock();
    private boolean closed;

    private DaxFile(Path path, OpenFlags flags, OpenedFile opened) {
        this.path = path;
        this.flags = flags;
        this.fd = opened.fd();
        this.kind = opened.kind();
        this.device = kind == MemoryKind.DEVICE_DAX ? DaxDevice.of(opened.status()) : null;
        this.mappingUnitBytes = kind == MemoryKind.HUGETLB ? opened.status().fileSystemBlockBytes() : Posix.PAGE_SIZE;
    }

    /**
     * Opens a file, close-on-exec ({@code open(2)}). A new file can be read and written by everybody, less the umask.
     *
     * @param path a path of the default file system
     * @param options any of READ, WRITE, CREATE, CREATE_NEW and TRUNCATE_EXISTING of {@link java.nio.file.StandardOpenOption}. WRITE implies
     *     READ, as mappings are read. None of these two means both. With READ alone the other options have no effect
     * @return the file, to be closed
     * @throws UnsupportedOperationException if another option is given; its name is in the message
     * @throws ProviderMismatchException if the path belongs to another file system provider, such as a zip file's
     * @throws java.nio.file.NoSuchFileException if there is no such file, and neither CREATE nor CREATE_NEW is given (ENOENT)
     * @throws java.nio.file.FileAlreadyExistsException if CREATE_NEW is given and the path exists (EEXIST)
     * @throws java.nio.file.AccessDeniedException if permissions forbid it (EACCES)
     * @throws FileSystemException if it is neither a regular file nor a device-DAX device, and for other errors of {@code open(2)}: EROFS,
     *     ETXTBSY, EMFILE, ENOSPC and so on
     * @throws IOException never otherwise
     */
    public static DaxFile open(Path path, OpenOption... options) throws IOException {
        OpenFlags flags = OpenFlags.of(options);
        if (path.getFileSystem() != FileSystems.getDefault()) {
            throw new ProviderMismatchException("path=" + path + " is not of the default file system but of "
                    + path.getFileSystem().provider());
        }
        return new DaxFile(path, flags, OpenedFile.open(path, flags));
    }

    /**
     * The path that it was opened by; the file may have been renamed since.
     *
     * @return the path as given
     */
    public Path path() {
        return path;
    }

    /**
     * What its mappings are made of.
     *
     * @return the kind, as it was when the file was opened
     */
    public MemoryKind kind() {
        return kind;
    }

    /**
     * Whether it was opened for writing.
     *
     * @return false for a file opened with READ alone
     */
    public boolean isWritable() {
        return flags.writable();
    }

    /**
     * Whether nobody can make the file shorter: a memfd with F_SEAL_SHRINK ({@code fcntl(2)}), which cannot be taken off.
     *
     * @return false for every other file
     * @throws IllegalStateException if the file is closed
     */
    public boolean cannotShrink() {
        return Posix.cannotShrink(fileDescriptor());
    }

    /**
     * The descriptor, for calls that this class does not have. It must not be closed, nor used after {@link #close}: duplicate it to keep it.
     *
     * @return the number of the descriptor
     * @throws IllegalStateException if the file is closed
     */
    public int fileDescriptor() {
        beginUse();
        try {
            return fd;
        } finally {
            endUse();
        }
    }

    /**
     * The present size.
     *
     * @return bytes
     * @throws IllegalStateException if the file is closed
     * @throws IOException if {@code statx(2)} or, for a device, sysfs failed
     */
    public long size() throws IOException {
        beginUse();
        try {
            return device != null ? device.sizeBytes() : OpenedFile.statusOf(path, fd).sizeBytes();
        } finally {
            endUse();
        }
    }

    /**
     * Maps a range of the file, shared with everybody ({@code mmap(2)}): synchronously ({@code MAP_SYNC}) where the file system can, that
     * is on DAX. A file opened for reading only gives a read-only mapping.
     *
     * @param offset where it begins in the file, in bytes: a multiple of the page size, for {@link MemoryKind#HUGETLB} of the huge page size
     * @param length bytes, more than zero; for {@link MemoryKind#HUGETLB} a multiple of the huge page size
     * @return the mapping, to be closed; it stays valid when this file is closed
     * @throws IllegalArgumentException if the range is not as described, or is not within the file's present size
     * @throws IllegalStateException if the file is closed
     * @throws FileSystemException if {@code mmap(2)} failed: ENOMEM, EPERM (a sealed memfd), EINVAL (a device-DAX range that is not aligned
     *     to the device's pages) and so on
     * @throws IOException if the size cannot be told
     */
    public DaxMapping map(long offset, long length) throws IOException {
        beginUse();
        try {
            checkMappable(offset, length, size());
            int protection = LibC.PROT_READ() | (isWritable() ? LibC.PROT_WRITE() : 0);
            boolean sync = true;
            long address = Posix.mmap(0, length, protection, LibC.MAP_SHARED_VALIDATE() | LibC.MAP_SYNC(), fd, offset);
            if (address == -Errno.EOPNOTSUPP || address == -Errno.EINVAL) {
                sync = false;
                address = Posix.mmap(0, length, protection, LibC.MAP_SHARED(), fd, offset);
            }
            if (address < 0) {
                throw FileErrors.of(path, "mmap(length=" + length + ", " + (isWritable() ? "PROT_READ|PROT_WRITE" : "PROT_READ")
                        + ", " + (sync ? "MAP_SHARED_VALIDATE|MAP_SYNC" : "MAP_SHARED") + ", fd=" + fd + ", offset=" + offset + ")",
                        address);
            }
            return new DaxMapping(this, address, offset, length, sync);
        } finally {
            endUse();
        }
    }

    private void checkMappable(long offset, long length, long size) {
        String values = "offset=" + offset + ", length=" + length + ", sizeBytes=" + size + ", path=" + path;
        if (offset < 0 || offset % mappingUnitBytes != 0) {
            throw new IllegalArgumentException("the offset of a mapping must be a multiple of pageBytes=" + mappingUnitBytes + ": " + values);
        }
        if (length <= 0 || kind == MemoryKind.HUGETLB && length % mappingUnitBytes != 0) {
            throw new IllegalArgumentException("the length of a mapping must be more than zero"
                    + (kind == MemoryKind.HUGETLB ? " and a multiple of pageBytes=" + mappingUnitBytes : "") + ": " + values);
        }
        if (offset > size || length > size - offset) {
            throw new IllegalArgumentException("a mapping must lie within the file, extend() it first: " + values);
        }
    }

    /**
     * Sets the size ({@code ftruncate(2)}), inside the guards. What lies past a smaller size is lost; what a larger size adds reads as
     * zero and has no blocks yet: {@link #extend} gives it some.
     *
     * <p>Mappings of what is cut off must not be touched any more, see the package page.
     *
     * @param sizeBytes the new size, at least zero
     * @throws IllegalArgumentException if the size is negative
     * @throws IllegalStateException if the file is closed or read-only
     * @throws UnsupportedOperationException for a device, whose size is fixed
     * @throws FileSystemException if {@code ftruncate(2)} failed: EPERM (sealed), EFBIG, ENOSPC and so on
     * @throws IOException if a guard refused
     */
    public void truncate(long sizeBytes) throws IOException {
        checkChangeable(sizeBytes);
        String change = "ftruncate(fd=" + fd + ", sizeBytes=" + sizeBytes + ")";
        changes.run(change, () -> onDescriptor(change, () -> Posix.ftruncate(fd, sizeBytes)));
    }

    /**
     * Makes the file larger, with blocks for what is added ({@code fallocate(2)}), inside the guards. Where the file system cannot allocate
     * blocks they come when they are first written to. A file that is already that large stays as it is, and its guards are not called.
     *
     * @param sizeBytes the new size, at least zero
     * @throws IllegalArgumentException if the size is negative
     * @throws IllegalStateException if the file is closed or read-only
     * @throws UnsupportedOperationException for a device, whose size is fixed
     * @throws FileSystemException if {@code fallocate(2)} or {@code ftruncate(2)} failed: ENOSPC, EPERM (sealed), EFBIG and so on
     * @throws IOException if a guard refused
     */
    public void extend(long sizeBytes) throws IOException {
        checkChangeable(sizeBytes);
        if (sizeBytes > size()) {
            changes.run("fallocate(fd=" + fd + ", sizeBytes=" + sizeBytes + ")", () -> extendNow(sizeBytes));
        }
    }

    /**
     * Gives the blocks of a range back ({@code fallocate(2)} with {@code FALLOC_FL_PUNCH_HOLE}), inside the guards: it reads as zero. The size
     * stays.
     *
     * @param offset where the range begins, in bytes
     * @param lengthBytes bytes, more than zero; what lies past the end of the file counts for nothing
     * @throws IllegalArgumentException if the range is not as described
     * @throws IllegalStateException if the file is closed or read-only
     * @throws UnsupportedOperationException for a device, which has no holes
     * @throws FileSystemException if {@code fallocate(2)} failed: EOPNOTSUPP (a file system without holes), EPERM (a sealed memfd) and so on
     * @throws IOException if a guard refused
     */
    public void punch(long offset, long lengthBytes) throws IOException {
        checkChangeable(0);
        if (offset < 0 || lengthBytes <= 0 || offset > Long.MAX_VALUE - lengthBytes) {
            throw new IllegalArgumentException("a hole must begin at 0 or later, be longer than 0, and end before 2^63: offset=" + offset
                    + ", lengthBytes=" + lengthBytes + ", path=" + path);
        }
        String change = "fallocate(fd=" + fd + ", FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, offset=" + offset + ", length=" + lengthBytes + ")";
        changes.run(change, () -> onDescriptor(change, () -> Posix.fallocate(fd,
                LibC.FALLOC_FL_PUNCH_HOLE() | LibC.FALLOC_FL_KEEP_SIZE(), offset, lengthBytes)));
    }

    private void extendNow(long sizeBytes) throws IOException {
        long present = size(); // anew: it may have grown before the guards were through
        if (sizeBytes <= present) {
            return;
        }
        String call = "fallocate(fd=" + fd + ", mode=0, offset=" + present + ", length=" + (sizeBytes - present) + ")";
        boolean allocated = onDescriptor(call, () -> {
            int result = Posix.fallocate(fd, 0, present, sizeBytes - present);
            return result == -Errno.EOPNOTSUPP || result == -Errno.ENOSYS ? NOT_AVAILABLE : result;
        }) != NOT_AVAILABLE;
        if (!allocated) {
            // Another process that makes the file still larger at this very moment would lose that: no call extends only.
            onDescriptor("ftruncate(fd=" + fd + ", sizeBytes=" + sizeBytes + ")", () -> Posix.ftruncate(fd, sizeBytes));
        }
    }

    private void checkChangeable(long sizeBytes) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("a size must be at least 0: sizeBytes=" + sizeBytes + ", path=" + path);
        }
        if (device != null) {
            throw new UnsupportedOperationException("the size of a device-DAX device is fixed: path=" + path + ", sizeBytes=" + sizeBytes);
        }
        checkWritable();
    }

    private void checkWritable() {
        if (!isWritable()) {
            throw new IllegalStateException("the file was opened for reading only, open it with WRITE: path=" + path);
        }
    }

    /**
     * Adds a guard around changes of the size by this object, inside those that were added before. Changes by others (through another
     * {@code DaxFile}, descriptor or process) do not pass it: those break a lease.
     *
     * @param guard what to run around each change that begins from now on
     */
    public void guardChanges(ChangeGuard guard) {
        changes.add(Objects.requireNonNull(guard, "guard"));
    }

    /**
     * Removes a guard; a change that is under way still passes it. Without effect if it is not there.
     *
     * @param guard the guard
     */
    public void removeGuard(ChangeGuard guard) {
        changes.remove(guard);
    }

    /**
     * Makes what was written durable, data and what is needed to find it ({@code fdatasync(2)}): also what was stored through mappings.
     *
     * @throws IllegalStateException if the file is closed
     * @throws FileSystemException if {@code fdatasync(2)} failed: EIO, ENOSPC, EDQUOT; what was not written is unknown then
     * @throws IOException never otherwise
     */
    public void force() throws IOException {
        if (device == null) { // a device-DAX device has no caches but the processor's, and answers EINVAL
            onDescriptor("fdatasync(fd=" + fd + ")", () -> Posix.fdatasync(fd));
        }
    }

    /**
     * Reads from the file into a segment ({@code pread(2)}), until the segment is full or the file ends.
     *
     * @param destination a native or heap segment that is not read-only
     * @param position where to begin in the file, in bytes
     * @return bytes read: less than the segment's size if the file ends before, zero at or past its end
     * @throws IllegalArgumentException if the segment is read-only or the position negative
     * @throws IllegalStateException if the file, or the arena of the segment, is closed
     * @throws WrongThreadException if the segment belongs to another thread
     * @throws FileSystemException if {@code pread(2)} failed: EIO, EFAULT (the segment is a mapping of a file that became shorter), EINVAL (a
     *     device, which is reached through mappings only)
     * @throws IOException never otherwise
     */
    public long read(MemorySegment destination, long position) throws IOException {
        beginUse();
        try {
            return new PositionedTransfer(path, fd).read(destination, position);
        } finally {
            endUse();
        }
    }

    /**
     * Writes a segment to the file ({@code pwrite(2)}), all of it; the file grows if need be. That it grows is no {@linkplain #guardChanges
     * guarded change}: nothing that was mapped goes away.
     *
     * @param source a native or heap segment
     * @param position where to begin in the file, in bytes
     * @return bytes written: the segment's size
     * @throws IllegalArgumentException if the position is negative
     * @throws IllegalStateException if the file is closed or read-only, or the arena of the segment is closed
     * @throws WrongThreadException if the segment belongs to another thread
     * @throws FileSystemException if {@code pwrite(2)} failed: ENOSPC, EFBIG, EDQUOT, EIO, EPERM (sealed), EFAULT, EINVAL (a device); the
     *     message tells how many bytes were written before
     * @throws IOException never otherwise
     */
    public long write(MemorySegment source, long position) throws IOException {
        checkWritable();
        beginUse();
        try {
            return new PositionedTransfer(path, fd).write(source, position);
        } finally {
            endUse();
        }
    }

    /**
     * Closes the descriptor, once the calls of other threads on this object are done. Idempotent.
     *
     * <p>Mappings stay valid. Each of them keeps the open file description alive, so the kernel goes on refusing leases to
     * others (EAGAIN) until they are closed too.
     *
     * @throws FileSystemException if {@code close(2)} failed, for instance EIO from a network file system: the descriptor is gone all the
     *     same, and what was written before may be lost
     */
    @Override
    public void close() throws FileSystemException {
        descriptorUse.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            int result = Posix.close(fd);
            if (result != 0 && result != -Errno.EINTR) { // EINTR: Linux has closed it nevertheless, see close(2)
                throw FileErrors.of(path, "close(fd=" + fd + ")", result);
            }
        } finally {
            descriptorUse.writeLock().unlock();
        }
    }

    @Override
    public String toString() {
        return "DaxFile[path=" + path + ", kind=" + kind + (isWritable() ? "" : ", read-only") + "]";
    }

    private interface DescriptorAction {
        int run();
    }

    private int onDescriptor(String call, DescriptorAction action) throws FileSystemException {
        beginUse();
        try {
            int result;
            do {
                result = action.run();
            } while (result == -Errno.EINTR);
            if (result < 0) {
                throw FileErrors.of(path, call, result);
            }
            return result;
        } finally {
            endUse();
        }
    }

    private void beginUse() {
        descriptorUse.readLock().lock();
        if (closed) {
            descriptorUse.readLock().unlock();
            throw new IllegalStateException("the file is closed: path=" + path);
        }
    }

    private void endUse() {
        descriptorUse.readLock().unlock();
    }
}
