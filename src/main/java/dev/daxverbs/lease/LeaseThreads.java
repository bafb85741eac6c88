package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.internal.Signals;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What all leases of the process share: the listener, the callers, the retaker, and what is to be done when the JVM ends. Starts with the first
 * lease, and stays.
 */
final class LeaseThreads {
    /** How long the end of the JVM waits for holders. */
    private static final long SHUTDOWN_PATIENCE_NS = TimeUnit.SECONDS.toNanos(2);

    private static LeaseThreads running;

    private final LeaseTable leases = new LeaseTable();
    private final int signal;
    private final int listenerId;
    private final Callers callers;
    private final ScheduledThreadPoolExecutor retaker;
    private volatile boolean shuttingDown;

    private LeaseThreads() {
        signal = LeaseSignal.number();
        listenerId = BreakListener.start(leases, signal);
        retaker = new ScheduledThreadPoolExecutor(1, DaemonThreads.numbered("daxverbs-lease-retaker-"));
        callers = new Callers(callerFactory(), retaker);
        retaker.setRemoveOnCancelPolicy(true); // a cool-down may be long, and its lease closed before
    }

    /**
     * Those of the process, started if need be.
     *
     * @throws IllegalStateException if the system property for the signal is wrong, or the signal cannot be blocked
     */
    static synchronized LeaseThreads running() {
        if (running == null) {
            LeaseThreads threads = new LeaseThreads();
            try {
                Runtime.getRuntime().addShutdownHook(new Thread(null, threads::shutDown, "daxverbs-lease-shutdown", 0, false));
            } catch (IllegalStateException e) {
                threads.shuttingDown = true; // the JVM is ending already, and has no lease to release
            }
            running = threads;
            Rehearsal.start();
        }
        return running;
    }

    LeaseTable leases() {
        return leases;
    }

    /** A lease on a descriptor, whose breaks the listener hears. */
    KernelLease kernelLease(int fd, LeaseType type, LeaseMode mode) {
        return new KernelLease(fd, type, mode, signal, listenerId);
    }

    /** Runs something on a caller. Returns at once. */
    void call(Runnable task) {
        callers.call(task);
    }

    /** How many callers there were at most, at the same time. */
    int mostCallers() {
        return callers.mostThreads();
    }

    /** Lets a lease try to be retaken after a pause; not when the JVM is ending. The result is there to be cancelled. */
    Future<?> retakeAfter(long pauseNs, FileLease lease) {
        return shuttingDown ? CompletableFuture.completedFuture(null) : retaker.schedule(lease::retake, pauseNs, TimeUnit.NANOSECONDS);
    }

    /** Whether no lease is to be taken or retaken any more. Once true it stays so. */
    boolean isShuttingDown() {
        return shuttingDown;
    }

    /**
     * Hands what nobody caught to the current thread's uncaught exception handler; the thread goes on. Throws nothing.
     */
    static void report(Throwable thrown) {
        try {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        } catch (Throwable t) {
            // The JVM ignores what a handler throws, and so do we: there is nobody left to tell.
        }
    }

    /**
     * Releases every lease once its holder has let go. A lease whose holder does not do so in time stays, for a device may still use the
     * file: the kernel releases it when the process is gone.
     */
    private void shutDown() {
        // Before the look at each lease: one that is granted after that look has seen the flag, see FileLease.
        shuttingDown = true;
        for (FileLease lease : leases.all()) {
            try {
                lease.shutDown();
            } catch (Throwable t) {
                report(t);
            }
        }
        long endNs = System.nanoTime() + SHUTDOWN_PATIENCE_NS;
        while (System.nanoTime() - endNs < 0 && leases.all().stream().anyMatch(FileLease::isToBeReleased)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    static long shutdownDeadlineNs() {
        return System.nanoTime() + SHUTDOWN_PATIENCE_NS;
    }

    /** The listener starts these threads, so they begin with its signals blocked; users' code and the processes that it starts must not. */
    private ThreadFactory callerFactory() {
        ThreadFactory daemons = DaemonThreads.numbered("daxverbs-lease-caller-");
        int blocked = signal;
        return task -> daemons.newThread(() -> {
            try {
                Signals.unblock(blocked, LibC.SIGIO());
            } catch (Throwable t) {
                report(t); // the task is what matters
            }
            task.run();
        });
    }
}
