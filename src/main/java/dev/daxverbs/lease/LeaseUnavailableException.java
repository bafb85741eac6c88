package dev.daxverbs.lease;

import dev.daxverbs.internal.Errno;

import java.io.IOException;
import java.io.Serial;

/**
 * A lease cannot be had. The message says what was tried, the errno, and what would help.
 */
public final class LeaseUnavailableException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    /** The file, as the caller named it. */
    private final String name;
    /** Positive. */
    private final int errno;

    LeaseUnavailableException(String name, int errno, String tried, String remedy) {
        super("no lease on " + name + ": " + tried + ": " + Errno.name(errno) + "; " + remedy);
        this.name = name;
        this.errno = errno;
    }

    /**
     * The name that was given to {@link FileLease#take(int, String, LeaseType, LeaseMode, LeaseHolder) take} or {@link FileLease#want want}.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * The errno of the call that failed. Beyond what the kernel gives: EBUSY if the open file description has a lease already,
     * EOPNOTSUPP if the kernel has no delegations, ESHUTDOWN if the JVM is ending.
     *
     * @return the value, positive
     */
    public int errno() {
        return errno;
    }

    /**
     * The symbol of the errno.
     *
     * @return for instance {@code EAGAIN}
     */
    public String errnoName() {
        return Errno.name(errno);
    }
}
