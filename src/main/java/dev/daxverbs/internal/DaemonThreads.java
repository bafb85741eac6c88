package dev.daxverbs.internal;

import java.util.concurrent.ThreadFactory;

/**
 * The library's own threads: platform threads that do not keep the JVM from ending, and have nothing of the thread that starts them.
 */
public final class DaemonThreads {
    private DaemonThreads() {
    }

    /**
     * For one thread.
     *
     * @param name its name
     * @return what makes or starts it
     */
    public static Thread.Builder.OfPlatform named(String name) {
        return Thread.ofPlatform().daemon().name(name).inheritInheritableThreadLocals(false);
    }

    /**
     * For a pool.
     *
     * @param prefix what the names begin with; numbers from 1 follow
     * @return what makes the threads
     */
    public static ThreadFactory numbered(String prefix) {
        return Thread.ofPlatform().daemon().name(prefix, 1).inheritInheritableThreadLocals(false).factory();
    }
}
