package dev.daxverbs.internal;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that pump. They are there while something is deferred, and idle otherwise; a pump's turn never waits for anything but files.
 */
public final class PumpThreads {
    /** So many files may be slow at one time before transfers of others wait. */
    private static final int MOST = 16;
    private static final long KEEP_ALIVE_S = 10;

    private static final ThreadPoolExecutor THREADS = new ThreadPoolExecutor(MOST, MOST, KEEP_ALIVE_S, TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), DaemonThreads.numbered("daxverbs-pump-"));
    private static final ScheduledThreadPoolExecutor TIMER = new ScheduledThreadPoolExecutor(1,
            DaemonThreads.numbered("daxverbs-pump-timer-"));

    static {
        THREADS.allowCoreThreadTimeOut(true);
        TIMER.setRemoveOnCancelPolicy(true);
    }

    private PumpThreads() {
    }

    /**
     * Runs something soon.
     *
     * @param task may wait for files, and for nothing else
     */
    public static void run(Runnable task) {
        THREADS.execute(task);
    }

    /**
     * Runs something later.
     *
     * @param pauseNs when, in nanoseconds from now
     * @param task may wait for files, and for nothing else
     */
    public static void runAfter(long pauseNs, Runnable task) {
        TIMER.schedule(() -> THREADS.execute(task), pauseNs, TimeUnit.NANOSECONDS);
    }
}
