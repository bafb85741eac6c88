package dev.daxverbs.dax;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * Moves bytes between a descriptor and a segment with {@code pread(2)} and {@code pwrite(2)}, again and again until all are moved. Heap segments
 * go through a native buffer, as a system call must not hold up the garbage collector.
 *
 * @param path for messages
 * @param fd stays open during the call
 */
record PositionedTransfer(Path path, int fd) {
    private static final long BOUNCE_BYTES = 256 * 1024;

    long read(MemorySegment destination, long position) throws FileSystemException {
        if (destination.isReadOnly()) {
            // A native call would write to it all the same: it gets the address only.
            throw new IllegalArgumentException("the destination is read-only: destination=" + destination);
        }
        checkRange(destination, position);
        return destination.isNative() ? readNative(destination, position) : readHeap(destination, position);
    }

    long write(MemorySegment source, long position) throws FileSystemException {
        checkRange(source, position);
        return source.isNative() ? writeNative(source, position) : writeHeap(source, position);
    }

    private static void checkRange(MemorySegment segment, long position) {
        if (position < 0 || position > Long.MAX_VALUE - segment.byteSize()) {
            throw new IllegalArgumentException("the position must be at least 0, and the range end before 2^63: position=" + position
                    + ", lengthBytes=" + segment.byteSize());
        }
    }

    private long readNative(MemorySegment destination, long position) throws FileSystemException {
        long moved = 0;
        while (moved < destination.byteSize()) {
            long result = Posix.pread(fd, destination.asSlice(moved), position + moved);
            if (result == 0) {
                break; // the end of the file
            }
            moved += progress("pread", result, moved, destination.byteSize(), position);
        }
        return moved;
    }

    private long writeNative(MemorySegment source, long position) throws FileSystemException {
        long moved = 0;
        while (moved < source.byteSize()) {
            long result = Posix.pwrite(fd, source.asSlice(moved), position + moved);
            moved += progress("pwrite", result, moved, source.byteSize(), position);
        }
        return moved;
    }

    private long readHeap(MemorySegment destination, long position) throws FileSystemException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bounce = arena.allocate(Math.min(BOUNCE_BYTES, destination.byteSize()));
            long moved = 0;
            while (moved < destination.byteSize()) {
                MemorySegment part = bounce.asSlice(0, Math.min(bounce.byteSize(), destination.byteSize() - moved));
                long read = readNative(part, position + moved);
                MemorySegment.copy(part, 0, destination, moved, read);
                moved += read;
                if (read < part.byteSize()) {
                    break;
                }
            }
            return moved;
        }
    }

    private long writeHeap(MemorySegment source, long position) throws FileSystemException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bounce = arena.allocate(Math.min(BOUNCE_BYTES, source.byteSize()));
            long moved = 0;
            while (moved < source.byteSize()) {
                MemorySegment part = bounce.asSlice(0, Math.min(bounce.byteSize(), source.byteSize() - moved));
                MemorySegment.copy(source, moved, part, 0, part.byteSize());
                moved += writeNative(part, position + moved);
            }
            return moved;
        }
    }

    private long progress(String call, long result, long moved, long length, long position) throws FileSystemException {
        if (result == -Errno.EINTR) {
            return 0;
        }
        if (result < 0) {
            throw FileErrors.of(path, call + "(fd=" + fd + ", lengthBytes=" + length + ", position=" + position
                    + ") after movedBytes=" + moved, result);
        }
        return result;
    }
}
