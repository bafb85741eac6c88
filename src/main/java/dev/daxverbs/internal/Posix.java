package dev.daxverbs.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.f_owner_ex;
import dev.daxverbs.bindings.libc.pollfd;
import dev.daxverbs.bindings.libc.statfs;
import dev.daxverbs.bindings.libc.statx;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * System calls on files, mappings and leases. Each method returns what the kernel returned: a result of zero or more, or
 * the negated errno. What that means is the caller's to say, as only it knows what was tried.
 *
 * <p>Not for the hot path: a call costs a thread-local look-up, and some allocate their arguments.
 */
public final class Posix {
    private static final FunctionDescriptor INT_OF_INT = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    private static final Linker.Option VARIADIC_FROM_2 = Linker.Option.firstVariadicArg(2);

    private static final MethodHandle OPEN = NativeCall.capturingErrno(LibC.open.address(),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), VARIADIC_FROM_2);
    private static final MethodHandle CLOSE = NativeCall.capturingErrno(LibC.close$address(), LibC.close$descriptor());
    private static final MethodHandle FCNTL_INT = NativeCall.capturingErrno(LibC.fcntl.address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT), VARIADIC_FROM_2);
    private static final MethodHandle FCNTL_POINTER = NativeCall.capturingErrno(LibC.fcntl.address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS), VARIADIC_FROM_2);
    private static final MethodHandle IOCTL_POINTER = NativeCall.capturingErrno(LibC.ioctl.address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), VARIADIC_FROM_2);
    private static final MethodHandle FTRUNCATE = NativeCall.capturingErrno(LibC.ftruncate$address(), LibC.ftruncate$descriptor());
    private static final MethodHandle FALLOCATE = NativeCall.capturingErrno(LibC.fallocate$address(), LibC.fallocate$descriptor());
    private static final MethodHandle FDATASYNC = NativeCall.capturingErrno(LibC.fdatasync$address(), INT_OF_INT);
    private static final MethodHandle PREAD = NativeCall.capturingErrno(LibC.pread$address(), LibC.pread$descriptor());
    private static final MethodHandle PWRITE = NativeCall.capturingErrno(LibC.pwrite$address(), LibC.pwrite$descriptor());
    private static final MethodHandle READ = NativeCall.capturingErrno(LibC.read$address(), LibC.read$descriptor());
    private static final MethodHandle WRITE = NativeCall.capturingErrno(LibC.write$address(), LibC.write$descriptor());
    private static final MethodHandle STATX = NativeCall.capturingErrno(LibC.statx$address(), LibC.statx$descriptor());
    private static final MethodHandle FSTATFS = NativeCall.capturingErrno(LibC.fstatfs$address(), LibC.fstatfs$descriptor());
    /** With the result as a number: MAP_FAILED is -1, not null. */
    private static final MethodHandle MMAP = NativeCall.capturingErrno(LibC.mmap$address(),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    /**
     * The same with one more argument, which the function does not look at: the arena of a segment in it stays open during the call. (The caller
     * of a C function removes its arguments, on all platforms that Linux runs a JVM on.)
     */
    private static final MethodHandle MMAP_WHILE_ALIVE = NativeCall.capturingErrno(LibC.mmap$address(),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    private static final MethodHandle MADVISE = NativeCall.capturingErrno(LibC.madvise$address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle MUNMAP = NativeCall.capturingErrno(LibC.munmap$address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MSYNC = NativeCall.capturingErrno(LibC.msync$address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle POLL = NativeCall.capturingErrno(LibC.poll$address(), LibC.poll$descriptor());
    private static final MethodHandle KCMP = NativeCall.capturingErrno(LibC.syscall.address(),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    /** Of {@code linux/kcmp.h}: compares open file descriptions. */
    private static final long KCMP_FILE = 0;
    private static final MethodHandle MEMFD_CREATE = NativeCall.capturingErrno(LibC.memfd_create$address(),
            LibC.memfd_create$descriptor());
    private static final MethodHandle EVENTFD = NativeCall.capturingErrno(LibC.eventfd$address(), LibC.eventfd$descriptor());

    /** Bytes in a page of the processor's memory. */
    public static final long PAGE_SIZE = LibC.sysconf(LibC._SC_PAGESIZE());

    private Posix() {
    }

    /** {@code int open(const char *path, int flags, mode_t mode)}; the descriptor is always close-on-exec. */
    public static int open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return result((int) OPEN.invokeExact(NativeCall.errnoSegment(), arena.allocateFrom(path),
                    flags | LibC.O_CLOEXEC(), mode));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** As {@link #open(String, int, int)}, of a path that need not be text in any character set: its bytes without the zero at the end. */
    public static int open(byte[] path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment terminated = arena.allocate(path.length + 1L);
            MemorySegment.copy(path, 0, terminated, JAVA_BYTE, 0, path.length);
            return result((int) OPEN.invokeExact(NativeCall.errnoSegment(), terminated, flags | LibC.O_CLOEXEC(), mode));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int close(int fd)}. */
    public static int close(int fd) {
        try {
            return result((int) CLOSE.invokeExact(NativeCall.errnoSegment(), fd));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int fcntl(int fd, int command, int argument)}. */
    public static int fcntl(int fd, int command, int argument) {
        try {
            return result((int) FCNTL_INT.invokeExact(NativeCall.errnoSegment(), fd, command, argument));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** Whether nobody can make a file shorter: a memfd with F_SEAL_SHRINK, which cannot be taken off. */
    public static boolean cannotShrink(int fd) {
        int seals = fcntl(fd, LibC.F_GET_SEALS(), 0);
        return seals > 0 && (seals & LibC.F_SEAL_SHRINK()) != 0;
    }

    /** {@code int fcntl(int fd, int command, void *argument)}. */
    public static int fcntl(int fd, int command, MemorySegment argument) {
        try {
            return result((int) FCNTL_POINTER.invokeExact(NativeCall.errnoSegment(), fd, command, argument));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int ioctl(int fd, unsigned long request, void *argument)}. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        try {
            return result((int) IOCTL_POINTER.invokeExact(NativeCall.errnoSegment(), fd, request, argument));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int fcntl(int fd, F_SETOWN_EX, const struct f_owner_ex *owner)} with a thread as the owner. */
    public static int setOwnerThread(int fd, int threadId) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment owner = f_owner_ex.allocate(arena);
            f_owner_ex.type(owner, LibC.F_OWNER_TID());
            f_owner_ex.pid(owner, threadId);
            return fcntl(fd, LibC.F_SETOWN_EX(), owner);
        }
    }

    /**
     * Whether two descriptors refer to one open file description, as {@code dup(2)} makes them:
     * {@code int fcntl(int fd, F_DUPFD_QUERY, int other)}, and before Linux 6.10
     * {@code long syscall(SYS_kcmp, pid_t, pid_t, KCMP_FILE, unsigned long fd, unsigned long other)}.
     *
     * @return 1 if they do, 0 if not, or the negated errno: {@code -ENOSYS} or {@code -EPERM} where the kernel does not tell
     */
    public static int isSameDescription(int fd, int other) {
        int same = fcntl(fd, LibC.F_DUPFD_QUERY(), other);
        if (same != -Errno.EINVAL && same != -Errno.EBADF) { // EBADF: also of an O_PATH descriptor, before Linux 6.10
            return same;
        }
        try {
            long pid = LibC.getpid();
            long order = result((long) KCMP.invokeExact(NativeCall.errnoSegment(), (long) LibC.SYS_kcmp(), pid, pid,
                    KCMP_FILE, (long) fd, (long) other));
            return order < 0 ? (int) order : order == 0 ? 1 : 0;
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int ftruncate(int fd, off_t length)}. */
    public static int ftruncate(int fd, long length) {
        try {
            return result((int) FTRUNCATE.invokeExact(NativeCall.errnoSegment(), fd, length));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int fallocate(int fd, int mode, off_t offset, off_t length)}. */
    public static int fallocate(int fd, int mode, long offset, long length) {
        try {
            return result((int) FALLOCATE.invokeExact(NativeCall.errnoSegment(), fd, mode, offset, length));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int fdatasync(int fd)}. */
    public static int fdatasync(int fd) {
        try {
            return result((int) FDATASYNC.invokeExact(NativeCall.errnoSegment(), fd));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code ssize_t pread(int fd, void *buffer, size_t length, off_t offset)}; the whole segment is the buffer. */
    public static long pread(int fd, MemorySegment buffer, long offset) {
        try {
            return result((long) PREAD.invokeExact(NativeCall.errnoSegment(), fd, buffer, buffer.byteSize(), offset));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)}; the whole segment is the buffer. */
    public static long pwrite(int fd, MemorySegment buffer, long offset) {
        try {
            return result((long) PWRITE.invokeExact(NativeCall.errnoSegment(), fd, buffer, buffer.byteSize(), offset));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code ssize_t read(int fd, void *buffer, size_t length)}; the whole segment is the buffer. */
    public static long read(int fd, MemorySegment buffer) {
        try {
            return result((long) READ.invokeExact(NativeCall.errnoSegment(), fd, buffer, buffer.byteSize()));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code ssize_t write(int fd, const void *buffer, size_t length)}; the whole segment is the buffer. */
    public static long write(int fd, MemorySegment buffer) {
        try {
            return result((long) WRITE.invokeExact(NativeCall.errnoSegment(), fd, buffer, buffer.byteSize()));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * {@code int statx(int fd, "", AT_EMPTY_PATH, mask, struct statx *)} and {@code int fstatfs(int fd, struct statfs *)}.
     *
     * @param fd an open file
     * @param out where the answer goes: its first element is set if the result is zero
     */
    public static int status(int fd, FileStatus[] out) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = NativeCall.errnoSegment();
            MemorySegment x = statx.allocate(arena);
            int failed = result((int) STATX.invokeExact(errno, fd, arena.allocateFrom(""), LibC.AT_EMPTY_PATH(),
                    LibC.STATX_BASIC_STATS(), x));
            if (failed != 0) {
                return failed;
            }
            MemorySegment fs = statfs.allocate(arena);
            failed = result((int) FSTATFS.invokeExact(errno, fd, fs));
            if (failed != 0) {
                return failed;
            }
            out[0] = new FileStatus(packDevice(statx.stx_dev_major(x), statx.stx_dev_minor(x)),
                    statx.stx_ino(x), Short.toUnsignedInt(statx.stx_mode(x)), statx.stx_size(x),
                    (statx.stx_attributes(x) & LibC.STATX_ATTR_DAX()) != 0, (int) statfs.f_type(fs), statfs.f_bsize(fs),
                    packDevice(statx.stx_rdev_major(x), statx.stx_rdev_minor(x)));
            return 0;
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * {@code void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)}.
     *
     * @return the address, or the negated errno
     */
    public static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        try {
            return result((long) MMAP.invokeExact(NativeCall.errnoSegment(), address, length, protection, flags, fd, offset));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * As {@link #mmap}, while the arena of a segment cannot be closed.
     *
     * @param kept any segment of the arena
     * @throws IllegalStateException if the arena is closed: nothing was done
     */
    public static long mmapWhileAlive(long address, long length, int protection, int flags, int fd, long offset, MemorySegment kept) {
        try {
            return result((long) MMAP_WHILE_ALIVE.invokeExact(NativeCall.errnoSegment(), address, length, protection, flags, fd, offset,
                    kept));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int madvise(void *address, size_t length, int advice)}. */
    public static int madvise(long address, long length, int advice) {
        try {
            return result((int) MADVISE.invokeExact(NativeCall.errnoSegment(), address, length, advice));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int munmap(void *address, size_t length)}. */
    public static int munmap(long address, long length) {
        try {
            return result((int) MUNMAP.invokeExact(NativeCall.errnoSegment(), address, length));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int msync(void *address, size_t length, int flags)}. */
    public static int msync(long address, long length, int flags) {
        try {
            return result((int) MSYNC.invokeExact(NativeCall.errnoSegment(), address, length, flags));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int memfd_create(const char *name, unsigned int flags)}, close-on-exec and open to sealing. */
    public static int memfdCreate(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return result((int) MEMFD_CREATE.invokeExact(NativeCall.errnoSegment(), arena.allocateFrom(name),
                    LibC.MFD_CLOEXEC() | LibC.MFD_ALLOW_SEALING()));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** {@code int eventfd(unsigned int initial, int flags)}, close-on-exec and non-blocking. */
    public static int eventfd() {
        try {
            return result((int) EVENTFD.invokeExact(NativeCall.errnoSegment(), 0, LibC.EFD_CLOEXEC() | LibC.EFD_NONBLOCK()));
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /**
     * {@code int poll(struct pollfd *fds, nfds_t count, int timeout)} for readability of two descriptors.
     *
     * @param timeoutMs milliseconds, or -1 to wait without a limit
     * @return bit 0 set if the first is readable (or in error), bit 1 for the second; zero after the timeout
     */
    public static int pollReadable(int first, int second, int timeoutMs) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = pollfd.allocateArray(2, arena);
            MemorySegment second1 = pollfd.asSlice(fds, 1);
            pollfd.fd(fds, first);
            pollfd.events(fds, (short) LibC.POLLIN());
            pollfd.fd(second1, second);
            pollfd.events(second1, (short) LibC.POLLIN());
            int ready = result((int) POLL.invokeExact(NativeCall.errnoSegment(), fds, 2L, timeoutMs));
            return ready <= 0 ? ready : (pollfd.revents(fds) != 0 ? 1 : 0) | (pollfd.revents(second1) != 0 ? 2 : 0);
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }

    /** A device in one number, as the kernel's two. */
    static long packDevice(int major, int minor) {
        return Integer.toUnsignedLong(major) << 32 | Integer.toUnsignedLong(minor);
    }

    private static int result(int returned) {
        return returned == -1 ? -NativeCall.errno() : returned;
    }

    private static long result(long returned) {
        return returned == -1 ? -NativeCall.errno() : returned;
    }
}
