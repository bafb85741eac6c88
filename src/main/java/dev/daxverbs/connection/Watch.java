package dev.daxverbs.connection;

import dev.daxverbs.internal.DaemonThreads;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The thread that looks at all control channels from time to time. Nothing that it calls may wait. */
final class Watch {
    private static final long KEEP_ALIVE_S = 10;
    private static final ScheduledThreadPoolExecutor THREAD = new ScheduledThreadPoolExecutor(1,
            DaemonThreads.named("daxverbs-connection-watch").factory());

    static {
        THREAD.setRemoveOnCancelPolicy(true);
        THREAD.setKeepAliveTime(KEEP_ALIVE_S, TimeUnit.SECONDS);
        THREAD.allowCoreThreadTimeOut(true);
    }

    private Watch() {
    }

    static ScheduledFuture<?> every(long ns, Runnable look) {
        return THREAD.scheduleAtFixedRate(look, ns, ns, TimeUnit.NANOSECONDS);
    }
}
