package dev.daxverbs.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.linux.LinuxFcntl;
import dev.daxverbs.bindings.linux.delegation;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Delegations: leases of a second kind, since Linux 6.19 ({@code linux/fcntl.h}). Methods return what the kernel returned: a result of zero or more,
 * or the negated errno.
 */
public final class Delegation {
    private static final MethodHandle FCNTL = NativeCall.capturingErrno(LibC.fcntl.address(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS), Linker.Option.firstVariadicArg(2));

    private Delegation() {
    }

    /**
     * {@code int fcntl(int fd, F_SETDELEG, const struct delegation *)}.
     *
     * @param type F_RDLCK, F_WRLCK, or F_UNLCK to give it back
     */
    public static int set(int fd, int type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = delegation.allocate(arena); // flags and padding must be zero
            delegation.d_type(request, (short) type);
            return fcntl(fd, LinuxFcntl.F_SETDELEG(), request);
        }
    }

    /**
     * {@code int fcntl(int fd, F_GETDELEG, struct delegation *)}.
     *
     * @return its type, or what a break wants it to become; F_UNLCK if there is none; {@code -EINVAL} from a kernel that has no delegations (one that
     *     has some answers for every descriptor but those opened with O_PATH)
     */
    public static int get(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = delegation.allocate(arena);
            int failed = fcntl(fd, LinuxFcntl.F_GETDELEG(), answer);
            return failed < 0 ? failed : delegation.d_type(answer);
        }
    }

    private static int fcntl(int fd, int command, MemorySegment argument) {
        try {
            int returned = (int) FCNTL.invokeExact(NativeCall.errnoSegment(), fd, command, argument);
            return returned == -1 ? -NativeCall.errno() : returned;
        } catch (Throwable t) {
            throw NativeCall.unexpected(t);
        }
    }
}
