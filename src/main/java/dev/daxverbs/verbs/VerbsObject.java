package dev.daxverbs.verbs;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Listing;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Something that libibverbs made and must destroy, after everything that was made from it.
 *
 * <p>Whoever uses another object enters itself there as a dependent, before it is made and until it is destroyed. An object
 * with dependents refuses to close and names them; nothing is destroyed under a user, in whatever order users close.
 *
 * <p>Thread use: {@link #close} and the making of dependents may be called by any thread at any time.
 */
public abstract class VerbsObject implements AutoCloseable {
    private final VerbsObject[] dependencies;
    private final Set<VerbsObject> dependents = new LinkedHashSet<>(); // guarded by this
    private boolean closing; // guarded by this

    /**
     * Enters this object as a dependent of those that it is made from.
     *
     * @throws IllegalStateException if one of them is closed
     */
    @SuppressWarnings("this-escape") // a dependency keeps the reference, and calls toString at most, which copes with an unmade object
    VerbsObject(VerbsObject... dependencies) {
        this.dependencies = dependencies;
        for (int i = 0; i < dependencies.length; i++) {
            try {
                dependencies[i].admit(this);
            } catch (IllegalStateException e) {
                abandon(i);
                throw e;
            }
        }
    }

    /** Undoes the constructor where the native object could not be made. */
    final void abandon() {
        abandon(dependencies.length);
    }

    private void abandon(int count) {
        for (int i = 0; i < count; i++) {
            dependencies[i].forget(this);
        }
    }

    private synchronized void admit(VerbsObject dependent) {
        if (closing) {
            throw closedException();
        }
        dependents.add(dependent);
    }

    private synchronized void forget(VerbsObject dependent) {
        dependents.remove(dependent);
    }

    /**
     * Destroys the native object. Closing again does nothing; so does closing while another thread closes, which is not waited for.
     *
     * @throws VerbsException {@code EBUSY} if something made from this object is still open: the message names it, and this object
     *         stays as it is; any other errno if the destruction failed natively, which leaves the object open, too
     */
    @Override
    public final void close() {
        synchronized (this) {
            if (closing) {
                return;
            }
            if (!dependents.isEmpty()) {
                throw new VerbsException(destroyCall(), Errno.EBUSY, "still open, close first: " + Listing.of(dependents));
            }
            closing = true;
        }
        int errno;
        try {
            errno = destroy();
        } catch (RuntimeException | Error e) {
            reopen();
            throw e;
        }
        if (errno != 0) {
            reopen();
            throw new VerbsException(destroyCall(), errno);
        }
        abandon();
    }

    private synchronized void reopen() {
        closing = false;
    }

    /**
     * Whether {@link #close} has not been called, or has failed.
     *
     * @return true while the object can be used
     */
    public final synchronized boolean isOpen() {
        return !closing;
    }

    /** Throws if the object is closed; for slow paths. */
    final void checkOpen() {
        if (!isOpen()) {
            throw closedException();
        }
    }

    /** What a use after {@link #close} gets. */
    final IllegalStateException closedException() {
        return new IllegalStateException(this + " is closed");
    }

    /** Destroys the native object; returns the errno, or zero. Called once at a time, never with dependents. */
    abstract int destroy();

    /** The C call that {@link #destroy} makes, with its argument, for messages. */
    abstract String destroyCall();

    /**
     * What this is, for people: the noun, its number and its main attributes.
     *
     * @return for instance {@code queue pair 17 of rxe0}
     */
    @Override
    public abstract String toString();
}
