package dev.daxverbs.region;

import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.verbs.QueuePair;

import jdk.jfr.Event;

import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Makes the JFR events of regions. The first of a kind starts much of JFR, which takes hundreds of milliseconds and more: a break must not
 * wait for that. So a thread of its own does it when the first domain is made, and what happens before it is done is not recorded.
 */
final class RegionEvents {
    private static volatile boolean ready;
    private static boolean preparing; // guarded by the class

    private RegionEvents() {
    }

    static synchronized void prepare() {
        if (!preparing) {
            preparing = true;
            DaemonThreads.named("daxverbs-events").start(RegionEvents::initialize);
        }
    }

    private static void initialize() {
        new BreakEvent().isEnabled();
        new RestoreEvent().isEnabled();
        new FenceEvent().isEnabled();
        new StagedTransferEvent().isEnabled();
        ready = true;
    }

    /** Begins an event; null if none can be recorded yet. */
    static <E extends Event> E begin(Supplier<E> maker) {
        if (!ready) {
            return null;
        }
        E event = maker.get();
        event.begin();
        return event;
    }

    static void fenced(Path file, QueuePair queuePair) {
        if (ready) {
            FenceEvent.record(file, queuePair);
        }
    }
}
