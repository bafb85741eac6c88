package dev.daxverbs.region;

import dev.daxverbs.grant.Landing;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.verbs.SendWorkRequests;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds out when nothing of what one queue pair has posted is under way any more, not even in the network: when all of it has completed, a
 * read of eight bytes of the peer's landing is posted, and when that has completed, it is so. A request that was sent twice may otherwise
 * arrive after its completion, with a key that has ended. docs/protocol.md, "The drain at the peer".
 *
 * <p>One probe at a time; those who come while one is under way wait for the next. The probe has a place of its own in the send queue and
 * in the completion queue, so it is not in the way of the user's requests, nor they in its.
 *
 * <p>Locks: a turn is taken with {@link #turn} held; within it the send gate and the pump's lock, for moments. Nobody who has a gate or the
 * pump's lock waits for the turn.
 */
final class Probes implements Runnable {
    private static final int PROBE_BYTES = 8;
    private static final long FIRST_PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long LAST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Somebody who waits. */
    private record Waiter(TrackedQueuePair.DrainEnd end, Runnable whenDrained) {
    }

    private enum State {
        NONE,
        POSTED,
        ARRIVED,
        FAILED
    }

    private final TrackedQueuePair queuePair;
    private final Landing own;
    private final Landing peers;
    private final SendWorkRequests request = new SendWorkRequests(1);
    private final AtomicBoolean called = new AtomicBoolean();
    private final AtomicBoolean timed = new AtomicBoolean();
    private final ReentrantLock turn = new ReentrantLock();
    private final Deque<Waiter> waiting = new ArrayDeque<>(); // guarded by itself
    private final List<Waiter> probing = new ArrayList<>(); // whom the posted probe is for; of whoever has the turn
    private long pauseNs = FIRST_PAUSE_NS; // of whoever has the turn
    private volatile State state = State.NONE;

    Probes(TrackedQueuePair queuePair, Landing own, Landing peers) {
        this.queuePair = queuePair;
        this.own = own;
        this.peers = peers;
    }

    /** Adds somebody who waits until what was posted up to an end, and all before, cannot arrive any more. */
    void add(TrackedQueuePair.DrainEnd end, Runnable whenDrained) {
        synchronized (waiting) {
            waiting.add(new Waiter(end, whenDrained));
        }
        call();
    }

    /** The probe's completion. Within the gate of the completion queue. */
    void arrived(boolean success) {
        state = success ? State.ARRIVED : State.FAILED;
        call();
    }

    private void call() {
        if (called.compareAndSet(false, true)) {
            PumpThreads.run(this);
        }
    }

    @Override
    public void run() {
        called.set(false); // before it looks: who calls after this gets another turn
        turn.lock();
        try {
            takeTurn();
        } finally {
            turn.unlock();
        }
    }

    private void takeTurn() {
        if (queuePair.isGone() || queuePair.isDead()) {
            return; // nobody is told: the connection ends, and with it the keys
        }
        if (state == State.POSTED) {
            queuePair.sweepSends();
        }
        if (state == State.ARRIVED) {
            state = State.NONE;
            pauseNs = FIRST_PAUSE_NS;
            List<Waiter> drained = List.copyOf(probing);
            probing.clear();
            drained.forEach(waiter -> waiter.whenDrained().run());
        }
        if (state == State.NONE && takeDrained()) {
            post();
        }
        if (state == State.POSTED || isWaitedFor()) {
            runLater();
        }
    }

    private boolean isWaitedFor() {
        synchronized (waiting) {
            return !waiting.isEmpty() || !probing.isEmpty();
        }
    }

    /** Whether a probe is to be posted: for all whose requests have completed. */
    private boolean takeDrained() {
        List<Waiter> all;
        synchronized (waiting) {
            all = new ArrayList<>(waiting);
        }
        for (Waiter waiter : all) {
            if (!queuePair.isDrained(waiter.end())) {
                break; // those behind it have later ends
            }
            probing.add(waiter);
            synchronized (waiting) {
                waiting.removeFirst();
            }
        }
        return !probing.isEmpty();
    }

    private void post() {
        request.clear();
        request.read(0).localAt(own.address(), PROBE_BYTES, own.key()).remote(peers.address(), peers.key());
        state = State.POSTED; // before it is: its completion may come at once
        if (!queuePair.postProbe(request)) {
            state = State.NONE; // the queue's spare entry is another's, or the queue pair is stopped
        }
    }

    private void runLater() {
        if (timed.compareAndSet(false, true)) {
            PumpThreads.runAfter(pauseNs, () -> {
                timed.set(false);
                run();
            });
            pauseNs = Math.min(2 * pauseNs, LAST_PAUSE_NS);
        }
    }
}
