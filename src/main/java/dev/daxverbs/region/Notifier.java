package dev.daxverbs.region;

import dev.daxverbs.internal.DaemonThreads;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The thread that calls listeners: theirs is the only code that can make it wait. */
final class Notifier {
    private static final long KEEP_ALIVE_S = 10;
    private static final ThreadPoolExecutor THREAD = new ThreadPoolExecutor(1, 1, KEEP_ALIVE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
            DaemonThreads.named("daxverbs-region-notifier").factory());

    static {
        THREAD.allowCoreThreadTimeOut(true);
    }

    private Notifier() {
    }

    static void run(Runnable call) {
        THREAD.execute(call);
    }
}
