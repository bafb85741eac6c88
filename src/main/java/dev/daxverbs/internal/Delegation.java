package dev.daxverbs.internal;

import dev.daxverbs.bindings.linux.LinuxFcntl;
import dev.daxverbs.bindings.linux.delegation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Delegations: leases of a second kind, since Linux 6.19 ({@code linux/fcntl.h}). Methods return what the kernel returned: a result of zero or more,
 * or the negated errno.
 */
public final class Delegation {
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
            return Posix.fcntl(fd, LinuxFcntl.F_SETDELEG(), request);
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
            int failed = Posix.fcntl(fd, LinuxFcntl.F_GETDELEG(), answer);
            return failed < 0 ? failed : delegation.d_type(answer);
        }
    }
}
