package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * A lease on a file that is taken again after each break, until it is closed.
 *
 * <p>It belongs to the open file description of the descriptor that it was taken with, of which it has a duplicate of its own: the
 * caller's may be closed before. While it exists, released or not, it keeps that description open, so nobody else can have a lease on the file
 * that its mode excludes.
 *
 * <p>Any number of threads may use it.
 */
public final class FileLease implements AutoCloseable {
    /*
     * Who meets whom. Every state change is made under `lock`, together with the system call that belongs to it; nothing is called under it
     * but fcntl and the executors.
     *
     *              | taker, retaker            | listener                 | caller                   | close()
     * -------------+---------------------------+--------------------------+--------------------------+------------------------
     * listener     | break right after the     |                          |                          |
     *              | grant: (1)                |                          |                          |
     * caller       | never: RELEASED has no    | second signal, state is  |                          |
     *              | break to answer           | BREAKING: (2)            |                          |
     * close()      | state is CLOSED: (3)      | state is CLOSED: (3)     | release by either: (4)   | the first one closes
     *              |                           |                          | callback begins: (5)     |
     * shutdown     | flag and state: (6)       | the first one breaks,    | waits for it             | state is CLOSED: (3)
     *              |                           | the other sees BREAKING  |                          |
     * kernel       | -EAGAIN, tried again      | stale signal: (7)        | forced break: (8)        | -EAGAIN: it has gone
     */
    private enum State {
        /** Not asked for yet: seen by nobody, but behind the lock. */
        NEW,
        /** The kernel has granted it, and no break was heard. */
        HELD,
        /** A break was heard; the holder is told, and then it is released. */
        BREAKING,
        /** The kernel has it back; the retaker asks for it. */
        RELEASED,
        /** For good. The descriptor is closed or about to be: its number must not be used. */
        CLOSED
    }

    /** Duplicates get no number that a program may take for standard input, output or error. */
    private static final int FIRST_DESCRIPTOR = 3;
    private static final long FIRST_PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final String name;
    private final LeaseHolder holder;
    private final LeaseThreads threads;
    private final KernelLease kernel;
    private final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock, as all that follows; read without it for questions only. */
    private volatile State state = State.NEW;
    private volatile long breaks;
    private volatile long forcedBreaks;
    private long pauseNs;
    /** What the holder is to be told, in order: at most that it was regained, and the break after it. */
    private final Queue<Runnable> callbacks = new ArrayDeque<>();
    /** Whether a caller is at it: there is one at a time. */
    private boolean calling;

    private FileLease(String name, LeaseHolder holder, LeaseThreads threads, KernelLease kernel) {
        this.name = name;
        this.holder = holder;
        this.threads = threads;
        this.kernel = kernel;
    }

    /**
     * Takes a lease ({@code fcntl(2)}, F_SETLEASE). Does not wait.
     *
     * @param fileDescriptor of a regular file; stays the caller's
     * @param name what the file is called in messages, usually its path
     * @param type which lease
     * @param holder who is told of breaks. It may be called before this method returns
     * @return the lease, held, to be closed
     * @throws LeaseUnavailableException if it is not to be had:
     *     EAGAIN: the file is open elsewhere, or mapped through a descriptor that was closed (for READ: open for writing);
     *     EBUSY: the open file description has a lease already;
     *     EACCES, EPERM: the process neither owns the file nor has CAP_LEASE;
     *     EINVAL: not a regular file, a file system without leases, or {@code fs.leases-enable} is 0;
     *     EBADF: no open descriptor, or one opened with O_PATH;
     *     EMFILE: too many open files;
     *     ENOLCK, ENOMEM: out of memory in the kernel;
     *     ESHUTDOWN: the JVM is ending
     * @throws IllegalStateException if the system property {@code dev.daxverbs.lease.signal} is wrong
     */
    public static FileLease take(int fileDescriptor, String name, LeaseType type, LeaseHolder holder) throws LeaseUnavailableException {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(holder, "holder");
        LeaseThreads threads = LeaseThreads.running();
        int fd = Posix.fcntl(fileDescriptor, LibC.F_DUPFD_CLOEXEC(), FIRST_DESCRIPTOR);
        if (fd < 0) {
            throw KernelLease.unavailable(name, fileDescriptor, type, fd);
        }
        FileLease lease = new FileLease(name, holder, threads, threads.kernelLease(fd, type));
        boolean granted = false;
        try {
            int result = threads.leases().add(fd, lease) ? lease.request() : -Errno.EBUSY;
            if (result != 0) {
                throw KernelLease.unavailable(name, fileDescriptor, type, result);
            }
            granted = true;
            return lease;
        } finally {
            if (!granted) {
                threads.leases().remove(fd);
                Posix.close(fd);
            }
        }
    }

    /** (1) The listener waits for the lock, so a break that comes right after the grant finds the state HELD. */
    private int request() {
        lock.lock();
        try {
            // (6) The flag first, under the lock: whoever sees it unset is granted before shutDown() comes for the lock, and is seen by it.
            int result = threads.isShuttingDown() ? -Errno.ESHUTDOWN : kernel.request();
            if (result == 0) {
                state = State.HELD;
            } else if (state == State.NEW) {
                state = State.CLOSED;
            }
            return result;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Which lease it is.
     *
     * @return the type it was taken with
     */
    public LeaseType type() {
        return kernel.type();
    }

    /**
     * What the file is called in messages.
     *
     * @return the name it was taken with
     */
    public String name() {
        return name;
    }

    /**
     * Whether it is held now, and not breaking as far as was heard. A snapshot: it may change before the caller looks at it.
     *
     * @return true between a grant and the break after it
     */
    public boolean isHeld() {
        return state == State.HELD;
    }

    /**
     * How often it was broken, the end of the JVM included.
     *
     * @return the number of calls of {@link LeaseHolder#onBreak}, made or about to be made
     */
    public long breaks() {
        return breaks;
    }

    /**
     * How many of the breaks the kernel ended by force.
     *
     * @return the number of calls of {@link LeaseHolder#onForced}, made or about to be made
     */
    public long forcedBreaks() {
        return forcedBreaks;
    }

    /**
     * Releases the lease, whatever its state, and closes its descriptor. Idempotent; may be called in a callback.
     *
     * <p>After it has returned no callback of this lease begins. It does not wait for one that runs on another thread: an {@code onBreak} that is
     * about to finish with the file does so without a lease, and it is for the caller of this method to see to it that this does no harm.
     *
     * @throws UncheckedIOException if the kernel reported an error of the file when its descriptor was closed (EIO and so on); it is closed then
     */
    @Override
    public void close() {
        int result = 0;
        lock.lock();
        try {
            if (state == State.CLOSED) {
                return;
            }
            if (state == State.HELD || state == State.BREAKING) {
                result = kernel.release();
            }
            // (3) From here on nobody uses the descriptor: whoever gets the lock looks at the state first.
            state = State.CLOSED;
            callbacks.clear();
        } finally {
            lock.unlock();
        }
        threads.leases().remove(kernel.fd()); // first: after close the number can be another lease's
        int closed = Posix.close(kernel.fd());
        if (result == 0 || result == -Errno.EAGAIN) { // EAGAIN: broken by force, nothing to release
            result = closed == -Errno.EINTR ? 0 : closed;
        }
        if (result < 0) {
            throw new UncheckedIOException(new IOException("closing " + this + ", fd=" + kernel.fd() + ": " + Errno.name(-result)));
        }
    }

    @Override
    public String toString() {
        return "FileLease[name=" + name + ", type=" + type() + ", state=" + state + ", breaks=" + breaks + ", forcedBreaks="
                + forcedBreaks + "]";
    }

    /**
     * The listener: there was a signal, or it is time to look.
     *
     * @param heardNs now
     */
    void hear(long heardNs) {
        lock.lock();
        try {
            // (2) In a break already: a second opener's signal, or the writer's after a reader's. The release is for both.
            // (3) Closed.
            if (state == State.HELD) {
                int target = kernel.target();
                // (7) A signal of a break that is over says nothing about this one: the kernel does.
                if (target >= 0 && target != type().kernelValue()) {
                    LeaseBreakTime time = LeaseBreakTime.now();
                    LeaseBreak.Cause cause = target == LibC.F_RDLCK() ? LeaseBreak.Cause.OPENED_FOR_READING
                            : LeaseBreak.Cause.OPENED_FOR_WRITING;
                    beginBreak(cause, heardNs + time.forHolderNs(), () -> time.isOver(heardNs));
                }
            }
            startCalling(); // also what could not be started before
        } finally {
            lock.unlock();
        }
    }

    /** The JVM is ending. */
    void shutDown() {
        lock.lock();
        try {
            if (state == State.HELD) {
                beginBreak(LeaseBreak.Cause.SHUTDOWN, LeaseThreads.shutdownDeadlineNs(), () -> false);
                startCalling();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether the end of the JVM has to wait for it. */
    boolean isToBeReleased() {
        State now = state;
        return now == State.HELD || now == State.BREAKING;
    }

    /** Under the lock. */
    private void beginBreak(LeaseBreak.Cause cause, long deadlineNs, BooleanSupplier timeIsOver) {
        LeaseBreak event = new LeaseBreak(this, cause, deadlineNs, breaks + 1);
        callbacks.add(() -> answer(event, timeIsOver));
        state = State.BREAKING;
        breaks = event.sequence();
    }

    /** Under the lock. Sees to it that a caller works on the callbacks; if there is no thread to be had the listener tries again soon. */
    private void startCalling() {
        if (calling || callbacks.isEmpty()) {
            return;
        }
        try {
            threads.call(this::callAll);
            calling = true;
        } catch (Throwable t) {
            LeaseThreads.report(t);
        }
    }

    private void callAll() {
        for (Runnable callback = nextCallback(); callback != null; callback = nextCallback()) {
            run(callback);
        }
    }

    private static void run(Runnable callback) {
        try {
            callback.run();
        } catch (Throwable t) {
            LeaseThreads.report(t);
        }
    }

    /** (5) A callback has begun once it is taken from the queue: close() empties the queue, and does not wait for what has left it. */
    private Runnable nextCallback() {
        lock.lock();
        try {
            Runnable next = callbacks.poll();
            calling = next != null;
            return next;
        } finally {
            lock.unlock();
        }
    }

    private void answer(LeaseBreak event, BooleanSupplier timeIsOver) {
        run(() -> holder.onBreak(event));
        if (release(event, timeIsOver)) {
            run(() -> holder.onForced(event));
        }
        wantBack();
    }

    /**
     * The holder has let go.
     *
     * @return whether the kernel was faster
     */
    private boolean release(LeaseBreak event, BooleanSupplier timeIsOver) {
        lock.lock();
        try {
            if (state != State.BREAKING) {
                return false; // (4) close() released it
            }
            int result = kernel.release();
            // (8) By force the kernel takes the lease away, so that there is none to release; or, for an opener that reads, it makes it a read
            // lease, which F_GETLEASE does not tell from a break under way: there only the time tells.
            boolean forced = result == -Errno.EAGAIN
                    || event.cause() == LeaseBreak.Cause.OPENED_FOR_READING && timeIsOver.getAsBoolean();
            if (forced) {
                forcedBreaks++;
            } else if (result != 0) {
                LeaseThreads.report(new IOException("releasing " + this + ": " + Errno.name(-result)));
            }
            return forced;
        } finally {
            lock.unlock();
        }
    }

    private void wantBack() {
        lock.lock();
        try {
            if (state == State.BREAKING) {
                state = State.RELEASED;
                pauseNs = FIRST_PAUSE_NS;
                threads.retakeAfter(pauseNs, this);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The retaker: tries once, and comes again if that is in vain. */
    void retake() {
        lock.lock();
        try {
            if (state != State.RELEASED) {
                return;
            }
            boolean granted = false;
            try {
                granted = request() == 0;
            } catch (Throwable t) {
                LeaseThreads.report(t); // out of memory: as good as refused
            }
            if (granted) {
                callbacks.add(() -> holder.onRegained(this));
                startCalling();
            } else {
                pauseNs = Math.min(2 * pauseNs, LONGEST_PAUSE_NS);
                threads.retakeAfter(pauseNs, this);
            }
        } finally {
            lock.unlock();
        }
    }
}
