package dev.daxverbs.dax;

import java.io.IOException;

/**
 * A change of a file's size that waits for its {@linkplain ChangeGuard guards}.
 */
@FunctionalInterface
public interface ChangeAction {
    /**
     * Makes the change, inside the guards that are nested deeper.
     *
     * @throws IOException if a guard that is nested deeper, or the system call, failed
     * @throws IllegalStateException if it has run already
     */
    void run() throws IOException;
}
