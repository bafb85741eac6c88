package dev.daxverbs.dax;

import java.io.IOException;

/**
 * Stands around each {@link DaxFile#truncate} and {@link DaxFile#extend} of a file, as a lease stands around those of other descriptors.
 *
 * <p>Called on the thread that makes the change, one change of a file at a time.
 */
@FunctionalInterface
public interface ChangeGuard {
    /**
     * Prepares for the change, runs it once, and clears up, also when the change failed.
     *
     * @param change what is about to happen, for messages: the call and its arguments
     * @param action the change; not to be used after this method has returned
     * @throws IOException to refuse the change (before the action ran), or as the action threw it
     */
    void aroundChange(String change, ChangeAction action) throws IOException;
}
