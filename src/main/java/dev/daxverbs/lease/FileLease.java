package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
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
     * but fcntl, a look at /proc, and the executors.
     *
     *              | taker, retaker       | listener             | caller               | close()              | changer (whileReleased)
     * -------------+----------------------+----------------------+----------------------+----------------------+------------------------
     * listener     | break right after    |                      |                      |                      |
     *              | the grant: (1)       |                      |                      |                      |
     * caller       | never: RELEASED has  | second signal, state |                      |                      |
     *              | no break to answer   | is BREAKING: (2)     |                      |                      |
     * close()      | state is CLOSED: (3) | state is CLOSED: (3) | release by either:   | the first one closes |
     *              |                      |                      | (4); a callback      |                      |
     *              |                      |                      | begins: (5)          |                      |
     * changer      | does not ask until   | state is CHANGING:   | release by either:   | state is CLOSED, the | one after the other
     *              | the change is over:  | nothing to break;    | (4), the break goes  | change runs to its   |
     *              | (9)                  | before: (10)         | on                   | end: (3)             |
     * shutdown     | flag and state: (6)  | the first one breaks,| waits for it         | state is CLOSED: (3) | not asked for again;
     *              |                      | the other sees       |                      |                      | no break: (6)
     *              |                      | BREAKING             |                      |                      |
     * kernel       | -EAGAIN, tried again | stale signal: (7)    | forced break: (8)    | -EAGAIN: it has gone | forced, unheard: (10)
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
        /** The kernel has it back for the time of a change that the holder itself makes to the file. */
        CHANGING,
        /** For good. The descriptor is closed or about to be: its number must not be used. */
        CLOSED
    }

    /** Duplicates get no number that a program may take for standard input, output or error. */
    private static final int FIRST_DESCRIPTOR = 3;
    private static final long FIRST_PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);
    /*
     * Who opens a file keeps it open when its lease is given back, so the lease is not granted again before he has what he came for. Who
     * changes names or attributes keeps nothing: he wakes, tries again, and finds the delegation there again if it was retaken meanwhile, for
     * ever if that is always faster. So a delegation is left alone for longer, and for twice as long after each break that came soon after the
     * one before it.
     */
    private static final long FIRST_PAUSE_OF_DELEGATION_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LONGEST_PAUSE_OF_DELEGATION_NS = TimeUnit.SECONDS.toNanos(2);
    /** Between tries when the reason is not that the file is open elsewhere, which ends by itself at any moment. */
    private static final long FIRST_PAUSE_OF_OTHERS_NS = LONGEST_PAUSE_NS;
    private static final long LONGEST_PAUSE_OF_OTHERS_NS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final LeaseHolder holder;
    private final LeaseThreads threads;
    private final KernelLease kernel;
    private final ReentrantLock lock = new ReentrantLock();
    /** Held by the one who changes the file. Taken before {@link #lock}. */
    private final ReentrantLock changeLock = new ReentrantLock();

    /** Written under the lock, as all that follows; read without it for questions only. */
    private volatile State state = State.NEW;
    private volatile long breaks;
    private volatile long forcedBreaks;
    /** The errno of the last try, positive; zero if it was granted or none was made since the last break. */
    private volatile int refusedBy;
    /** When it was found to be unbroken last. A break that is found later has begun after that. */
    private long intactNs;
    private long grantedNs;
    private long delegationPauseNs;
    private boolean changing;
    /** The break that is being answered; of use while BREAKING only. */
    private Break current;
    private long pauseNs;
    private Future<?> nextTry = CompletableFuture.completedFuture(null);
    /** What the holder is to be told, in order: at most that it was regained, and the break after it. */
    private final Queue<Runnable> callbacks = new ArrayDeque<>();
    /** Whether a caller is at it: there is one at a time. */
    private boolean calling;

    /** What becomes of a break. Guarded by the lock. */
    private static final class Break {
        final LeaseBreak event;
        /** What says of a lease that could be given back whether the kernel had broken it by force nevertheless. */
        final BooleanSupplier isForced;
        /** By the caller, or before it by a changer. */
        boolean givenBack;
        boolean forced;

        Break(LeaseBreak event, BooleanSupplier isForced) {
            this.event = event;
            this.isForced = isForced;
        }
    }

    /** A change that a holder makes to the file of its own lease. */
    @FunctionalInterface
    public interface Action {
        /**
         * Makes the change.
         *
         * @throws IOException if it fails
         */
        void run() throws IOException;
    }

    private FileLease(String name, LeaseHolder holder, LeaseThreads threads, KernelLease kernel) {
        this.name = name;
        this.holder = holder;
        this.threads = threads;
        this.kernel = kernel;
    }

    /**
     * Takes a lease of the mode {@link LeaseMode#LEASE} ({@code fcntl(2)}, F_SETLEASE). Does not wait.
     *
     * @param fileDescriptor of a regular file; stays the caller's
     * @param name what the file is called in messages, usually its path
     * @param type which lease
     * @param holder who is told of breaks. It may be called before this method returns
     * @return the lease, held, to be closed
     * @throws LeaseUnavailableException if it is not to be had; see {@link #take(int, String, LeaseType, LeaseMode, LeaseHolder)}
     * @throws IllegalStateException if the system property {@code dev.daxverbs.lease.signal} is wrong
     */
    public static FileLease take(int fileDescriptor, String name, LeaseType type, LeaseHolder holder) throws LeaseUnavailableException {
        return take(fileDescriptor, name, type, LeaseMode.LEASE, holder);
    }

    /**
     * Takes a lease ({@code fcntl(2)}, F_SETLEASE or F_SETDELEG). Does not wait.
     *
     * @param fileDescriptor of a regular file; stays the caller's
     * @param name what the file is called in messages, usually its path
     * @param type which lease
     * @param mode whether a lease or a delegation
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
     *     EOPNOTSUPP: a {@linkplain LeaseMode#DELEGATION delegation}, which the kernel does not have;
     *     ESHUTDOWN: the JVM is ending
     * @throws IllegalStateException if the system property {@code dev.daxverbs.lease.signal} is wrong
     */
    public static FileLease take(int fileDescriptor, String name, LeaseType type, LeaseMode mode, LeaseHolder holder)
            throws LeaseUnavailableException {
        return open(fileDescriptor, name, type, mode, holder, false);
    }

    /**
     * Takes a lease as soon as it is to be had. Does not wait: what is returned may be held or not ({@link #isHeld}). If it is not, it is asked
     * for in the background until it is granted, the holder is told by {@link LeaseHolder#onRegained} when that has happened, and meanwhile
     * {@link #refusal} says why not. While the file is open elsewhere (EAGAIN) it is asked for after pauses that grow from 0.1 to 20 ms; for
     * any other reason from 20 ms to 1 s.
     *
     * @param fileDescriptor of a regular file; stays the caller's
     * @param name what the file is called in messages, usually its path
     * @param type which lease
     * @param mode whether a lease or a delegation
     * @param holder who is told. It may be called before this method returns; not of a lease that was granted at once
     * @return the lease, held or wanted, to be closed
     * @throws LeaseUnavailableException if waiting cannot help:
     *     EBUSY: the open file description has a lease already;
     *     EBADF: no open descriptor, or one opened with O_PATH;
     *     EMFILE: too many open files;
     *     EOPNOTSUPP: a {@linkplain LeaseMode#DELEGATION delegation}, which the kernel does not have;
     *     ESHUTDOWN: the JVM is ending
     * @throws IllegalStateException if the system property {@code dev.daxverbs.lease.signal} is wrong
     */
    public static FileLease want(int fileDescriptor, String name, LeaseType type, LeaseMode mode, LeaseHolder holder)
            throws LeaseUnavailableException {
        return open(fileDescriptor, name, type, mode, holder, true);
    }

    private static FileLease open(int fileDescriptor, String name, LeaseType type, LeaseMode mode, LeaseHolder holder, boolean canWait)
            throws LeaseUnavailableException {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(mode, "mode");
        Objects.requireNonNull(holder, "holder");
        LeaseThreads threads = LeaseThreads.running();
        int fd = Posix.fcntl(fileDescriptor, LibC.F_DUPFD_CLOEXEC(), FIRST_DESCRIPTOR);
        if (fd < 0) {
            throw KernelLease.unavailable(name, fileDescriptor, type, KernelLease.resolve(mode), fd);
        }
        FileLease lease = new FileLease(name, holder, threads, threads.kernelLease(fd, type, KernelLease.resolve(mode)));
        boolean kept = false;
        try {
            int result = threads.leases().add(fd, lease) ? lease.request() : -Errno.EBUSY;
            if (result != 0 && !(canWait && lease.keepAsking(result))) {
                throw KernelLease.unavailable(name, fileDescriptor, type, lease.mode(), result);
            }
            kept = true;
            return lease;
        } finally {
            if (!kept) {
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
            long nowNs = System.nanoTime();
            int result = threads.isShuttingDown() ? -Errno.ESHUTDOWN : kernel.request();
            refusedBy = -result;
            if (result == 0) {
                state = State.HELD;
                intactNs = nowNs;
                grantedNs = nowNs;
            }
            return result;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether it goes on to be asked for, after the first try was refused.
     *
     * @param result the negated errno
     */
    private boolean keepAsking(int result) {
        if (result == -Errno.EBUSY || result == -Errno.EBADF || result == -Errno.EOPNOTSUPP || result == -Errno.ESHUTDOWN) {
            return false; // nothing that time would change
        }
        lock.lock();
        try {
            state = State.RELEASED;
            askAgain();
            return true;
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
     * Which of the kernel's two kinds it is.
     *
     * @return {@link LeaseMode#LEASE} or {@link LeaseMode#DELEGATION}
     */
    public LeaseMode mode() {
        return kernel.mode();
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
     * Why it is not held: what the last try to get it said. A snapshot.
     *
     * @return what would have been thrown by {@link #take(int, String, LeaseType, LeaseMode, LeaseHolder) take}; empty while the lease is held,
     *     and after a break until it has been asked for again
     */
    public Optional<LeaseUnavailableException> refusal() {
        lock.lock(); // so that close() does not give the descriptor's number to another file while the message is made
        try {
            return refusedBy == 0 || state == State.CLOSED ? Optional.empty()
                    : Optional.of(KernelLease.unavailable(name, kernel.fd(), type(), mode(), -refusedBy));
        } finally {
            lock.unlock();
        }
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
     * Lets the holder itself change the file, through whatever descriptor: truncate it, extend it, rename it.
     *
     * <p>Under a {@linkplain LeaseMode#DELEGATION delegation} the kernel takes such a change for a break like any other's: {@code ftruncate}
     * fails with EAGAIN and begins a break, what goes by path waits until {@code onBreak} has returned. This method gives the delegation back,
     * runs the action, and asks for it again at once. No {@code onBreak} is called for it: whoever calls this has stopped relying on the file
     * before, as in {@code onBreak}, and looks at the file again afterwards, as others may have changed it meanwhile. If the delegation is
     * refused then, or it was not held in the first place, the result is false: the state is that after a break, and {@code onRegained} is
     * called once it is held again. A break by another that is under way at the call is answered by giving back as well; its {@code onBreak} is
     * called all the same, and must find nothing left to do.
     *
     * <p>Under a {@linkplain LeaseMode#LEASE lease} changes through a descriptor that is open break nothing: the action is run, and that is all.
     * One that opens the file, or truncates it by path, waits for {@code onBreak} then.
     *
     * <p>Calls from different threads run one after the other. The action may call this method again, which runs the inner action, and may
     * close the lease.
     *
     * <p>An {@code onRegained} of before can have begun when this is called, and go on after it has returned false. So a holder that uses this
     * method makes its {@code onRegained} look at {@link #isHeld} first, under the same lock under which it calls this; if that is false
     * another callback will follow.
     *
     * @param action the change
     * @return whether the lease is held
     * @throws IOException what the action threw; the lease is asked for again nevertheless
     */
    public boolean whileReleased(Action action) throws IOException {
        Objects.requireNonNull(action, "action");
        if (mode() == LeaseMode.LEASE || changeLock.isHeldByCurrentThread()) {
            action.run();
            return isHeld();
        }
        boolean held = false;
        changeLock.lock();
        try {
            try {
                beginChange();
                action.run();
            } finally {
                held = endChange();
            }
        } finally {
            changeLock.unlock();
        }
        return held;
    }

    private void beginChange() {
        lock.lock();
        try {
            changing = true; // before all that can throw, for endChange() to undo
            // (10) What the listener has not heard yet is heard now, so that the holder is told; above all of what the kernel did by force.
            look(System.nanoTime());
            if (state == State.BREAKING) {
                giveBack(current); // (4)
            } else if (state == State.HELD) {
                if (kernel.release() == -Errno.EAGAIN) {
                    beginBreak(LeaseBreak.Cause.OPENED_FOR_WRITING, System.nanoTime(), System.nanoTime(), () -> true);
                    current.givenBack = true;
                    markForced(current);
                } else {
                    state = State.CHANGING;
                }
            }
            startCalling();
        } finally {
            lock.unlock();
        }
    }

    private boolean endChange() {
        lock.lock();
        try {
            changing = false;
            if (state != State.CHANGING) {
                return false; // it was broken or closed; whoever did that sees to the rest
            }
            state = State.RELEASED;
            boolean granted = false;
            try {
                granted = request() == 0;
            } finally {
                if (!granted) {
                    callbacks.clear(); // an onRegained that has not begun is no longer true
                    pauseNs = 0;
                    askAgain();
                }
            }
            return granted;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Releases the lease, whatever its state, and closes its descriptor. Idempotent; may be called in a callback.
     *
     * <p>After it has returned no callback of this lease begins. It does not wait for one that runs on another thread: an {@code onBreak} that
     * is about to finish with the file does so without a lease, and it is for the caller of this method to see to it that this does no harm.
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
            nextTry.cancel(false);
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
        return "FileLease[name=" + name + ", type=" + type() + ", mode=" + mode() + ", state=" + state + ", breaks=" + breaks + ", forcedBreaks="
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
            look(heardNs);
            startCalling(); // also what could not be started before
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private void look(long heardNs) {
        // (2) In a break already: a second opener's signal, or the writer's after a reader's. The release is for both.
        // (3) Closed.
        if (state != State.HELD) {
            return;
        }
        long nowNs = System.nanoTime();
        int target = kernel.target();
        // (7) A signal of a break that is over says nothing about this one: the kernel does.
        if (target == type().kernelValue()) {
            intactNs = nowNs;
        } else if (target >= 0) {
            LeaseBreakTime time = LeaseBreakTime.now();
            LeaseBreak.Cause cause = target == LibC.F_RDLCK() ? LeaseBreak.Cause.OPENED_FOR_READING : LeaseBreak.Cause.OPENED_FOR_WRITING;
            // Heard so late when the process was stopped: no time is left then.
            boolean isForced = time.isOver(intactNs) && (kernel.isGone() || target == LibC.F_RDLCK() && !kernel.isReaderWaiting());
            beginBreak(cause, heardNs, isForced ? heardNs : heardNs + time.forHolderNs(), () -> isForced || mayBeForced(time));
        }
    }

    /**
     * (8) Under the lock: whether somebody may have come through a break by force although there is a lease to release. That is so for an
     * opener that reads, after which a read lease is left; and when another that writes has come since, there is no telling any more, so the
     * worst is assumed. Not when all of the break took less than lease-break-time, and so in no break that is answered before its deadline.
     */
    private boolean mayBeForced(LeaseBreakTime time) {
        return time.isOver(intactNs) && !kernel.isReaderWaiting();
    }

    /** The JVM is ending. */
    void shutDown() {
        lock.lock();
        try {
            if (state == State.HELD) {
                beginBreak(LeaseBreak.Cause.SHUTDOWN, System.nanoTime(), LeaseThreads.shutdownDeadlineNs(), () -> false);
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
    private void beginBreak(LeaseBreak.Cause cause, long heardNs, long deadlineNs, BooleanSupplier isForced) {
        Break begun = new Break(new LeaseBreak(this, cause, heardNs, deadlineNs, breaks + 1), isForced);
        callbacks.add(() -> answer(begun));
        current = begun;
        state = State.BREAKING;
        breaks = begun.event.sequence();
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

    private void answer(Break answered) {
        run(() -> holder.onBreak(answered.event));
        if (release(answered)) {
            run(() -> holder.onForced(answered.event));
        }
        long coolDownNs = 0;
        if (answered.event.cause() != LeaseBreak.Cause.SHUTDOWN) {
            try {
                coolDownNs = holder.pauseBeforeRetakeNs(answered.event);
            } catch (Throwable t) {
                LeaseThreads.report(t);
            }
        }
        wantBack(Math.max(coolDownNs, mode() == LeaseMode.DELEGATION ? pauseOfDelegationNs(answered.event) : 0));
    }

    private long pauseOfDelegationNs(LeaseBreak event) {
        lock.lock();
        try {
            boolean isSoon = event.heardNs() - grantedNs < LONGEST_PAUSE_OF_DELEGATION_NS;
            delegationPauseNs = isSoon ? Math.clamp(2 * delegationPauseNs, FIRST_PAUSE_OF_DELEGATION_NS, LONGEST_PAUSE_OF_DELEGATION_NS)
                    : FIRST_PAUSE_OF_DELEGATION_NS;
            return delegationPauseNs;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The holder has let go.
     *
     * @return whether the kernel was faster
     */
    private boolean release(Break answered) {
        lock.lock();
        try {
            // (4) Otherwise close() has released it, or here a changer.
            if (state == State.BREAKING) {
                giveBack(answered);
            }
            return state == State.BREAKING && answered.forced;
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock, while BREAKING. */
    private void giveBack(Break answered) {
        if (answered.givenBack) {
            return;
        }
        answered.givenBack = true;
        // (8) By force the kernel takes the lease away, so that there is none to release; or it leaves one: so this is asked first.
        boolean isForced = answered.isForced.getAsBoolean();
        int result = kernel.release();
        if (isForced || result == -Errno.EAGAIN) {
            markForced(answered);
        } else if (result != 0) {
            LeaseThreads.report(new IOException("releasing " + this + ": " + Errno.name(-result)));
        }
    }

    /** Under the lock. */
    private void markForced(Break answered) {
        answered.forced = true;
        forcedBreaks++;
    }

    private void wantBack(long coolDownNs) {
        lock.lock();
        try {
            if (state == State.BREAKING) {
                state = State.RELEASED;
                pauseNs = FIRST_PAUSE_NS;
                nextTry = threads.retakeAfter(Math.max(pauseNs, coolDownNs), this);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock, after a try that was refused: lets there be another. */
    private void askAgain() {
        boolean isOpenElsewhere = refusedBy == Errno.EAGAIN;
        long firstNs = isOpenElsewhere ? FIRST_PAUSE_NS : FIRST_PAUSE_OF_OTHERS_NS;
        long longestNs = isOpenElsewhere ? LONGEST_PAUSE_NS : LONGEST_PAUSE_OF_OTHERS_NS;
        pauseNs = Math.clamp(2 * pauseNs, firstNs, longestNs);
        nextTry = threads.retakeAfter(pauseNs, this);
    }

    /** The retaker: tries once, and comes again if that is in vain. */
    void retake() {
        lock.lock();
        try {
            if (state != State.RELEASED) {
                return;
            }
            if (changing) { // (9) Granted now, it would be broken by the change, which would wait for its own end.
                nextTry = threads.retakeAfter(LONGEST_PAUSE_NS, this);
                return;
            }
            boolean granted = false;
            try {
                granted = request() == 0;
            } catch (Throwable t) {
                refusedBy = Errno.ENOMEM;
                LeaseThreads.report(t); // out of memory: as good as refused
            }
            if (granted) {
                callbacks.add(() -> holder.onRegained(this));
                startCalling();
            } else {
                askAgain();
            }
        } finally {
            lock.unlock();
        }
    }
}
