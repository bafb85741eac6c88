package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Idle;
import dev.daxverbs.examples.load.Pattern;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionTruncatedException;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The load on one pair of queue pairs: each place puts and gets by turns, and what completes is compared. A queue pair that died ends the load, as
 * that must never happen.
 *
 * <p>When a transfer was executed: it had not completed at one poll, it has at a later one; each poll takes all there is. So {@link Lookback} says where
 * the time begins in which others may have changed what it did. One thread.
 */
final class PairLoad {
    private static final long REFUSED_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int ATOMICS_ONE_IN = 8;
    /** Of a work request's number: which queue it is of. */
    private static final int QUEUE_BITS = 2;
    /** What is outstanding on a queue pair that died is flushed, unless the other one is alive. */
    private static final long DEAD_DRAIN_NS = TimeUnit.SECONDS.toNanos(2);

    /** The send and receive queues. */
    private enum Queue {
        INITIATOR_SENDS, INITIATOR_RECEIVES, TARGET_SENDS, TARGET_RECEIVES;

        private static final Queue[] ALL = values();

        static Queue of(long workRequestId) {
            return ALL[(int) workRequestId & (1 << QUEUE_BITS) - 1];
        }
    }

    /** A message that took a receive of the target. */
    private record Arrival(int receive, long bytes, boolean hasImmediate, int immediate, CompletionOpcode opcode) {
        /** In what it is not the message of a transfer; null if it is. */
        String differenceFrom(Transfer transfer) {
            CompletionOpcode expected = transfer.step == Step.WRITE_IMMEDIATE ? CompletionOpcode.RECV_RDMA_WITH_IMM : CompletionOpcode.RECV;
            if (opcode != expected) {
                return "kind";
            }
            if (hasImmediate != transfer.hasImmediate || hasImmediate && immediate != transfer.immediate) {
                return "immediate data";
            }
            return bytes == transfer.lengthBytes ? null : "length";
        }
    }

    private final Settings settings;
    private final Wiring wiring;
    private final List<MemoryRegion> regions;
    private final Verification verification;
    private final WordLedger words;
    private final Supplier<Moment> now;
    private final Tally tally;
    private final RandomGenerator random;

    private final Place[] places;
    private final Lane<Transfer> initiatorSends;
    private final Lane<Transfer> initiatorReceives;
    private final Lane<Transfer> targetSends;
    private final Lane<Integer> targetReceives;
    private final List<Transfer> passed = new ArrayList<>();
    private final List<Integer> passedReceives = new ArrayList<>(); // none: each receive has a completion
    /** Those that have completed at the initiator, and the messages at the target, which are the same in the same order. */
    private final Deque<Transfer> sent = new ArrayDeque<>();
    private final Deque<Arrival> arrived = new ArrayDeque<>();

    private final SendWorkRequests requests = new SendWorkRequests(2, 2, 0);
    private final ReceiveWorkRequests receives = new ReceiveWorkRequests(1);
    private final WorkCompletions completions;
    private long sequence;
    private int inFlight;
    private int nextPlace;
    private final Lookback lookback;
    private long endNs;
    private volatile boolean dead;

    /** A load, of which nothing is posted yet. */
    PairLoad(int number, Settings settings, Layout layout, Wiring wiring, List<MemoryRegion> regions, Verification verification, WordLedger words,
            Supplier<Moment> now, Tally tally, RandomGenerator random) {
        this.settings = settings;
        this.wiring = wiring;
        this.regions = regions;
        this.verification = verification;
        this.words = words;
        this.now = now;
        this.tally = tally;
        this.random = random;
        places = new Place[settings.depth()];
        for (int i = 0; i < places.length; i++) {
            places[i] = new Place(i, layout.piecesOf(number * places.length + i, settings.places()), settings, random, Arena.ofAuto());
        }
        int requestCount = Wiring.requests(settings);
        initiatorSends = new Lane<>(requestCount, transfer -> !transfer.signaled);
        initiatorReceives = new Lane<>(requestCount, transfer -> false);
        targetSends = new Lane<>(requestCount, transfer -> false);
        targetReceives = new Lane<>(requestCount, receive -> false);
        completions = new WorkCompletions(Wiring.entries(settings));
        sequence = (long) number << 40;
        lookback = new Lookback(now);
    }

    /** Whether a queue pair has died. */
    boolean isDead() {
        return dead;
    }

    /** Ends the load for a reason that counts as a failure. */
    void giveUp(String reason) {
        tally.failed(reason);
        dead = true;
    }

    /** Goes on until it is told to end, then waits for what is outstanding. */
    void run(BooleanSupplier goingOn) throws IOException {
        for (int i = 0; i < Wiring.receives(settings); i++) {
            postReceive(i);
        }
        int idle = 0;
        while (!dead && goingOn.getAsBoolean()) {
            postAll();
            idle = pollOnce() > 0 ? 0 : idle + 1;
            if (idle > 0) {
                Idle.rest(idle);
            }
        }
        finish();
    }

    private void finish() throws IOException {
        if (!dead) {
            endNs = System.nanoTime() + settings.drain().toNanos();
        }
        int idle = 0;
        while (inFlight > 0 && System.nanoTime() - endNs < 0) {
            idle = pollOnce() > 0 ? 0 : idle + 1;
            Idle.rest(idle);
        }
        for (Place place : places) {
            for (Transfer transfer : List.of(place.put, place.get)) {
                if (transfer.outstanding) {
                    tally.failed("%s: never completed".formatted(transfer.step));
                }
            }
        }
        countViolations(Queue.INITIATOR_SENDS, initiatorSends);
        countViolations(Queue.INITIATOR_RECEIVES, initiatorReceives);
        countViolations(Queue.TARGET_SENDS, targetSends);
        countViolations(Queue.TARGET_RECEIVES, targetReceives);
    }

    private void countViolations(Queue queue, Lane<?> lane) {
        tally.outOfOrder(lane.violations(), "completions out of order: first of %s, number %s".formatted(queue, lane.firstViolation()));
    }

    // Posting

    private void postAll() throws IOException {
        int refused = 0;
        for (int i = 0; i < places.length && !dead && inFlight < settings.depth(); i++) {
            Place place = places[nextPlace];
            nextPlace = (nextPlace + 1) % places.length;
            if (place.isIdle() && !post(place)) {
                refused++;
            }
        }
        if (refused > 0 && inFlight == 0) {
            LockSupport.parkNanos(REFUSED_PAUSE_NS); // the file is short
        }
    }

    private boolean post(Place place) throws IOException {
        if (place.holds && !place.gotten) {
            prepareGet(place, place.getStep());
            return postSends(wiring.pair().initiator(), initiatorSends, Queue.INITIATOR_SENDS, place.get);
        }
        if (settings.operation().hasAtomics() && random.nextInt(ATOMICS_ONE_IN) == 0) {
            place.nextAtomic(random.nextInt(words.words()));
            return postSends(wiring.pair().initiator(), initiatorSends, Queue.INITIATOR_SENDS, place.get);
        }
        return postPut(place);
    }

    private boolean postPut(Place place) throws IOException {
        place.nextPut(sequence++);
        Transfer put = place.put;
        place.beforeBytes = 0;
        if (settings.offsetMode() == OffsetMode.ANY) {
            verification.lookAround(place);
        }
        slice(place.outOffset + put.fileBytesAt(), put.lengthBytes).copyFrom(place.expected(put));
        slice(place.outOffset + put.tailAt(), put.tailBytes).copyFrom(place.tail(put));
        if (put.step.isSplit()) {
            Pattern.clear(slice(place.inOffset, put.tailBytes));
        }
        if (put.step == Step.RECEIVE) {
            return postReceiveIntoFile(put) && postSends(wiring.pair().target(), targetSends, Queue.TARGET_SENDS, put);
        }
        if (put.step.canBeFollowed() && settings.operation().gets().contains(Step.READ) && inFlight + 2 <= settings.depth()
                && random.nextBoolean()) {
            // Both in one list, so that both are refused or none: an unsignaled write is done when the read behind it is.
            put.signaled = put.step == Step.WRITE_IMMEDIATE || random.nextBoolean();
            prepareGet(place, Step.READ);
            return postSends(wiring.pair().initiator(), initiatorSends, Queue.INITIATOR_SENDS, put, place.get);
        }
        return postSends(wiring.pair().initiator(), initiatorSends, Queue.INITIATOR_SENDS, put);
    }

    private void prepareGet(Place place, Step step) {
        place.nextGet(step);
        Transfer get = place.get;
        Pattern.clear(slice(place.inOffset, get.totalBytes()));
        if (step.isSplit()) {
            slice(place.outOffset, get.tailBytes).copyFrom(place.tail(get));
        }
    }

    private MemorySegment slice(long offset, long lengthBytes) {
        return wiring.memory().asSlice(offset, lengthBytes);
    }

    /** Posts transfers with one doorbell; returns false if they were refused. */
    private boolean postSends(QueuePair queuePair, Lane<Transfer> lane, Queue queue, Transfer... transfers) {
        requests.clear();
        for (int i = 0; i < transfers.length; i++) {
            describe(transfers[i], number(queue, lane.next() + i));
            begin(transfers[i]);
        }
        try {
            if (queuePair.postSend(requests) != transfers.length) {
                throw new IllegalStateException("the send queue is full with inFlight=%d".formatted(inFlight));
            }
        } catch (RegionTruncatedException e) {
            for (Transfer transfer : transfers) {
                tally.metEnd();
                forget(transfer);
            }
            return false;
        } catch (RuntimeException e) {
            for (Transfer transfer : transfers) {
                tally.failed("%s refused: %s".formatted(transfer.step, e));
                forget(transfer);
            }
            dead = true;
            return false;
        }
        for (Transfer transfer : transfers) {
            lane.accept(transfer);
        }
        return true;
    }

    private void begin(Transfer transfer) {
        if (transfer.outstanding) {
            return; // the message of a receive, which has begun already
        }
        tally.begun();
        transfer.outstanding = true;
        transfer.parts = transfer.step.takesReceive() || transfer.step == Step.RECEIVE ? 2 : 1;
        transfer.postedAt = now.get();
        transfer.postedNs = System.nanoTime();
        inFlight++;
        if (transfer.step.isPut()) {
            transfer.place.gotten = false;
        } else if (transfer.step != Step.FETCH_ADD) {
            transfer.place.gotten = true;
        }
    }

    private void forget(Transfer transfer) {
        transfer.outstanding = false;
        inFlight--;
    }

    private static long number(Queue queue, long laneNumber) {
        return laneNumber << QUEUE_BITS | queue.ordinal();
    }

    /** Fills in the work request of a transfer. */
    private void describe(Transfer transfer, long number) {
        Place place = transfer.place;
        MemoryRegion file = transfer.step == Step.FETCH_ADD ? regions.getFirst() : regions.get(place.region());
        MemoryRegion buffers = wiring.buffers();
        transfer.immediate = (int) number;
        switch (transfer.step) {
            case WRITE -> requests.write(number).local(buffers, place.outOffset, transfer.lengthBytes).remote(file, transfer.offset);
            case WRITE_IMMEDIATE -> requests.writeWithImmediate(number, transfer.immediate).local(buffers, place.outOffset, transfer.lengthBytes)
                    .remote(file, transfer.offset);
            case SCATTER_READ -> requests.read(number).local(file, transfer.offset, transfer.lengthBytes).remote(buffers, place.outOffset);
            case SPLIT_READ -> locals(requests.read(number), transfer, file, place.inOffset).remote(buffers, place.outOffset);
            case RECEIVE -> requests.send(number).local(buffers, place.outOffset, transfer.lengthBytes);
            case READ -> requests.read(number).local(buffers, place.inOffset, transfer.lengthBytes).remote(file, transfer.offset);
            case GATHER_WRITE -> requests.write(number).local(file, transfer.offset, transfer.lengthBytes).remote(buffers, place.inOffset);
            case SPLIT_WRITE -> locals(requests.write(number), transfer, file, place.outOffset).remote(buffers, place.inOffset);
            case SEND -> (transfer.hasImmediate ? requests.sendWithImmediate(number, transfer.immediate) : requests.send(number))
                    .local(file, transfer.offset, transfer.lengthBytes);
            case FETCH_ADD -> requests.fetchAndAdd(number, 1).local(buffers, place.outOffset, Long.BYTES)
                    .remote(file, (long) transfer.word * Long.BYTES);
        }
        if (transfer.signaled) {
            requests.signaled();
        }
    }

    private SendWorkRequests locals(SendWorkRequests request, Transfer transfer, MemoryRegion file, long tailOffset) {
        if (transfer.tailFirst) {
            return request.local(wiring.buffers(), tailOffset, transfer.tailBytes).local(file, transfer.offset, transfer.lengthBytes);
        }
        return request.local(file, transfer.offset, transfer.lengthBytes).local(wiring.buffers(), tailOffset, transfer.tailBytes);
    }

    private boolean postReceiveIntoFile(Transfer put) {
        begin(put);
        receives.clear();
        receives.receive(number(Queue.INITIATOR_RECEIVES, initiatorReceives.next()))
                .local(regions.get(put.place.region()), put.offset, put.lengthBytes);
        try {
            postReceives(wiring.pair().initiator());
            initiatorReceives.accept(put);
            return true;
        } catch (RegionTruncatedException e) {
            tally.metEnd();
        } catch (RuntimeException e) {
            tally.failed("receive into the file refused: " + e);
            dead = true;
        }
        forget(put);
        return false;
    }

    private void postReceive(int receive) {
        receives.clear();
        receives.receive(number(Queue.TARGET_RECEIVES, targetReceives.next()))
                .local(wiring.buffers(), Wiring.receiveOffset(settings, receive), settings.size());
        postReceives(wiring.pair().target());
        targetReceives.accept(receive);
    }

    private void postReceives(QueuePair queuePair) {
        if (queuePair.postReceive(receives) != 1) {
            throw new IllegalStateException("the receive queue is full");
        }
    }

    // Completing

    private int pollOnce() throws IOException {
        lookback.beforePoll(System.nanoTime());
        int polled = wiring.queue().poll(completions);
        long nowNs = System.nanoTime();
        for (int i = 0; i < polled; i++) {
            completed(i, nowNs);
        }
        matchMessages(nowNs);
        return polled;
    }

    private void completed(int i, long nowNs) throws IOException {
        long number = completions.wrId(i) >>> QUEUE_BITS;
        CompletionStatus status = completions.status(i);
        switch (Queue.of(completions.wrId(i))) {
            case INITIATOR_SENDS -> sent(initiatorSends.complete(number, passed), status, nowNs);
            case TARGET_SENDS -> part(targetSends.complete(number, passed), status, nowNs);
            case INITIATOR_RECEIVES -> part(initiatorReceives.complete(number, passed), status, nowNs);
            case TARGET_RECEIVES -> {
                Integer receive = targetReceives.complete(number, passedReceives);
                if (receive != null && status == CompletionStatus.SUCCESS) {
                    arrived.add(new Arrival(receive, completions.byteLength(i), completions.hasImmediate(i),
                            completions.hasImmediate(i) ? completions.immediate(i) : 0, completions.opcode(i)));
                } else if (status != CompletionStatus.SUCCESS) {
                    die("a receive of the target: " + status.text());
                }
            }
        }
    }

    private void sent(Transfer transfer, CompletionStatus status, long nowNs) throws IOException {
        for (Transfer silent : passed) {
            part(silent, CompletionStatus.SUCCESS, nowNs);
        }
        passed.clear();
        if (transfer == null) {
            return;
        }
        if (transfer.step.takesReceive()) {
            if (status == CompletionStatus.SUCCESS) {
                sent.add(transfer);
            } else {
                transfer.parts = 1; // it never reached the peer
            }
        }
        part(transfer, status, nowNs);
    }

    /** The messages that were sent are those that came, in the same order. */
    private void matchMessages(long nowNs) throws IOException {
        while (!sent.isEmpty() && !arrived.isEmpty()) {
            Transfer transfer = sent.remove();
            Arrival arrival = arrived.remove();
            String difference = arrival.differenceFrom(transfer);
            tally.outOfOrder(difference == null ? 0 : 1, "%s: another message came than was sent: its %s differs".formatted(transfer.step, difference));
            transfer.receive = arrival.receive();
            part(transfer, CompletionStatus.SUCCESS, nowNs);
            if (!dead) {
                postReceive(arrival.receive());
            }
        }
    }

    /** One of the completions that a transfer has. */
    private void part(Transfer transfer, CompletionStatus status, long nowNs) throws IOException {
        if (transfer == null || !transfer.outstanding) {
            return; // counted by the lane, or failed already
        }
        if (transfer.since == null) {
            transfer.since = lookback.of(transfer);
        }
        if (status == CompletionStatus.FILE_TRUNCATED) {
            transfer.truncated = true;
        } else if (status != CompletionStatus.SUCCESS) {
            forget(transfer);
            tally.failed("%s: %s".formatted(transfer.step, status.text()));
            die(null);
            return;
        }
        if (--transfer.parts > 0) {
            return;
        }
        forget(transfer);
        if (transfer.truncated) {
            tally.metEnd();
        } else {
            tally.succeeded(nowNs - transfer.postedNs);
            verify(transfer);
        }
    }

    private void verify(Transfer transfer) throws IOException {
        Place place = transfer.place;
        if (transfer.step.isPut()) {
            verification.putSucceeded(place, slice(place.inOffset, transfer.tailBytes));
        } else if (transfer.step == Step.FETCH_ADD) {
            verification.atomicSucceeded(transfer, wiring.memory().get(ValueLayout.JAVA_LONG, place.outOffset));
        } else {
            long from = transfer.step == Step.SEND ? Wiring.receiveOffset(settings, transfer.receive) : place.inOffset;
            verification.getSucceeded(place, slice(from + transfer.fileBytesAt(), transfer.lengthBytes),
                    slice(from + transfer.tailAt(), transfer.tailBytes));
        }
    }

    private void die(String reason) {
        if (reason != null && !dead) {
            tally.failed(reason);
        }
        if (!dead) {
            dead = true;
            endNs = System.nanoTime() + DEAD_DRAIN_NS;
        }
    }

    /** What the device says of the queue pairs. */
    String states() {
        return wiring.pair().states();
    }
}
