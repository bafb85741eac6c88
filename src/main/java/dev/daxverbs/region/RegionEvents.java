package dev.daxverbs.region;

import java.nio.file.Path;

/**
 * Makes the JFR events of regions. The first of a kind starts much of JFR, which takes hundreds of milliseconds and more: a break must not wait for
 * that. So a thread of its own does it when the first domain is made, and what happens before it is done is not recorded.
 */
final class RegionEvents {
    private static volatile boolean ready;
    private static boolean preparing; // guarded by the class

    private RegionEvents() {
    }

    static synchronized void prepare() {
        if (!preparing) {
            preparing = true;
            Thread.ofPlatform().daemon().name("daxverbs-events").inheritInheritableThreadLocals(false).start(RegionEvents::initialize);
        }
    }

    private static void initialize() {
        new BreakEvent().isEnabled();
        new RestoreEvent().isEnabled();
        new FenceEvent().isEnabled();
        new StagedTransferEvent().isEnabled();
        ready = true;
    }

    /** Begins the event of a break; null if none can be recorded. */
    static BreakEvent newBreak() {
        if (!ready) {
            return null;
        }
        BreakEvent event = new BreakEvent();
        event.begin();
        return event;
    }

    /** Begins the event of a restore; null if none can be recorded. */
    static RestoreEvent newRestore() {
        if (!ready) {
            return null;
        }
        RestoreEvent event = new RestoreEvent();
        event.begin();
        return event;
    }

    /** Begins the event of a staged transfer; null if none can be recorded. */
    static StagedTransferEvent newStagedTransfer() {
        if (!ready) {
            return null;
        }
        StagedTransferEvent event = new StagedTransferEvent();
        event.begin();
        return event;
    }

    static void fenced(Path file, TrackedQueuePair queuePair) {
        if (ready) {
            FenceEvent.record(file, queuePair);
        }
    }
}
