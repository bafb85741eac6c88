package dev.daxverbs.grant;

import dev.daxverbs.verbs.QueuePair;

import java.util.List;

/**
 * Who has granted keys of a region to peers: told when they have to be taken back. Calls come one at a time for each region, and do not
 * wait.
 */
public interface GrantHolder {
    /** The registration is withdrawn: tells all peers that their keys end. */
    void revoke();

    /** There is a registration again: grants keys to all peers that have none, if {@link GrantSource#grant} says so. */
    void grantAgain();

    /** The region is closed: tells all peers. */
    void withdraw();

    /**
     * Whether no peer can be using a key any more. Any thread.
     *
     * @return true if all have answered, or are gone
     */
    boolean isDrained();

    /**
     * Stops the queue pairs of those who have not answered. Afterwards it is drained.
     *
     * @return the queue pairs that were stopped
     */
    List<QueuePair> fenceLate();
}
