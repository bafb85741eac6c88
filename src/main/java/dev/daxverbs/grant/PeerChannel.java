package dev.daxverbs.grant;

/**
 * The way to a region's owner beside the device: accesses by message, in the order of calls. One for each connection; called by the queue
 * pair's pump.
 *
 * <p>An access that was taken is answered once, by {@link Taker#answered}, in the order in which they were taken; or never, when the
 * connection ends: the queue pair is in ERR then.
 */
public interface PeerChannel {
    /** Who is told how an access ended. */
    @FunctionalInterface
    interface Taker {
        /**
         * It has ended. Called by the connection's reader; must not wait.
         *
         * @param status how
         * @param data what was read; null for all but a read that succeeded
         * @param value what an atomic found; else 0
         */
        void answered(AccessStatus status, byte[] data, long value);
    }

    /**
     * Writes.
     *
     * @param region the region's number
     * @param offset bytes from its start
     * @param data 1 to {@link #longestAccessBytes} bytes, not to be changed any more
     * @param taker is told the outcome
     * @return false if there is no room in the window: it is worth trying again after the next answer
     */
    boolean write(int region, long offset, byte[] data, Taker taker);

    /**
     * Reads.
     *
     * @param region the region's number
     * @param offset bytes from its start
     * @param lengthBytes 1 to {@link #longestAccessBytes}
     * @param taker is told the outcome
     * @return as {@link #write}
     */
    boolean read(int region, long offset, int lengthBytes, Taker taker);

    /**
     * Compares and swaps eight bytes, in the owner's byte order.
     *
     * @param region the region's number
     * @param offset bytes from its start, a multiple of 8
     * @param expected what to compare with
     * @param desired what to store if equal
     * @param taker is told the outcome
     * @return as {@link #write}; an atomic waits until nothing else is unanswered
     */
    boolean compareAndSwap(int region, long offset, long expected, long desired, Taker taker);

    /**
     * Adds to eight bytes, in the owner's byte order.
     *
     * @param region the region's number
     * @param offset bytes from its start, a multiple of 8
     * @param addend what to add
     * @param taker is told the outcome
     * @return as {@link #compareAndSwap}
     */
    boolean fetchAndAdd(int region, long offset, long addend, Taker taker);

    /**
     * How long a read or write can be.
     *
     * @return bytes
     */
    int longestAccessBytes();

    /**
     * Where writes with immediate data go when their bytes were written by message.
     *
     * @return the landing at the owner's side
     */
    Landing landing();

    /**
     * How long transfers wait for a key before they go by message.
     *
     * @return nanoseconds
     */
    long emulateAfterNs();
}
