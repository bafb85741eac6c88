package dev.daxverbs.region;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;

/**
 * Copies between staging memory and a file, by the kernel: nothing faults in this process, whatever other processes do to the file's size.
 *
 * <p>From the file: {@code pread(2)}. To the file: {@code pread(2)} on the staging memory's memfd with the file's <em>mapping</em> as the buffer.
 * A {@code pwrite(2)} to the file would make it longer again if another process cut it off a moment ago; a store to its mapping beyond the
 * end fails (EFAULT), however close the race. From memory that is not a file's, or of a file that is not open: {@code pwrite(2)} on the memfd with
 * that memory as the buffer.
 */
final class StagedCopy {
    private static final int TRIES = 3;

    private StagedCopy() {
    }

    /**
     * Reads from a file.
     *
     * @return how many bytes: fewer than the buffer has if the file ends before; or the negated errno
     */
    static long fromFile(int descriptor, long position, MemorySegment buffer) {
        long moved = 0;
        while (moved < buffer.byteSize()) {
            long result = Posix.pread(descriptor, buffer.asSlice(moved), position + moved);
            if (result == 0) {
                break;
            }
            if (result < 0 && result != -Errno.EINTR) {
                return result;
            }
            moved += Math.max(0, result);
        }
        return moved;
    }

    /**
     * Reads from memory, of a file or not.
     *
     * @param offset where in the staging buffer to begin
     * @return how many bytes: fewer than the memory has where it faults, as its file ends there or nothing is mapped; or the negated errno
     */
    static long fromMemory(StagingBuffer buffer, long offset, MemorySegment memory) {
        return throughMemfd(memory.byteSize(), moved -> Posix.pwrite(buffer.pool().descriptor(), memory.asSlice(moved),
                buffer.offset() + offset + moved));
    }

    /**
     * Writes to a file's mapping.
     *
     * @param offset where in the staging buffer to begin
     * @return how many bytes: fewer than the mapping has where it faults, as the file ends there or has no space left; or the negated errno
     */
    static long toMapping(StagingBuffer buffer, long offset, MemorySegment mapping) {
        return throughMemfd(mapping.byteSize(), moved -> Posix.pread(buffer.pool().descriptor(), mapping.asSlice(moved),
                buffer.offset() + offset + moved));
    }

    private static long throughMemfd(long lengthBytes, LongUnaryOperator move) {
        long moved = 0;
        int faults = 0;
        while (moved < lengthBytes) {
            long result = move.applyAsLong(moved);
            if (result == -Errno.EFAULT && ++faults < TRIES || result == -Errno.EINTR) {
                continue;
            }
            if (result == -Errno.EFAULT || result == 0) {
                break;
            }
            if (result < 0) {
                return result;
            }
            moved += result;
        }
        return moved;
    }
}
