package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.MemorySegment;

/** Memory that is mapped with flags of the test's choice, as native code would do it; unmapped when closed. */
record MappedMemory(long address, long length) implements AutoCloseable {
    static final int READ_WRITE = LibC.PROT_READ() | LibC.PROT_WRITE();

    static MappedMemory of(long length, int protection, int flags, int fd, long offset) {
        return new MappedMemory(check(Posix.mmap(0, length, protection, flags, fd, offset)), length);
    }

    static MappedMemory anonymous(long length) {
        return of(length, READ_WRITE, LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
    }

    static MappedMemory shared(int fd, long length, long offset) {
        return of(length, READ_WRITE, LibC.MAP_SHARED(), fd, offset);
    }

    /** Maps something over a part of it. */
    void replace(long from, long bytes, int protection, int flags, int fd, long offset) {
        check(Posix.mmap(address + from, bytes, protection, flags | LibC.MAP_FIXED(), fd, offset));
    }

    void unmap(long from, long bytes) {
        check(Posix.munmap(address + from, bytes));
    }

    void advise(long from, long bytes, int advice) {
        check(LibC.madvise(MemorySegment.ofAddress(address + from), bytes, advice));
    }

    static long check(long result) {
        if (result < 0) {
            throw new AssertionError("failed: " + result);
        }
        return result;
    }

    @Override
    public void close() {
        unmap(0, length);
    }
}
