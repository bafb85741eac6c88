package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_comp_channel;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where completion queues report that they have something, so that a thread can sleep instead of polling
 * ({@code struct ibv_comp_channel}; ibv_create_comp_channel(3), ibv_get_cq_event(3)).
 *
 * <p>A queue reports once, after it was asked to ({@link CompletionQueue#requestNotification}). So: wait, ask again, and then poll
 * until the queue is empty; asking after the polling would miss what arrives in between.
 *
 * <p>Thread use: any thread may call anything at any time. {@link #close} wakes the threads that wait, and refuses while completion
 * queues use the channel.
 */
public final class CompletionChannel extends VerbsObject {
    private final DeviceContext context;
    private final MemorySegment pointer;
    private final int fd;
    private final EventWaiter waiter;
    private final Map<Long, CompletionQueue> enrolled = new ConcurrentHashMap<>();
    private final Set<CompletionQueue> reports = ConcurrentHashMap.newKeySet(); // of queues that got a completion that no device made

    @SuppressWarnings("this-escape") // the waiter keeps the reference, and uses it in methods that are called later
    CompletionChannel(DeviceContext context) {
        super(context);
        this.context = context;
        MemorySegment channel = Ibverbs.createCompChannel(context.pointer());
        if (channel.equals(MemorySegment.NULL)) {
            int errno = NativeCall.errno();
            abandon();
            throw new VerbsException("ibv_create_comp_channel(device=" + context.device().name() + ")", errno);
        }
        pointer = ibv_comp_channel.reinterpret(channel, Arena.global(), null);
        fd = ibv_comp_channel.fd(pointer);
        try {
            waiter = new EventWaiter(this, fd);
        } catch (VerbsException e) {
            LibIbverbs.ibv_destroy_comp_channel(pointer);
            abandon();
            throw e;
        }
    }

    /** The {@code struct ibv_comp_channel}. Valid while the channel has dependents. */
    MemorySegment pointer() {
        return pointer;
    }

    /**
     * The device that the channel belongs to.
     *
     * @return the context that made it
     */
    public DeviceContext context() {
        return context;
    }

    /**
     * Waits until a completion queue reports. Each report is given once, to one of the threads that wait. It is acknowledged before
     * this method returns, so the queue can be closed.
     *
     * <p>The wait occupies a platform thread; a virtual thread that waits occupies its carrier. An interruption is noticed within
     * 100 milliseconds.
     *
     * @param timeout how long to wait at most; zero looks without waiting
     * @return the queue that reported; empty after the timeout
     * @throws InterruptedException if the thread is interrupted
     * @throws IllegalArgumentException if the timeout is negative
     * @throws IllegalStateException if the channel is closed, or another thread closes it during the wait
     * @throws VerbsException {@code EIO} if the device is gone
     */
    public Optional<CompletionQueue> await(Duration timeout) throws InterruptedException {
        return waiter.await(timeout, this::take);
    }

    /** Takes one report; empty if there is none, or if it is of a queue that is being closed. */
    private Optional<CompletionQueue> take() {
        for (CompletionQueue queue : reports) {
            if (reports.remove(queue)) {
                if (!reports.isEmpty()) {
                    waiter.nudge(); // for another thread: it may have been woken, and gone back to sleep as we were faster
                }
                return Optional.of(queue);
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment queueOut = arena.allocate(LibIbverbs.C_POINTER);
            MemorySegment userOut = arena.allocate(LibIbverbs.C_POINTER);
            if (Ibverbs.getCqEvent(pointer, queueOut, userOut) != 0) {
                int errno = NativeCall.errno();
                if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
                    return Optional.empty();
                }
                throw new VerbsException("ibv_get_cq_event(" + this + ")", errno);
            }
            MemorySegment reporting = queueOut.get(LibIbverbs.C_POINTER, 0);
            CompletionQueue queue = enrolled.get(reporting.address());
            LibIbverbs.ibv_ack_cq_events(reporting, 1); // from here on the queue may be destroyed, and its address used again
            return Optional.ofNullable(queue);
        }
    }

    /** Makes a queue known as the one that reports with this address. */
    void enroll(long address, CompletionQueue queue) {
        enrolled.put(address, queue);
    }

    /** Makes a queue report that no device makes report. */
    void report(CompletionQueue queue) {
        if (reports.add(queue)) {
            waiter.nudge();
        }
    }

    /** Takes back {@link #enroll}; before the queue is destroyed, as its address may be used again after that. */
    void withdraw(long address) {
        CompletionQueue queue = enrolled.remove(address);
        if (queue != null) {
            reports.remove(queue);
        }
    }

    @Override
    int destroy() {
        waiter.shut();
        int errno = LibIbverbs.ibv_destroy_comp_channel(pointer);
        if (errno != 0) {
            waiter.reopen();
            return Math.abs(errno);
        }
        waiter.dispose();
        return 0;
    }

    @Override
    String destroyCall() {
        return "ibv_destroy_comp_channel(" + this + ")";
    }

    @Override
    public String toString() {
        return "completion channel " + fd + " of " + context.device().name();
    }
}
