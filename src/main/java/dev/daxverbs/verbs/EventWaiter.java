package dev.daxverbs.verbs;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Lets threads call into a native object and wait for its events, and lets its closer wait until they have all left.
 *
 * <p><b>Guarantees.</b> Between {@link #shut} and {@link #reopen} no thread is in a {@link #use} or {@link #await}, and those
 * that try get the owner's "is closed" exception. <b>Progress.</b> {@code shut} wakes whoever waits; it itself waits for no more
 * than a native call of theirs, as no code of users runs inside.
 *
 * <p>Events are taken from a non-blocking descriptor after {@code poll(2)}, so any number of threads can wait: one
 * gets the event, the others go on waiting. A thread's interruption does not end a native {@code poll}, hence the slices. A nudge wakes at
 * least one; who takes something after one and leaves something nudges again.
 */
final class EventWaiter {
    private static final int SLICE_MS = 100;
    private static final long NS_PER_MS = 1_000_000;
    /** In what {@link Posix#pollReadable} gives: the second descriptor. */
    private static final int WAKE_UP_READY = 2;

    private final VerbsObject owner;
    private final int events;
    /** An {@code eventfd(2)}, readable after a {@link #nudge} until a waiting thread has seen it, and from {@link #shut} on. */
    private final int wakeUp;
    private int inside; // guarded by this
    private boolean shut; // guarded by this

    /**
     * Makes the descriptor of events non-blocking.
     *
     * @param owner whose "is closed" exception is thrown
     * @param events where events are read from; remains the caller's
     * @throws VerbsException if the process has no descriptor left
     */
    EventWaiter(VerbsObject owner, int events) {
        this.owner = owner;
        this.events = events;
        int flags = check("fcntl(fd=" + events + ", F_GETFL)", Posix.fcntl(events, LibC.F_GETFL(), 0));
        check("fcntl(fd=" + events + ", F_SETFL, O_NONBLOCK)", Posix.fcntl(events, LibC.F_SETFL(), flags | LibC.O_NONBLOCK()));
        wakeUp = check("eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)", Posix.eventfd());
    }

    private static int check(String call, int result) {
        if (result < 0) {
            throw new VerbsException(call, -result);
        }
        return result;
    }

    /** Runs something short that needs the native object; throws IllegalStateException if it is closed. */
    <T> T use(Supplier<T> call) {
        enter();
        try {
            return call.get();
        } finally {
            leave();
        }
    }

    /**
     * Waits until there is something to take.
     *
     * @param timeout how long at most; zero to look only
     * @param take takes an event without blocking, if there is one
     * @return what was taken; empty after the timeout
     */
    <T> Optional<T> await(Duration timeout, Supplier<Optional<T>> take) throws InterruptedException {
        long start = System.nanoTime();
        long timeoutNs = nanoseconds(timeout);
        enter();
        try {
            while (true) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted while waiting for an event of " + owner);
                }
                Optional<T> taken = take.get();
                if (taken.isPresent()) {
                    return taken;
                }
                long leftNs = timeoutNs - (System.nanoTime() - start);
                if (leftNs <= 0) {
                    return Optional.empty();
                }
                long leftMs = (leftNs + NS_PER_MS - 1) / NS_PER_MS;
                int ready = Posix.pollReadable(events, wakeUp, (int) Math.min(leftMs, SLICE_MS));
                if (ready < 0 && ready != -Errno.EINTR) {
                    throw new VerbsException("poll(fds={" + events + ", " + wakeUp + "})", -ready);
                }
                takeNudge((ready & WAKE_UP_READY) != 0);
            }
        } finally {
            leave();
        }
    }

    /** A timeout in nanoseconds; longer than 146 years counts as that. */
    private static long nanoseconds(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout=" + timeout + ": must not be negative; Duration.ZERO does not wait");
        }
        Duration longest = Duration.ofNanos(Long.MAX_VALUE / 2);
        return (timeout.compareTo(longest) < 0 ? timeout : longest).toNanos();
    }

    private synchronized void enter() {
        checkNotShut();
        inside++;
    }

    private synchronized void leave() {
        inside--;
        notifyAll();
    }

    private synchronized void checkNotShut() {
        if (shut) {
            throw owner.closedException();
        }
    }

    /** Lets threads that wait look again whether there is something to take; costs little if none waits. */
    void nudge() {
        boolean anybody;
        synchronized (this) {
            anybody = inside > 0 && !shut;
        }
        if (anybody) { // who enters after this looks before it waits
            transfer(true);
        }
    }

    /** Under the lock, as what {@link #shut} writes must stay: that comes after it has set the flag. */
    private synchronized void takeNudge(boolean isReady) {
        checkNotShut();
        if (isReady) {
            transfer(false);
        }
    }

    /** Wakes the waiting threads and returns when no thread is inside any more, even if the current one is interrupted. */
    void shut() {
        synchronized (this) {
            shut = true;
        }
        transfer(true);
        boolean interrupted = false;
        synchronized (this) {
            while (inside > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes back {@link #shut}, where the native object could not be destroyed. */
    void reopen() {
        transfer(false);
        synchronized (this) {
            shut = false;
        }
    }

    /** Makes the event descriptor of {@link #shut} readable, or not readable. */
    private void transfer(boolean readable) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
            number.set(ValueLayout.JAVA_LONG, 0, 1);
            if (readable) {
                Posix.write(wakeUp, number); // cannot fail below 2^64 - 1 closings
            } else {
                Posix.read(wakeUp, number);
            }
        }
    }

    /** Frees what this object holds. Only after {@link #shut}, when the native object is gone. */
    void dispose() {
        Posix.close(wakeUp);
    }
}
