package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Delegation;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.KernelText;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The kernel's side of a lease, by {@code fcntl(2)} on one descriptor. Results are those of the kernel: zero or more, or the negated errno.
 * Not thread-safe: the calls of one {@link #request} belong together.
 *
 * @param fd the descriptor: what {@code si_fd} of a signal will be
 * @param type what to ask for
 * @param mode as what: {@link LeaseMode#LEASE} or {@link LeaseMode#DELEGATION}
 * @param signal what a break sends
 * @param threadId the thread it is sent to, which must have it blocked
 */
record KernelLease(int fd, LeaseType type, LeaseMode mode, int signal, int threadId) {
    /** In {@code proc_pid_fdinfo(5)}. Only leases and delegations can be that. */
    private static final String BREAKING = "BREAKING";

    /** What AUTO means. Always a lease: docs/adr/0006 has the measurements. */
    static LeaseMode resolve(LeaseMode wanted) {
        return wanted == LeaseMode.AUTO ? LeaseMode.LEASE : wanted;
    }

    /**
     * Asks for the lease. In this order: a signal that was sent before its owner is set goes nowhere, and one before its number is set is a
     * plain SIGIO to the process, which ends it. And all of it each time: the kernel forgets signal and owner when the lease is released.
     *
     * <p>A description can have a lease and a delegation at the same time for all that F_GETLEASE and F_GETDELEG say, each of which sees its
     * own kind only; but they are one to the kernel, and giving either back ends both. So neither may be there.
     *
     * @return zero if granted; {@code -EBUSY} if this open file description has a lease or delegation, of whoever's; {@code -EOPNOTSUPP} if the
     *     kernel has no delegations; else what fcntl says
     */
    int request() {
        int lease = Posix.fcntl(fd, LibC.F_GETLEASE(), 0);
        if (lease < 0) {
            return lease;
        }
        int delegation = Delegation.get(fd);
        if (mode == LeaseMode.DELEGATION && delegation < 0) {
            return delegation == -Errno.EINVAL ? -Errno.EOPNOTSUPP : delegation;
        }
        if (lease != LibC.F_UNLCK() || delegation >= 0 && delegation != LibC.F_UNLCK()) {
            return -Errno.EBUSY;
        }
        int result = Posix.fcntl(fd, LibC.F_SETSIG(), signal);
        if (result == 0) {
            result = Posix.setOwnerThread(fd, threadId);
        }
        return result == 0 ? set(type.kernelValue()) : result;
    }

    /**
     * Gives the lease back, whether it breaks or not.
     *
     * @return zero; {@code -EAGAIN} if the kernel has taken it away by force
     */
    int release() {
        return set(LibC.F_UNLCK());
    }

    private int set(int value) {
        return mode == LeaseMode.DELEGATION ? Delegation.set(fd, value) : Posix.fcntl(fd, LibC.F_SETLEASE(), value);
    }

    /**
     * What the kernel has as the lease's type, or during a break what it wants it to become.
     *
     * @return F_RDLCK, F_WRLCK, or F_UNLCK: none, or a break towards none
     */
    int target() {
        return mode == LeaseMode.DELEGATION ? Delegation.get(fd) : Posix.fcntl(fd, LibC.F_GETLEASE(), 0);
    }

    /**
     * Whether an opener that reads waits for the lease to be given back, and nobody else. When the kernel lets it through by force, it makes a
     * write lease a read lease; F_GETLEASE gives the same answer before and after that, so this reads {@code /proc}.
     *
     * @return false also where {@code /proc} cannot be read
     */
    boolean isReaderWaiting() {
        if (target() != LibC.F_RDLCK()) { // which also makes the kernel look at the clock
            return false;
        }
        try { // "lock: 1: LEASE  BREAKING  READ 237 00:21:3 0 EOF"; what is not broken, or not any more, is ACTIVE
            String status = KernelText.read(Path.of("/proc/self/fdinfo/" + fd));
            int breaking = status.indexOf(BREAKING);
            return breaking >= 0 && status.substring(breaking + BREAKING.length()).stripLeading().startsWith("READ ");
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether there is nothing left to give back, after a break: the kernel has taken the lease away, and forgotten the signal with it. */
    boolean isGone() {
        return target() == LibC.F_UNLCK() && Posix.fcntl(fd, LibC.F_GETSIG(), 0) == 0;
    }

    /**
     * Why a lease cannot be had, for whoever reads the message.
     *
     * @param fd the descriptor that the caller gave, still open
     * @param failed the negated errno
     */
    static LeaseUnavailableException unavailable(String name, int fd, LeaseType type, LeaseMode mode, int failed) {
        int errno = -failed;
        String command = mode == LeaseMode.DELEGATION ? "F_SETDELEG" : "F_SETLEASE";
        return new LeaseUnavailableException(name, errno, "fcntl(fd=" + fd + ", " + command + ", " + type.kernelName() + ")",
                errno == Errno.EAGAIN ? whatIsOpen(fd, type) : remedy(errno));
    }

    private static String remedy(int errno) {
        if (errno == Errno.EBUSY) {
            return "its open file description has a lease already: use that one, or open the file anew";
        }
        if (errno == Errno.EACCES || errno == Errno.EPERM) {
            return "the process neither owns the file nor has CAP_LEASE: run as the file's owner, or grant the capability";
        }
        if (errno == Errno.EINVAL) {
            return leasesEnabled()
                    ? "the file is not a regular one, or its file system has no leases (9p, FUSE, ceph, hugetlbfs, NFS without delegation):"
                            + " use ext4, XFS or tmpfs"
                    : "the system has leases switched off: sysctl fs.leases-enable=1";
        }
        if (errno == Errno.ENOLCK || errno == Errno.ENOMEM) {
            return "the kernel is out of memory for leases: close some files";
        }
        if (errno == Errno.EBADF) {
            return "the descriptor is not open, or was opened with O_PATH: give one that is open for reading or writing";
        }
        if (errno == Errno.EMFILE) {
            return "the process has too many open files, and each lease needs one: raise the limit (ulimit -n)";
        }
        if (errno == Errno.EOPNOTSUPP) {
            return "the kernel has no delegations, which came with Linux 6.19: use a newer one, or LeaseMode.LEASE";
        }
        if (errno == Errno.ESHUTDOWN) {
            return "the JVM is ending, no lease is given any more";
        }
        return "see fcntl(2)";
    }

    private static String whatIsOpen(int fd, LeaseType type) {
        boolean writable = (Posix.fcntl(fd, LibC.F_GETFL(), 0) & LibC.O_ACCMODE()) != LibC.O_RDONLY();
        if (type == LeaseType.READ && writable) {
            return "this descriptor is itself open for writing, which a read lease excludes: take a WRITE lease, or open it for reading";
        }
        return (type == LeaseType.READ ? "the file is open for writing elsewhere" : "the file is open elsewhere")
                + ": another descriptor of this or another process (see fuser(1)), or a shared mapping whose descriptor was closed"
                + " (see /proc/PID/maps), which keeps it open; close it, or share one open file description by dup(2)";
    }

    private static boolean leasesEnabled() {
        try {
            return !KernelText.read(Path.of("/proc/sys/fs/leases-enable")).equals("0");
        } catch (IOException e) {
            return true; // not to be told: take the usual
        }
    }
}
