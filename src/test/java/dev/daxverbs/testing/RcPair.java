package dev.daxverbs.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;

/** Two queue pairs of one device, connected to each other, each with a completion queue of its own. */
public final class RcPair implements AutoCloseable {
    /** What a test waits for happens within this, or fails. */
    public static final Duration LIMIT = Duration.ofSeconds(20);

    private static final int COMPLETIONS = 256;
    private static final Set<AccessFlag> ALL = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ,
            AccessFlag.REMOTE_ATOMIC);

    public final DeviceContext context;
    public final ProtectionDomain domain;
    public final CompletionQueue requesterQueue;
    public final CompletionQueue responderQueue;
    public final QueuePair requester;
    public final QueuePair responder;
    private final Arena arena = Arena.ofShared();
    private final Deque<MemoryRegistration> registrations = new ArrayDeque<>();
    private final WorkCompletions completions = new WorkCompletions(1);

    /** A pair with the default capacities and attributes. */
    public static RcPair connected() {
        return connected(Function.identity(), new ConnectOptions());
    }

    /** A pair whose attributes a test chooses. */
    public static RcPair connected(ConnectOptions connect) {
        return connected(Function.identity(), connect);
    }

    /** A pair whose capacities and attributes a test chooses. */
    public static RcPair connected(Function<QueuePairOptions, QueuePairOptions> options, ConnectOptions connect) {
        RcPair pair = unconnected(options);
        pair.connect(connect);
        return pair;
    }

    /** A pair in state RESET. */
    public static RcPair unconnected(Function<QueuePairOptions, QueuePairOptions> options) {
        return unconnected(Device.list().getFirst(), options);
    }

    /** A pair in state RESET on a device that a test chooses. */
    public static RcPair unconnected(Device device, Function<QueuePairOptions, QueuePairOptions> options) {
        return new RcPair(device, options);
    }

    private RcPair(Device device, Function<QueuePairOptions, QueuePairOptions> options) {
        context = device.open();
        domain = context.allocateProtectionDomain();
        requesterQueue = context.createCompletionQueue(COMPLETIONS);
        responderQueue = context.createCompletionQueue(COMPLETIONS);
        requester = domain.createQueuePair(options.apply(QueuePairOptions.of(requesterQueue)));
        responder = domain.createQueuePair(options.apply(QueuePairOptions.of(responderQueue)));
    }

    /** Connects the queue pairs, which are in RESET. */
    public void connect(ConnectOptions connect) {
        requester.connect(responder.address(connect), connect);
        responder.connect(requester.address(connect), connect);
    }

    /** Resets both queue pairs, whatever state they are in, throws their completions away, and connects them again. */
    public void reconnect(ConnectOptions connect) {
        requester.toReset();
        responder.toReset();
        discard(requesterQueue);
        discard(responderQueue);
        connect(connect);
    }

    private void discard(CompletionQueue queue) {
        while (queue.poll(completions) > 0) {
            completions.clear();
        }
    }

    /** Anonymous memory, registered with every right; closed and freed with the pair. */
    public MemoryRegistration memory(long bytes) {
        return memory(bytes, ALL);
    }

    /** Anonymous memory, registered with the rights that a test chooses; closed and freed with the pair. */
    public MemoryRegistration memory(long bytes, Set<AccessFlag> access) {
        MemorySegment segment = arena.allocate(bytes, 4096);
        MemoryRegistration registration = domain.register(segment, access);
        registrations.push(registration);
        return registration;
    }

    /** Posts all of a list whose last request is signaled or fails, and waits for the requester's next completion. */
    public WorkCompletions run(SendWorkRequests requests) {
        post(requests);
        return next(requesterQueue);
    }

    /** Posts a list, all of which the send queue must have room for. */
    public void post(SendWorkRequests requests) {
        assertThat(requester.postSend(requests)).as("posted").isEqualTo(requests.size());
    }

    /** Posts receives to the responder, which must have room for all. */
    public void post(ReceiveWorkRequests receives) {
        assertThat(responder.postReceive(receives)).as("posted").isEqualTo(receives.size());
    }

    /** Posts a receive for the responder: one element, or none if it has zero length. */
    public void receive(long wrId, MemoryRegistration memory, long offset, long lengthBytes) {
        post(new ReceiveWorkRequests(1).receive(wrId).local(memory, offset, lengthBytes));
    }

    /** Waits for the next completion of a queue; valid until the next call. */
    public WorkCompletions next(CompletionQueue queue) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (queue.poll(completions) == 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no completion on " + queue + " within " + LIMIT);
            }
            Thread.onSpinWait();
        }
        return completions;
    }

    /** Waits for the next completion of a queue, which must be of this request and end like this. */
    public WorkCompletions expect(CompletionQueue queue, long wrId, CompletionStatus status) {
        WorkCompletions next = next(queue);
        assertThat(next.wrId(0) + " " + next.status(0)).isEqualTo(wrId + " " + status);
        return next;
    }

    /** Asserts that a queue has no completion now. */
    public void expectNone(CompletionQueue queue) {
        String first = queue.poll(completions) == 0 ? "none" : completions.wrId(0) + " " + completions.status(0);
        assertThat(first).as("completions on " + queue).isEqualTo("none");
    }

    @Override
    public void close() {
        requester.close();
        responder.close();
        requesterQueue.close();
        responderQueue.close();
        registrations.forEach(MemoryRegistration::close);
        // What a test registered itself and left open keeps the domain open, which is the test's to see.
        domain.close();
        context.close();
        arena.close();
    }
}
