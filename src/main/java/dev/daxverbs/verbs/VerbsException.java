package dev.daxverbs.verbs;

import dev.daxverbs.internal.Errno;

/**
 * A verb failed. The message has the call with its arguments, the errno with its name and, where the cause is known, what to do.
 */
public class VerbsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The errno that the call gave. */
    private final int errno;

    /**
     * A failed verb.
     *
     * @param call the C function with its arguments as {@code name=value}, for instance {@code ibv_reg_mr(length=0)}
     * @param errno the errno, positive
     */
    public VerbsException(String call, int errno) {
        this(call, errno, "");
    }

    /**
     * A failed verb whose cause is known.
     *
     * @param call the C function with its arguments as {@code name=value}
     * @param errno the errno, positive
     * @param remedy the cause, and what to do about it
     */
    public VerbsException(String call, int errno, String remedy) {
        super(call + ": " + Errno.name(errno) + " (" + errno + ")" + (remedy.isEmpty() ? "" : ": " + remedy));
        this.errno = errno;
    }

    /**
     * The errno that the call gave, or the one that it would have given where the library refused before calling.
     *
     * @return for instance 22 for {@code EINVAL}; see {@code errno(3)}
     */
    public int errno() {
        return errno;
    }

    /**
     * The symbol of {@link #errno()}.
     *
     * @return for instance {@code EINVAL}
     */
    public String errnoName() {
        return Errno.name(errno);
    }
}
