package dev.daxverbs.examples.stream;

/**
 * The numbers of the messages that come on one connection. They grow; where others make the file shorter some may be left out, as a write with immediate data
 * that met its end is no message. The peer says in the end how many those were. One thread.
 */
final class MessageNumbers {
    /** The low bits of a number, which immediate data has. */
    static final int LOW_BITS = 22;
    private static final long LOW = (1L << LOW_BITS) - 1;

    private final boolean mayBeLeftOut;
    private long next;
    private long missing;

    /**
     * From zero.
     *
     * @param mayBeLeftOut whether others may make the file shorter
     */
    MessageNumbers(boolean mayBeLeftOut) {
        this.mayBeLeftOut = mayBeLeftOut;
    }

    /** The number whose low bits are these, and which is the nearest to the one that is expected. */
    long of(int immediate) {
        long ahead = immediate - next & LOW;
        return ahead <= LOW / 2 ? next + ahead : next + ahead - (LOW + 1);
    }

    /** A message came; returns whether in its order. */
    boolean take(long number) {
        boolean right = number == next || number > next && mayBeLeftOut;
        if (number >= next) {
            missing += number - next;
            next = number + 1;
        }
        return right;
    }

    /** A message came whose number cannot be read. */
    void takeUnknown() {
        next++;
    }

    /** The number that the next one has, or a higher one. */
    long next() {
        return next;
    }

    /** How many have not come of those before it. */
    long missing() {
        return missing;
    }
}
