package dev.daxverbs.verbs;

/** A list of work requests was posted in part: those before the one that was refused are with the device. */
public class PostException extends VerbsException {
    private static final long serialVersionUID = 1L;

    /** How many requests the device took. */
    private final int posted;

    /**
     * A list that was posted in part.
     *
     * @param call the C function with its arguments
     * @param errno the errno, positive
     * @param posted how many requests the device took before it refused one
     * @param remedy the cause, and what to do about it
     */
    public PostException(String call, int errno, int posted, String remedy) {
        super(call, errno, remedy);
        this.posted = posted;
    }

    /**
     * How many requests of the list the device took.
     *
     * @return 0 or more; they complete like any others
     */
    public int posted() {
        return posted;
    }
}
