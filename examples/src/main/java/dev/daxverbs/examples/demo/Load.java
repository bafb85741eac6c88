package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Idle;
import dev.daxverbs.examples.load.Pattern;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A steady load of writes and reads of pages, so many at once. It is written as if there were no breaks: a transfer that completes makes room for the
 * next; a queue pair that died is connected anew. What it knows of breaks (the epoch) it uses for its account only.
 *
 * <p>Whether a transfer completed while no break was under way: it had not completed at one poll, it has at the next, and the epoch was
 * the same, even number from before the former until after the latter. It is compared then, and the comparison counts if the epoch still is that number
 * afterwards.
 */
final class Load {
    private static final long END_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long FLUSH_LIMIT_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long REFUSED_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Loopback loopback;
    private final MemorySegment buffers;
    private final Verifier verifier;
    private final Epoch epoch;
    private final Counts counts;
    private final LatencyLog log;
    private final long patienceNs;
    private final Slot[] slots;
    private final SendWorkRequests requests = new SendWorkRequests(1);
    private final WorkCompletions completions = new WorkCompletions(Loopback.REQUESTS);
    private long nextSequence;
    private int outstanding;
    private long epochBeforePoll;
    private boolean quietSincePoll;
    private boolean dead;

    /**
     * A load.
     *
     * @param patienceNs after so long without any completion those that are outstanding are given up
     * @param depth how many transfers at once
     * @param pages how many pages of the file to use
     */
    Load(Loopback loopback, MemorySegment buffers, Verifier verifier, Epoch epoch, Counts counts, LatencyLog log, long patienceNs, int depth,
            long pages) {
        this.loopback = loopback;
        this.buffers = buffers;
        this.verifier = verifier;
        this.epoch = epoch;
        this.counts = counts;
        this.log = log;
        this.patienceNs = patienceNs;
        slots = new Slot[depth];
        for (int i = 0; i < depth; i++) {
            slots[i] = new Slot(i, depth, pages);
        }
    }

    /** Goes on until it is told to end and everything has completed. */
    void run(BooleanSupplier goingOn) throws IOException {
        epochBeforePoll = epoch.now();
        int idle = 0;
        long completedNs = System.nanoTime();
        while (goingOn.getAsBoolean()) {
            postAll();
            if (pollOnce() > 0) {
                idle = 0;
                completedNs = System.nanoTime();
            } else {
                Idle.rest(++idle);
                dead |= System.nanoTime() - completedNs > patienceNs;
            }
            if (dead) {
                revive();
                completedNs = System.nanoTime();
            }
        }
        finish(Math.min(END_LIMIT_NS, patienceNs));
    }

    private void postAll() {
        for (Slot slot : slots) {
            if (!slot.outstanding && !dead) {
                post(slot);
            }
        }
    }

    private void post(Slot slot) {
        slot.next(nextSequence++);
        MemorySegment buffer = buffers.asSlice(slot.bufferOffset(), FileUnderTest.PAGE_BYTES);
        requests.clear();
        if (slot.isRead()) {
            Pattern.clear(buffer);
            requests.read(slot.workRequestId());
        } else {
            Pattern.fill(buffer, slot.sequence(), slot.page());
            requests.write(slot.workRequestId());
        }
        requests.local(loopback.buffers(), slot.bufferOffset(), FileUnderTest.PAGE_BYTES).remote(loopback.file(), slot.fileOffset()).signaled();
        counts.begun();
        slot.postedEpoch = epoch.now();
        slot.postedNs = System.nanoTime();
        try {
            if (loopback.pair().initiator().postSend(requests) != 1) {
                throw new IllegalStateException("the send queue is full with outstanding=%d".formatted(outstanding));
            }
            slot.outstanding = true;
            outstanding++;
        } catch (RuntimeException e) {
            refused(e);
        }
    }

    private void refused(RuntimeException e) {
        counts.failed(e.toString());
        log.failed(System.nanoTime());
        dead = true;
        LockSupport.parkNanos(REFUSED_PAUSE_NS);
    }

    private int pollOnce() throws IOException {
        long before = epoch.now();
        int polled = loopback.queue().poll(completions);
        long nowNs = System.nanoTime();
        long after = epoch.now();
        quietSincePoll = Epoch.wasQuiet(epochBeforePoll, after);
        epochBeforePoll = before;
        for (int i = 0; i < polled; i++) {
            long id = completions.wrId(i);
            Slot slot = slots[Slot.indexOf(id)];
            if (slot.outstanding && slot.workRequestId() == id) {
                slot.outstanding = false;
                outstanding--;
                completed(slot, completions.status(i), nowNs, after);
            } else {
                counts.failed("a completion with a number that nothing outstanding has");
                log.failed(nowNs);
            }
        }
        return polled;
    }

    private void completed(Slot slot, CompletionStatus status, long nowNs, long epochNow) throws IOException {
        if (status != CompletionStatus.SUCCESS) {
            counts.failed(status);
            log.failed(nowNs);
            dead |= status != CompletionStatus.FILE_TRUNCATED;
            return;
        }
        boolean metBreak = !Epoch.wasQuiet(slot.postedEpoch, epochNow);
        log.succeeded(nowNs, nowNs - slot.postedNs, metBreak);
        if (!quietSincePoll) {
            return;
        }
        boolean right = verifier.holds(slot.page(), buffers.asSlice(slot.bufferOffset(), FileUnderTest.PAGE_BYTES));
        if (Epoch.wasQuiet(epochNow, epoch.now())) {
            counts.compared(right, slot.isRead());
            if (!right) {
                log.lost(nowNs);
            }
        }
    }

    /** What an application does that knows nothing of breaks: waits for the rest to be flushed, and connects anew. */
    private void revive() throws IOException {
        finish(FLUSH_LIMIT_NS);
        counts.queuePairDied(loopback.pair().states());
        loopback.pair().reconnect();
        dead = false;
    }

    private void finish(long limitNs) throws IOException {
        long endNs = System.nanoTime() + limitNs;
        int idle = 0;
        while (outstanding > 0 && System.nanoTime() - endNs < 0) {
            Idle.rest(pollOnce() > 0 ? 0 : ++idle);
        }
        for (Slot slot : slots) {
            if (slot.outstanding) {
                slot.outstanding = false;
                outstanding--;
                counts.failed("never completed");
                log.failed(System.nanoTime());
            }
        }
    }
}
