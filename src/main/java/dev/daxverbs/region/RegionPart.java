package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * A part of a region that lies over one file, or over none. Together a region's parts are all of it, in order.
 *
 * <p>Staged transfers copy from and to it. What they find short may be so because another process is at the file: then it is for the caller
 * to come again.
 */
final class RegionPart {
    /** How often a copy is tried that fails though the file has the range, and the pause in between: some 50 ms in all. */
    private static final int COPY_TRIES = 100;
    private static final long COPY_PAUSE_NS = 500_000;

    private final long offset;
    private final MemorySegment memory;
    private final GuardedFile file; // null: nothing is guarded
    private final long fileOffset;
    private final boolean readByFile;
    private final Extent extent;
    private final boolean lacksGuard;
    /** How its file came to be guarded, or why it did not; for {@link RegionExtent}. */
    private volatile String adoption;
    /** How many bytes from the start its file had when last looked at. By the lock of the region's registrations. */
    private long presentBytes;

    /**
     * A part.
     *
     * @param offset bytes from the start of the region
     * @param memory the part's memory, as copying threads may use it
     * @param file what guards it; null if nothing does
     * @param extent what it is
     * @param lacksGuard whether it would need a guard, and none is to be had
     * @param adoption how its file came to be guarded, or why it did not
     */
    private RegionPart(long offset, MemorySegment memory, GuardedFile file, Extent extent, boolean lacksGuard, String adoption) {
        this.offset = offset;
        this.memory = memory;
        this.file = file;
        this.fileOffset = extent.offset();
        this.extent = extent;
        this.lacksGuard = lacksGuard;
        this.adoption = adoption;
        // What is stored in a private mapping is not in the file.
        readByFile = file != null && extent.shared();
        presentBytes = memory.byteSize();
    }

    /** A part over a file that is guarded. */
    static RegionPart guarded(long offset, MemorySegment memory, GuardedFile file, Extent extent, String adoption) {
        return new RegionPart(offset, memory, file, extent, false, adoption);
    }

    /** A part that nobody can take away. */
    static RegionPart lasting(long offset, MemorySegment memory, Extent extent, String why) {
        return new RegionPart(offset, memory, null, extent, false, why);
    }

    /** A part over a file that somebody can make shorter, and that cannot be guarded. */
    static RegionPart unguarded(long offset, MemorySegment memory, Extent extent, String why) {
        return new RegionPart(offset, memory, null, extent, true, why);
    }

    long offset() {
        return offset;
    }

    boolean lacksGuard() {
        return lacksGuard;
    }

    String adoption() {
        return adoption;
    }

    long byteSize() {
        return memory.byteSize();
    }

    GuardedFile file() {
        return file;
    }

    Extent extent() {
        return extent;
    }

    void setAdoption(String how) {
        adoption = how;
    }

    /** By the lock of the region's registrations. */
    void setFileSize(long fileSizeBytes) {
        presentBytes = Math.max(0, Math.min(byteSize(), fileSizeBytes - fileOffset));
    }

    long presentBytes() {
        return presentBytes;
    }

    /** Reads from the file, or from its memory. */
    FileAccess read(long at, StagingBuffer into, long intoOffset, long lengthBytes) {
        return copy(at, lengthBytes, readByFile
                ? () -> StagedCopy.fromFile(file.descriptor(), fileOffset + at, into.segment().asSlice(intoOffset, lengthBytes))
                : () -> StagedCopy.fromMemory(into, intoOffset, memory.asSlice(at, lengthBytes)));
    }

    /** Writes to the file, through its mapping. */
    FileAccess write(long at, StagingBuffer from, long fromOffset, long lengthBytes) {
        return copy(at, lengthBytes, () -> isShort(at, lengthBytes) ? 0
                : StagedCopy.toMapping(from, fromOffset, memory.asSlice(at, lengthBytes)));
    }

    /** Whether the file has the range. */
    FileAccess looksFor(long at, long lengthBytes) {
        return copy(at, lengthBytes, () -> isShort(at, lengthBytes) ? 0 : lengthBytes);
    }

    /** Makes a range durable ({@code msync(2)}), if it is of a file that is shared. */
    FileAccess flush(long at, long lengthBytes) {
        if (!extent.shared() || extent.kind() == ExtentKind.ANONYMOUS || extent.kind() == ExtentKind.DEVICE) {
            return FileAccess.DONE;
        }
        long inPage = (memory.address() + at) % Posix.PAGE_SIZE;
        return copy(at, lengthBytes, () -> !isShort(at, lengthBytes)
                && Posix.msync(memory.address() + at - inPage, inPage + lengthBytes, LibC.MS_SYNC()) == 0 ? lengthBytes : 0);
    }

    private boolean isShort(long at, long lengthBytes) {
        return file != null && file.size() < fileOffset + at + lengthBytes;
    }

    private interface Copy {
        long run();
    }

    private FileAccess copy(long at, long lengthBytes, Copy copy) {
        try {
            return file == null ? copyUnguarded(lengthBytes, copy) : copyGuarded(at, lengthBytes, copy);
        } catch (IllegalStateException e) {
            if (memory.scope().isAlive()) {
                throw e;
            }
            return FileAccess.CLOSED; // its arena was closed before the region
        }
    }

    private FileAccess copyUnguarded(long lengthBytes, Copy copy) {
        if (copy.run() == lengthBytes) {
            return FileAccess.DONE;
        }
        return lacksGuard ? FileAccess.TRUNCATED : FileAccess.FAILED;
    }

    private FileAccess copyGuarded(long at, long lengthBytes, Copy copy) {
        for (int tries = 0; tries < COPY_TRIES; tries++) {
            long stamp = file.stamp(); // before the look at the file: what is decided must not mix two times
            boolean mayGrow = file.mayGrow();
            if (copy.run() == lengthBytes) {
                return FileAccess.DONE;
            }
            if (mayGrow || file.mayGrow() || file.stamp() != stamp) {
                return FileAccess.LATER;
            }
            if (isShort(at, lengthBytes)) {
                return FileAccess.TRUNCATED;
            }
            LockSupport.parkNanos(COPY_PAUSE_NS); // cut off and made longer again in between; or the file system fails
        }
        return FileAccess.FAILED;
    }

    /** What it is, at this moment. */
    RegionExtent describe() {
        Guard guard = lacksGuard ? Guard.UNLEASED : file == null ? Guard.NOT_NEEDED : file.isLeased() ? Guard.LEASED : Guard.UNLEASED;
        return new RegionExtent(offset, byteSize(), extent.kind(), extent.memory(), extent.name(), extent.offset(), guard, adoption);
    }
}
