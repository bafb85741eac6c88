package dev.daxverbs.testing;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that no arena gives. */
public final class NativeMemory {
    /** The length of a piece of {@link #repeated}. */
    public static final long PIECE = 16L << 20;

    private NativeMemory() {
    }

    /** Memory by its address, which may have nothing. */
    @SuppressWarnings("restricted")
    public static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /**
     * Gigabytes of address space that cost megabytes: one piece of anonymous memory, mapped so many times in a row, until the arena is
     * closed. What is written at an offset is also at any multiple of {@link #PIECE} from there.
     */
    @SuppressWarnings("restricted")
    public static MemorySegment repeated(int pieces, Arena arena) {
        long bytes = pieces * PIECE;
        int fd = LibC.memfd_create(arena.allocateFrom("daxverbs-test"), 0);
        check("memfd_create", fd);
        try {
            check("ftruncate", Posix.ftruncate(fd, PIECE));
            long start = check("mmap", Posix.mmap(0, bytes, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0));
            MemorySegment all = MemorySegment.ofAddress(start).reinterpret(bytes, arena, unused -> Posix.munmap(start, bytes));
            for (long offset = 0; offset < bytes; offset += PIECE) {
                check("mmap", Posix.mmap(start + offset, PIECE, LibC.PROT_READ() | LibC.PROT_WRITE(),
                        LibC.MAP_SHARED() | LibC.MAP_FIXED(), fd, 0));
            }
            return all;
        } finally {
            Posix.close(fd);
        }
    }

    private static long check(String call, long result) {
        if (result < 0) {
            throw new AssertionError(call + " failed: " + result);
        }
        return result;
    }
}
