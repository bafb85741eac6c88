package dev.daxverbs.lease;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The threads that call holders.
 *
 * <p>Two things are wanted that exclude each other. However many leases break at once, the process must not start as many threads: it may not
 * get them, and most holders are done in microseconds. And a holder that takes its time, until its deadline if it has to, must not make
 * another's miss its own: a fixed number of threads would all be taken by that many slow holders.
 *
 * <p>So the tasks queue for {@value #AT_ONCE} threads, and the queue is looked at every {@value #LOOK_MS} ms while somebody waits in it. If no
 * task has been taken from it since the last look, all threads are at slow holders: then there come as many again, at most one for each task
 * that waits. If it moves but its head has waited for longer than {@value #LONG_WAIT_MS} ms there comes one. So the number of threads follows
 * the number of holders that are slow at the same time, and not that of breaks, and a machine that stands still for the length of a look gets
 * some threads too many and not hundreds. A task begins late by {@value #LOOK_MS} ms at the least where {@value #AT_ONCE} are slow; with 2,000
 * slow ones the last begins after some 14 looks (every other one finds that the new threads have taken a task each), less than a quarter of a
 * second, which a deadline of half the shortest lease-break-time (1 s) leaves room for.
 *
 * <p>Where no thread is to be had, the task stays in the queue for those that there are, and the next look tries again.
 *
 * <p>Progress: {@link #call} waits for nothing but a short lock. One idle thread stays, so that a lone break need not wait for one to start.
 */
final class Callers {
    static final int AT_ONCE = 16;
    static final long LOOK_MS = 10;
    static final long LONG_WAIT_MS = 100;
    private static final long LONG_WAIT_NS = TimeUnit.MILLISECONDS.toNanos(LONG_WAIT_MS);
    private static final long KEEP_ALIVE_NS = TimeUnit.SECONDS.toNanos(10);

    private final ThreadFactory factory;
    private final ScheduledExecutorService clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    /* All that follows is guarded by the lock. */
    private final Queue<Waiting> queue = new ArrayDeque<>();
    private int threads;
    private int mostThreads;
    /** Of those, how many wait for work. One that was signalled counts until it has the lock: it will take a task. */
    private int idle;
    private long taken;
    private long takenAtLastLook;
    private boolean lookIsDue;

    private record Waiting(Runnable task, long sinceNs) {
    }

    /**
     * Starts no thread yet.
     *
     * @param factory makes the threads
     * @param clock where the queue is looked at; must not run anything that takes long
     */
    Callers(ThreadFactory factory, ScheduledExecutorService clock) {
        this.factory = factory;
        this.clock = clock;
    }

    /** Runs a task on one of the threads. Returns at once. What the task throws is reported. */
    void call(Runnable task) {
        lock.lock();
        try {
            queue.add(new Waiting(task, System.nanoTime()));
            if (queue.size() <= idle) {
                work.signal();
                return;
            }
            if (threads < AT_ONCE) {
                startThread();
            }
            lookLater();
        } finally {
            lock.unlock();
        }
    }

    /** How many threads there were at most, at the same time. */
    int mostThreads() {
        lock.lock();
        try {
            return mostThreads;
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private void lookLater() {
        if (!lookIsDue) {
            clock.schedule(this::look, LOOK_MS, TimeUnit.MILLISECONDS);
            lookIsDue = true;
            takenAtLastLook = taken;
        }
    }

    private void look() {
        lock.lock();
        try {
            lookIsDue = false;
            if (queue.size() <= idle) {
                return;
            }
            boolean stuck = taken == takenAtLastLook;
            boolean slow = System.nanoTime() - queue.element().sinceNs > LONG_WAIT_NS;
            int wanted = stuck ? Math.min(queue.size(), Math.max(1, threads)) : slow ? 1 : 0;
            while (wanted > 0 && startThread()) {
                wanted--;
            }
            lookLater();
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private boolean startThread() {
        try {
            factory.newThread(this::work).start();
        } catch (Throwable t) { // OutOfMemoryError: too many threads, in the process or on the machine
            if (threads == 0) {
                LeaseThreads.report(t);
            }
            return false;
        }
        threads++;
        mostThreads = Math.max(mostThreads, threads);
        return true;
    }

    private void work() {
        for (Runnable task = next(); task != null; task = next()) {
            try {
                task.run();
            } catch (Throwable t) {
                LeaseThreads.report(t);
            }
        }
    }

    /** The next task; null when the thread is to end. */
    private Runnable next() {
        Thread.interrupted(); // a holder's business, if anybody's
        lock.lock();
        try {
            long leftNs = KEEP_ALIVE_NS;
            while (queue.isEmpty()) {
                if (leftNs <= 0 && threads > 1) {
                    threads--;
                    return null;
                }
                leftNs = await(leftNs <= 0 ? KEEP_ALIVE_NS : leftNs);
            }
            taken++;
            return queue.remove().task;
        } finally {
            lock.unlock();
        }
    }

    private long await(long timeoutNs) {
        idle++;
        try {
            return work.awaitNanos(timeoutNs);
        } catch (InterruptedException e) {
            return timeoutNs; // nobody has a reason to; go on
        } finally {
            idle--;
        }
    }
}
