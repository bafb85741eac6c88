package dev.daxverbs.grant;

/** What a connection does with its queue pair: implemented by those of a {@code RegionDomain}. Any thread. */
public interface DrainedQueuePair {
    /**
     * Prepares for {@link #drain}. Once, before anything is posted.
     *
     * @param own memory of this side that what is read can be put in
     * @param peers memory of the other side that can be read
     * @param whenDead is called, possibly more than once, when the queue pair was stopped by an error or on purpose, or closed; does not wait
     */
    void attach(Landing own, Landing peers, Runnable whenDead);

    /**
     * Makes sure that nothing names a key any more that no poster finds since before this call. Returns when nobody can post with it any
     * more; then waits, elsewhere, until what was posted has completed and, behind that, a read of the peer's landing: so that no copy of a
     * request is left in the network either.
     *
     * @param whenDrained is called once it is so; never if the queue pair is stopped before
     */
    void drain(Runnable whenDrained);

    /** Has what was deferred looked at: a key is back, an access was answered, or memory is gone. */
    void callPump();

    /**
     * Whether nothing that was accepted and names a region goes by message now.
     *
     * @param region the region
     * @return true if no access is unanswered and none will be made, provided that the region is closed
     */
    boolean isDoneWith(PeerRegion region);
}
