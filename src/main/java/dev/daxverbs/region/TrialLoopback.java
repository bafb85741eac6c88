package dev.daxverbs.region;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.ON_DEMAND;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_READ;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.region.TrialTransfer.Piece;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.VerbsException;
import dev.daxverbs.verbs.VerbsObject;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Two queue pairs of one device, connected to each other, that move bytes between pinned and on-demand memory and compare them.
 *
 * <p>A device that gets a transfer wrong may hit other bytes: each memory has a page before and one behind what is registered, which belong
 * to the trial and are compared with the rest. For one thread.
 */
final class TrialLoopback implements AutoCloseable {
    private static final long PAGE = Posix.PAGE_SIZE;
    private static final long WHOLE_BYTES = (TrialTransfer.PAGES + 2) * PAGE;
    private static final Set<AccessFlag> ACCESS = EnumSet.of(LOCAL_WRITE, REMOTE_WRITE, REMOTE_READ);
    /** A second for an answer, seven times: emulated processors are slow. */
    private static final int TIMEOUT_EXPONENT = 18;
    private static final int RETRIES = 7;
    private static final int MAX_ELEMENTS = 3;
    private static final int WINDOWS = 1 << 14;
    private static final int WINDOW_STEP = 59;
    private static final long PAUSE_NS = 20_000;
    /** How long bytes may come after the completion: a write's acknowledgement does not promise that they are in memory. */
    private static final long LATE_NS = 50_000_000;

    private final AtomicLong leftNs;
    private final Deque<VerbsObject> made = new ArrayDeque<>(); // the last first, as they are closed
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment pinnedWhole;
    private final MemorySegment onDemandWhole;
    private final MemorySegment pinnedExpected;
    private final MemorySegment onDemandExpected;
    private final ProtectionDomain domain;
    private final CompletionQueue completionQueue;
    private final QueuePair requester;
    private final MemoryRegistration pinned;
    private final SendWorkRequests requests = new SendWorkRequests(1, MAX_ELEMENTS, 0);
    private final WorkCompletions completions = new WorkCompletions(1);
    private final MemoryRegistration onDemand;
    private final byte[] noise = new byte[(int) WHOLE_BYTES + WINDOWS];
    private int window;

    /**
     * Makes and connects the queue pairs.
     *
     * @param leftNs how long transfers may be waited for; counted down
     * @throws OnDemandTrial.RefusedException if the memory cannot be registered on demand
     */
    TrialLoopback(DeviceContext context, int port, Mtu mtu, AtomicLong leftNs) {
        this.leftNs = leftNs;
        new Random(1).nextBytes(noise);
        try {
            pinnedWhole = arena.allocate(WHOLE_BYTES, PAGE);
            onDemandWhole = arena.allocate(WHOLE_BYTES, PAGE);
            pinnedExpected = arena.allocate(WHOLE_BYTES);
            onDemandExpected = arena.allocate(WHOLE_BYTES);
            domain = keep(context.allocateProtectionDomain());
            onDemand = keep(registerOnDemand());
            pinned = keep(domain.register(body(pinnedWhole), ACCESS));
            completionQueue = keep(context.createCompletionQueue(16));
            QueuePairOptions options = QueuePairOptions.of(completionQueue).withRequests(4, 1).withElements(MAX_ELEMENTS, 1);
            requester = keep(domain.createQueuePair(options));
            QueuePair responder = keep(domain.createQueuePair(options));
            ConnectOptions connect = new ConnectOptions().port(port).pathMtu(mtu).retries(TIMEOUT_EXPONENT, RETRIES);
            requester.connect(responder.address(connect), connect);
            responder.connect(requester.address(connect), connect);
        } catch (RuntimeException | Error e) {
            closeAfter(e);
            throw e;
        }
    }

    private <T extends VerbsObject> T keep(T object) {
        made.push(object);
        return object;
    }

    private static MemorySegment body(MemorySegment whole) {
        return whole.asSlice(PAGE, WHOLE_BYTES - 2 * PAGE);
    }

    /**
     * Writes within pinned memory, to tell a device that cannot reach itself from one whose on-demand paging is wrong.
     *
     * @throws IllegalStateException if that does not work
     */
    void control() {
        requests.clear();
        requests.write(1).local(pinned, 0, PAGE).remote(pinned, PAGE).signaled();
        String what = "a write between pinned pages of " + domain;
        CompletionStatus status = runPosted(what);
        if (status != CompletionStatus.SUCCESS) {
            throw new IllegalStateException(what + " ended with " + status);
        }
    }

    /** Runs a transfer between new contents; returns what was wrong with it, or nothing. After a failed one no other can be run. */
    Optional<String> wrong(TrialTransfer transfer) {
        fill(onDemandWhole, onDemandExpected);
        fill(pinnedWhole, pinnedExpected);
        expect(transfer);
        CompletionStatus status = run(transfer);
        if (status != CompletionStatus.SUCCESS) {
            return Optional.of(transfer + " ended with " + status);
        }
        long lateNs = System.nanoTime() + LATE_NS;
        Optional<String> differs = difference();
        while (differs.isPresent() && System.nanoTime() - lateNs < 0) {
            LockSupport.parkNanos(PAUSE_NS);
            differs = difference();
        }
        return differs.map(where -> transfer + " ended with success, and " + where);
    }

    /** Bytes that were not there before, and are different in each page: another window of the noise for each transfer and memory. */
    private void fill(MemorySegment whole, MemorySegment expected) {
        window = (window + WINDOW_STEP) % WINDOWS;
        MemorySegment.copy(noise, window, expected, ValueLayout.JAVA_BYTE, 0, (int) WHOLE_BYTES);
        whole.copyFrom(expected);
    }

    private void expect(TrialTransfer transfer) {
        MemorySegment moving = body(onDemandExpected);
        MemorySegment fixed = body(pinnedExpected);
        long position = TrialTransfer.PINNED_OFFSET;
        for (Piece piece : transfer.pieces()) {
            if (transfer.operation().changesOnDemand()) {
                MemorySegment.copy(fixed, position, moving, piece.offset(), piece.lengthBytes());
            } else {
                MemorySegment.copy(moving, piece.offset(), fixed, position, piece.lengthBytes());
            }
            position += piece.lengthBytes();
        }
    }

    private Optional<String> difference() {
        return difference("the on-demand memory", onDemandWhole, onDemandExpected)
                .or(() -> difference("the pinned memory", pinnedWhole, pinnedExpected));
    }

    private static Optional<String> difference(String name, MemorySegment whole, MemorySegment expected) {
        long at = whole.mismatch(expected);
        return at < 0 ? Optional.empty() : Optional.of("%s is wrong at byte %d".formatted(name, at - PAGE));
    }

    private CompletionStatus run(TrialTransfer transfer) {
        requests.clear();
        SendWorkRequests request = transfer.operation().isWrite() ? requests.write(1) : requests.read(1);
        if (transfer.operation().isRemote()) {
            request.local(pinned, TrialTransfer.PINNED_OFFSET, transfer.lengthBytes());
            request.remote(onDemand, transfer.pieces().getFirst().offset());
        } else {
            transfer.pieces().forEach(piece -> request.local(onDemand, piece.offset(), piece.lengthBytes()));
            request.remote(pinned, TrialTransfer.PINNED_OFFSET);
        }
        request.signaled();
        return runPosted(transfer.toString());
    }

    private CompletionStatus runPosted(String what) {
        if (requester.postSend(requests) != 1) {
            throw new IllegalStateException("no room for " + what);
        }
        completions.clear();
        int polled = completionQueue.poll(completions);
        long sinceNs = System.nanoTime(); // only now: the first poll of a process links the call, which takes long on emulated processors
        while (polled == 0) {
            LockSupport.parkNanos(PAUSE_NS);
            if (leftNs.addAndGet(sinceNs - (sinceNs = System.nanoTime())) <= 0) {
                throw new IllegalStateException("out of time in " + what);
            }
            polled = completionQueue.poll(completions);
        }
        return completions.status(0);
    }

    private MemoryRegistration registerOnDemand() {
        Set<AccessFlag> access = EnumSet.copyOf(ACCESS);
        access.add(ON_DEMAND);
        try {
            return domain.register(body(onDemandWhole), access);
        } catch (VerbsException e) {
            if (e.errno() == Errno.EOPNOTSUPP || e.errno() == Errno.EINVAL) {
                throw new OnDemandTrial.RefusedException(e);
            }
            throw e;
        }
    }

    /** Closes all, the queue pairs first; the memory is given back only when nothing can reach it any more. */
    @Override
    public void close() {
        RuntimeException failure = null;
        for (VerbsObject object : made) {
            try {
                object.close();
            } catch (RuntimeException e) { // go on: what can be closed shall be
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
        arena.close();
    }

    private void closeAfter(Throwable cause) {
        try {
            close();
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }
}
