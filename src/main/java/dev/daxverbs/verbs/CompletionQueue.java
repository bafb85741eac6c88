package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_context_ops;
import dev.daxverbs.bindings.ibverbs.ibv_cq;
import dev.daxverbs.internal.DeviceCalls;
import dev.daxverbs.internal.Gate;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * A completion queue ({@code struct ibv_cq}): where the completions of queue pairs wait to be polled.
 *
 * <p>It must have room for all completions that can be outstanding. A queue that overflows is in error for good, and so are its
 * queue pairs ({@link AsyncEventType#CQ_ERR}).
 *
 * <p>Thread use: one thread at a time polls. Any thread may close: the queue waits for a poll that is under way, and a later one
 * gets an {@link IllegalStateException}. It refuses to close while a queue pair uses it.
 * Sources: ibv_create_cq(3), ibv_poll_cq(3), ibv_req_notify_cq(3).
 */
public class CompletionQueue extends VerbsObject {
    private final DeviceContext context;
    private final CompletionChannel channel;
    private final MemorySegment pointer;
    private final long address; // of the queue
    private final MemorySegment pollFunction;
    private final boolean critical;
    private final MemorySegment notifyFunction;
    private final Gate gate = new Gate();

    /**
     * Makes a completion queue.
     *
     * @param context the device
     * @param entries how many completions it must hold, at least 1; the device may give more
     * @param channel where its events go, or null for none
     * @param vector which of the device's {@link DeviceContext#completionVectors()} signals its events
     */
    @SuppressWarnings("this-escape") // context and channel hand it on only with an event of the queue, which nobody can have asked for yet
    protected CompletionQueue(DeviceContext context, int entries, CompletionChannel channel, int vector) {
        super(channel == null ? new VerbsObject[] {context} : new VerbsObject[] {context, channel});
        this.context = context;
        this.channel = channel;
        String call = "ibv_create_cq(cqe=%d, channel=%s, comp_vector=%d)".formatted(entries, channel, vector);
        if (entries < 1 || vector < 0 || vector >= context.completionVectors()) {
            abandon();
            throw new IllegalArgumentException("%s: entries must be at least 1, the vector from 0 to %d".formatted(call,
                    context.completionVectors() - 1));
        }
        MemorySegment cq = Ibverbs.createCq(context.pointer(), entries, channel == null ? MemorySegment.NULL : channel.pointer(),
                vector);
        if (cq.equals(MemorySegment.NULL)) {
            int errno = NativeCall.errno();
            abandon();
            throw new VerbsException(call, errno, "the device has max_cqe=" + context.attributes().maxCqe());
        }
        pointer = ibv_cq.reinterpret(cq, Arena.global(), null);
        address = pointer.address();
        pollFunction = ibv_context_ops.poll_cq(context.ops());
        critical = DeviceCalls.mayBeCritical(pollFunction);
        notifyFunction = ibv_context_ops.req_notify_cq(context.ops());
        enroll();
    }

    private void enroll() {
        context.enroll(pointer.address(), this);
        if (channel != null) {
            channel.enroll(pointer.address(), this);
        }
    }

    MemorySegment pointer() {
        return pointer;
    }

    /**
     * The device that the queue belongs to.
     *
     * @return the context that made it
     */
    public final DeviceContext context() {
        return context;
    }

    /**
     * How many completions it can hold.
     *
     * @return at least as many as were asked for
     */
    public int entries() {
        return ibv_cq.cqe(pointer);
    }

    /**
     * Takes completions off the queue, oldest first. Never waits, allocates nothing.
     *
     * @param into the list that they go to; what it had is gone
     * @return how many there were, 0 to the list's capacity
     * @throws VerbsException if the queue is in error
     * @throws IllegalStateException if the queue is closed
     */
    public final int poll(WorkCompletions into) {
        if (!gate.enter()) {
            throw closedException();
        }
        try {
            into.clear();
            return pollInside(into);
        } finally {
            gate.exit();
        }
    }

    /**
     * What {@link #poll} does within the gate: a layer on top of the queue puts its own work here.
     *
     * @param into an empty list
     * @return its new size
     */
    protected int pollInside(WorkCompletions into) {
        return pollDevice(into);
    }

    /**
     * Polls the device's queue. Only within the gate, or with the gate seized.
     *
     * @param into the list that the completions go to; what it had is gone
     * @return its new size
     */
    protected final int pollDevice(WorkCompletions into) {
        int count = DeviceCalls.poll(critical, pollFunction, address, into.capacity(), into.address());
        Reference.reachabilityFence(into);
        if (count < 0) {
            throw new VerbsException("ibv_poll_cq(%s, num_entries=%d)".formatted(this, into.capacity()), -count);
        }
        into.setSize(count);
        return count;
    }

    /**
     * Keeps the polling thread out until {@link #releaseGate()}; see {@link #pollDevice}.
     */
    protected final void seizeGate() {
        gate.seize();
    }

    /** Makes the queue report on its completion channel, if it has one: for completions that no device made. */
    protected final void report() {
        if (channel != null) {
            channel.report(this);
        }
    }

    /** Lets the polling thread in again. */
    protected final void releaseGate() {
        gate.release();
    }

    /**
     * Asks for one event on the completion channel when the next completion arrives. Poll once more after asking: what arrived before
     * makes no event.
     *
     * @param solicitedOnly whether only receives of {@link SendWorkRequests#solicited} messages, and errors, are to make the event
     * @throws VerbsException if the device refuses
     * @throws IllegalStateException if the queue is closed or has no channel
     */
    public final void requestNotification(boolean solicitedOnly) {
        if (channel == null) {
            throw new IllegalStateException(this + " has no completion channel: create it with one");
        }
        gate.seize();
        try {
            checkOpen();
            int errno = ibv_context_ops.req_notify_cq.invoke(notifyFunction, pointer, solicitedOnly ? 1 : 0);
            if (errno != 0) {
                throw new VerbsException("ibv_req_notify_cq(%s, solicited_only=%b)".formatted(this, solicitedOnly), Math.abs(errno));
            }
        } finally {
            gate.release();
        }
    }

    @Override
    final int destroy() {
        gate.seize();
        try {
            // No more events find it; those that were found are acknowledged, or destroying would wait for that for ever.
            context.withdraw(pointer.address());
            if (channel != null) {
                channel.withdraw(pointer.address());
            }
            int errno = LibIbverbs.ibv_destroy_cq(pointer);
            if (errno == 0) {
                gate.close();
            } else {
                enroll();
            }
            return errno;
        } finally {
            gate.release();
        }
    }

    @Override
    final String destroyCall() {
        return "ibv_destroy_cq(%s)".formatted(this);
    }

    @Override
    public String toString() {
        return pointer == null ? "completion queue" : "completion queue %d of %s".formatted(ibv_cq.handle(pointer),
                context.device().name());
    }
}
