package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Signals;

import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread that hears breaks: the kernel sends their signals to it. It never ends, as a signal to a thread that has ended is lost, and never
 * runs code of users.
 *
 * <p>What a signal says is taken as a hint only: the lease looks itself ({@code F_GETLEASE}) whether it is broken. So signals that are stale,
 * or sent by anybody else, do nothing. And signals that never come are made up for: when the queue of real-time signals is full the kernel
 * sends a SIGIO that names no file, and then, as well as every {@value #RESCAN_MS} ms, all leases look. That is 0.2 &micro;s for each which is
 * not broken, and SIGIO, of which no two can be pending, is dealt with before the others: however many signals were lost, one round finds all
 * that was broken before it.
 *
 * <p>Rounds come more often where lease-break-time is short: four in each. What a round finds intact cannot have been broken by force before
 * it; so a lease knows of each break whether the kernel may have been faster than the listener, as when the process was stopped.
 */
final class BreakListener {
    static final long RESCAN_MS = 1000;
    private static final long RESCAN_NS = TimeUnit.MILLISECONDS.toNanos(RESCAN_MS);

    private final LeaseTable leases;
    private final int signal;
    private final CompletableFuture<Integer> threadId = new CompletableFuture<>();

    private BreakListener(LeaseTable leases, int signal) {
        this.leases = leases;
        this.signal = signal;
    }

    /**
     * Starts the listener.
     *
     * @return the kernel's number of its thread, which by then has the signal blocked
     */
    static int start(LeaseTable leases, int signal) {
        BreakListener listener = new BreakListener(leases, signal);
        Thread thread = new Thread(null, listener::listen, "daxverbs-lease-listener", 0, false);
        thread.setDaemon(true);
        thread.start();
        try {
            return listener.threadId.join();
        } catch (CompletionException e) {
            throw new IllegalStateException("the thread that hears breaks cannot start: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private void listen() {
        Signals signals;
        try {
            signals = new Signals(Arena.global(), signal, LibC.SIGIO());
            threadId.complete(Signals.currentThreadId());
        } catch (Throwable t) {
            threadId.completeExceptionally(t);
            return;
        }
        long nextRescanNs = System.nanoTime() + RESCAN_NS;
        while (true) {
            try {
                int heard = signals.await(Math.max(0, nextRescanNs - System.nanoTime()));
                long nowNs = System.nanoTime();
                if (heard == signal) {
                    // The number may be another lease's by now, or nobody's: then it is a hint too many.
                    hear(leases.find(signals.fileDescriptor()), nowNs);
                }
                if (heard == LibC.SIGIO() || nowNs - nextRescanNs >= 0) {
                    nextRescanNs = nowNs + Math.min(RESCAN_NS, LeaseBreakTime.now().forHolderNs() / 2);
                    leases.all().forEach(lease -> hear(lease, nowNs));
                } else if (heard < 0 && heard != -Errno.EAGAIN && heard != -Errno.EINTR) {
                    LockSupport.parkNanos(RESCAN_NS); // cannot wait for signals: the rescans remain
                }
            } catch (Throwable t) {
                LeaseThreads.report(t); // out of memory, most likely; what was not heard is found by a rescan
            }
        }
    }

    private static void hear(FileLease lease, long nowNs) {
        if (lease == null) {
            return;
        }
        try {
            lease.hear(nowNs);
        } catch (Throwable t) {
            LeaseThreads.report(t); // and go on with the others
        }
    }
}
