package dev.daxverbs.examples.stream;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Reads a file through memory that it is mapped to, for a program that has no descriptor of it. A load beyond the end of the file would raise SIGBUS,
 * and native code that meets with one ends the JVM. So the kernel loads: {@code pwrite(2)} from the memory to a memfd ends there with EFAULT or a short
 * count. Of a page in which the file ends, all is there, and reads as zero. One thread.
 */
final class KernelCopy implements Content {
    private static final int EINTR = 4;
    private static final int EFAULT = 14;
    private static final int MFD_CLOEXEC = 1;
    /** A fault may also be one of a moment: the file was cut off and extended while it was served. */
    private static final int TRIES = 3;

    /** {@code int memfd_create(const char *name, unsigned int flags)}. */
    private static final MethodHandle MEMFD_CREATE = NativeFunctions.link("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    /** {@code ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)}. */
    private static final MethodHandle PWRITE = NativeFunctions.link("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    /** {@code ssize_t pread(int fd, void *buffer, size_t length, off_t offset)}. */
    private static final MethodHandle PREAD = NativeFunctions.link("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    /** {@code int close(int fd)}. */
    private static final MethodHandle CLOSE = NativeFunctions.link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final MemorySegment memory;
    private final MemorySegment errno = Arena.ofAuto().allocate(NativeFunctions.errnoLayout());
    private final int memfd;
    private boolean closed;

    /**
     * For a mapping.
     *
     * @param memory all of the file
     * @throws IOException if {@code memfd_create(2)} failed
     */
    KernelCopy(MemorySegment memory) throws IOException {
        this.memory = memory;
        try (Arena arena = Arena.ofConfined()) {
            memfd = (int) MEMFD_CREATE.invokeExact(errno, arena.allocateFrom("stream-comparison"), MFD_CLOEXEC);
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
        if (memfd < 0) {
            throw failed("memfd_create", NativeFunctions.errno(errno));
        }
    }

    @Override
    public long read(MemorySegment destination, long position) throws IOException {
        long there = load(memory.asSlice(position, destination.byteSize()));
        long moved = 0;
        while (moved < there) {
            long result = pread(destination.asSlice(moved, there - moved), moved);
            if (result == 0 || result < 0 && result != -EINTR) {
                throw failed("pread", (int) -result);
            }
            moved += Math.max(0, result);
        }
        return there;
    }

    /** Brings memory into the memfd, as much of it as there is. */
    private long load(MemorySegment part) throws IOException {
        long moved = 0;
        int faults = 0;
        while (moved < part.byteSize()) {
            long result = pwrite(part.asSlice(moved), moved);
            if (result == -EFAULT && ++faults >= TRIES) {
                return moved;
            }
            if (result == 0 || result < 0 && result != -EFAULT && result != -EINTR) {
                throw failed("pwrite", (int) -result);
            }
            moved += Math.max(0, result);
        }
        return moved;
    }

    // Each by a constant handle, which the compiler sees through.

    /** How many bytes, or the negated errno. */
    private long pwrite(MemorySegment buffer, long offset) {
        try {
            return result((long) PWRITE.invokeExact(errno, memfd, buffer, buffer.byteSize(), offset));
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
    }

    /** How many bytes, or the negated errno. */
    private long pread(MemorySegment buffer, long offset) {
        try {
            return result((long) PREAD.invokeExact(errno, memfd, buffer, buffer.byteSize(), offset));
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
    }

    private long result(long returned) {
        return returned >= 0 ? returned : -NativeFunctions.errno(errno);
    }

    private static IOException failed(String call, int errno) {
        return new IOException("%s on the memfd of a comparison: errno=%d".formatted(call, errno));
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        int result;
        try {
            result = (int) CLOSE.invokeExact(errno, memfd);
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
        if (result < 0) {
            throw failed("close", NativeFunctions.errno(errno));
        }
    }
}
