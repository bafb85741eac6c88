package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_async_event;
import dev.daxverbs.bindings.ibverbs.ibv_context;
import dev.daxverbs.bindings.ibverbs.ibv_device_attr_ex;
import dev.daxverbs.bindings.ibverbs.ibv_gid_entry;
import dev.daxverbs.bindings.ibverbs.ibv_port_attr;
import dev.daxverbs.bindings.ibverbs.verbs_context;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An open device ({@code struct ibv_context}): what it can do, its ports and addresses, its events, and the objects that are
 * made with it.
 *
 * <p>Thread use: any thread may call anything at any time. {@link #close} waits for calls that other threads are in, and wakes
 * those that wait for an event. Every method but {@link #device} and {@link #completionVectors} throws
 * {@link IllegalStateException} once the context is closed.
 *
 * <p>Sources: ibv_open_device(3), ibv_query_device_ex(3), ibv_query_port(3), ibv_query_gid_ex(3), ibv_query_gid_table(3),
 * ibv_get_async_event(3).
 */
public final class DeviceContext extends VerbsObject {
    private static final int MAX_PORT = 0xff;

    private final Device device;
    private final MemorySegment pointer;
    private final MemorySegment ops;
    private final MemorySegment extended;
    private final int completionVectors;
    private final EventWaiter waiter;
    private final Map<Long, VerbsObject> enrolled = new ConcurrentHashMap<>();

    /**
     * Takes over a context that libibverbs has opened.
     *
     * @throws VerbsException if there is no descriptor left: the context remains the caller's then
     */
    @SuppressWarnings("this-escape") // the waiter keeps the reference, and uses it in methods that are called later
    DeviceContext(Device device, MemorySegment context) {
        this.device = device;
        pointer = context;
        ops = ibv_context.ops(context);
        extended = extended(context);
        completionVectors = ibv_context.num_comp_vectors(context);
        waiter = new EventWaiter(this, ibv_context.async_fd(context));
    }

    /** {@code verbs_get_ctx}: the context is the last field of an extended one, if its {@code abi_compat} says so. */
    private static MemorySegment extended(MemorySegment context) {
        if (!ibv_context.abi_compat(context).equals(LibIbverbs.__VERBS_ABI_IS_EXTENDED())) {
            return null;
        }
        long address = context.address() - verbs_context.context$offset();
        return verbs_context.reinterpret(MemorySegment.ofAddress(address), Arena.global(), null);
    }

    /** The {@code struct ibv_context}. Valid while the context has dependents, or within {@link EventWaiter#use}. */
    MemorySegment pointer() {
        return pointer;
    }

    /** The {@code struct ibv_context_ops} within {@link #pointer}. */
    MemorySegment ops() {
        return ops;
    }

    /**
     * The {@code struct verbs_context} around {@link #pointer}, or null. A library that is older than our header has a shorter one, so
     * its first fields lie outside: {@link #operation} is the way to its function pointers.
     */
    MemorySegment extended() {
        return extended;
    }

    /**
     * {@code verbs_get_ctx_op}: a function pointer of {@code struct verbs_context}. New ones are added at its start and {@code sz} is
     * its size in the library at hand, so a field is there if its distance from the end is within {@code sz}.
     *
     * @param fieldOffset offset of the field in our layout, for instance {@code verbs_context.query_port$offset()}
     * @return the pointer, or null if the library or the device's provider does not have the operation
     */
    MemorySegment operation(long fieldOffset) {
        if (extended == null || verbs_context.sz(extended) < verbs_context.sizeof() - fieldOffset) {
            return null;
        }
        MemorySegment function = extended.get(LibIbverbs.C_POINTER, fieldOffset);
        return function.equals(MemorySegment.NULL) ? null : function;
    }

    /**
     * The device that is open.
     *
     * @return what {@link Device#open} was called on, as it was found then
     */
    public Device device() {
        return device;
    }

    /**
     * How many completion vectors (interrupts) the completion queues of the device may spread over.
     *
     * @return at least 1; a vector is a number from 0 to one less
     */
    public int completionVectors() {
        return completionVectors;
    }

    /**
     * What the device can do and how much of it, on-demand paging included.
     *
     * @return what the device says now
     * @throws VerbsException with the errno of ibv_query_device_ex(3), for instance {@code EIO} if the device is gone
     */
    public DeviceAttributes attributes() {
        return waiter.use(() -> {
            MemorySegment attributes = ibv_device_attr_ex.allocate(Arena.ofAuto());
            int failed = Errno.EOPNOTSUPP;
            MemorySegment query = operation(verbs_context.query_device_ex$offset());
            if (query != null) {
                failed = Math.abs(verbs_context.query_device_ex.invoke(query, pointer, MemorySegment.NULL, attributes,
                        attributes.byteSize()));
            }
            if (failed == Errno.EOPNOTSUPP || failed == Errno.ENOSYS) { // an old provider: the basic attributes only
                attributes.fill((byte) 0);
                failed = Math.abs(LibIbverbs.ibv_query_device(pointer, ibv_device_attr_ex.orig_attr(attributes)));
            }
            check("ibv_query_device_ex(device=" + device.name() + ")", failed, "");
            return new DeviceAttributes(attributes);
        });
    }

    /**
     * State and limits of a port.
     *
     * @param portNumber from 1 to {@link DeviceAttributes#physPortCnt}
     * @return what the port is now
     * @throws IllegalArgumentException if the number is not within 0 to 255, which the call could not transport
     * @throws VerbsException {@code EINVAL} if the device has no such port; {@code EOPNOTSUPP} if libibverbs, or the device's
     *         provider library, is too old for the extended query
     */
    public PortAttributes port(int portNumber) {
        String call = "ibv_query_port(device=" + device.name() + ", port_num=" + portNumber + ")";
        checkPort(call, portNumber);
        return waiter.use(() -> {
            MemorySegment query = operation(verbs_context.query_port$offset());
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment attributes = ibv_port_attr.allocate(arena);
                if (query == null) {
                    throw new VerbsException(call, Errno.EOPNOTSUPP,
                            "libibverbs or the device's provider library is too old: update rdma-core");
                }
                check(call, Math.abs(verbs_context.query_port.invoke(query, pointer, (byte) portNumber, attributes,
                        attributes.byteSize())), "does the device have this port? They count from 1");
                return PortAttributes.read(attributes);
            }
        });
    }

    /**
     * One entry of a port's GID table.
     *
     * @param portNumber from 1 to {@link DeviceAttributes#physPortCnt}
     * @param index from 0 to one less than {@link PortAttributes#gidTableLength}
     * @return the entry
     * @throws IllegalArgumentException if the port number is not within 0 to 255, or the index is negative
     * @throws VerbsException {@code EINVAL} if the device has no such port, or its table no such index; {@code ENODATA} if the entry is
     *         empty
     */
    public GidEntry gid(int portNumber, int index) {
        String call = "ibv_query_gid_ex(device=" + device.name() + ", port_num=" + portNumber + ", gid_index=" + index + ")";
        checkPort(call, portNumber);
        if (index < 0) {
            throw new IllegalArgumentException(call + ": the index must not be negative");
        }
        return waiter.use(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment entry = ibv_gid_entry.allocate(arena);
                check(call, Math.abs(LibIbverbs._ibv_query_gid_ex(pointer, portNumber, index, entry, 0, entry.byteSize())),
                        "gids() lists the entries that there are");
                return GidEntry.read(device, entry);
            }
        });
    }

    /**
     * The entries of all ports' GID tables that are not empty.
     *
     * @return the entries, by port and index
     * @throws VerbsException with the errno of ibv_query_gid_table(3)
     */
    public List<GidEntry> gids() {
        int ports = attributes().physPortCnt();
        long capacity = 0;
        for (int port = 1; port <= ports; port++) {
            capacity += port(port).gidTableLength();
        }
        long maximum = capacity;
        return maximum == 0 ? List.of() : waiter.use(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment entries = ibv_gid_entry.allocateArray(maximum, arena);
                long count = Ibverbs.queryGidTable(pointer, entries, maximum, ibv_gid_entry.sizeof());
                check("ibv_query_gid_table(device=" + device.name() + ", max_entries=" + maximum + ")",
                        count < 0 ? (int) -count : 0, "");
                List<GidEntry> gids = new ArrayList<>();
                for (long i = 0; i < count; i++) {
                    gids.add(GidEntry.read(device, ibv_gid_entry.asSlice(entries, i)));
                }
                return List.copyOf(gids);
            }
        });
    }

    private static void checkPort(String call, int portNumber) {
        if (portNumber < 0 || portNumber > MAX_PORT) {
            throw new IllegalArgumentException(call + ": a port number is from 1 to " + MAX_PORT);
        }
    }

    private static void check(String call, int errno, String remedy) {
        if (errno != 0) {
            throw new VerbsException(call, errno, remedy);
        }
    }

    /**
     * Takes an asynchronous event, if there is one: does not wait. See {@link #awaitAsyncEvent}.
     *
     * @return the oldest event that nobody has taken
     * @throws VerbsException {@code EIO} if the device is gone
     */
    public Optional<AsyncEvent> pollAsyncEvent() {
        return waiter.use(this::takeAsyncEvent);
    }

    /**
     * Waits for an asynchronous event: something about a port, a queue or the device that is no work request's completion. Each event
     * is given once, to one of the threads that ask. It is acknowledged before this method returns, so the object that it is about can
     * be closed.
     *
     * <p>The wait occupies a platform thread; a virtual thread that waits occupies its carrier. An interruption is noticed within
     * 100 milliseconds.
     *
     * @param timeout how long to wait at most; zero looks without waiting
     * @return the oldest event that nobody has taken; empty after the timeout
     * @throws InterruptedException if the thread is interrupted
     * @throws IllegalArgumentException if the timeout is negative
     * @throws IllegalStateException if the context is closed, or another thread closes it during the wait
     * @throws VerbsException {@code EIO} if the device is gone
     */
    public Optional<AsyncEvent> awaitAsyncEvent(Duration timeout) throws InterruptedException {
        return waiter.await(timeout, this::takeAsyncEvent);
    }

    private Optional<AsyncEvent> takeAsyncEvent() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = ibv_async_event.allocate(arena);
            if (Ibverbs.getAsyncEvent(pointer, event) != 0) {
                int errno = NativeCall.errno();
                if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
                    return Optional.empty();
                }
                throw new VerbsException("ibv_get_async_event(device=" + device.name() + ")", errno);
            }
            AsyncEvent taken = AsyncEvent.read(event, enrolled::get);
            LibIbverbs.ibv_ack_async_event(event); // from here on the object may be destroyed, and its address used again
            return Optional.of(taken);
        }
    }

    /** Makes an object known as the one that events with this address are about. */
    void enroll(long address, VerbsObject object) {
        enrolled.put(address, object);
    }

    /** Takes back {@link #enroll}; before the object is destroyed, as its address may be used again after that. */
    void withdraw(long address) {
        enrolled.remove(address);
    }

    /**
     * Makes a protection domain.
     *
     * @return the domain, open
     * @throws VerbsException {@code ENOMEM} if the device has no more of them
     * @throws IllegalStateException if the context is closed
     */
    public ProtectionDomain allocateProtectionDomain() {
        return new ProtectionDomain(this);
    }

    /**
     * Makes a completion channel, through which completion queues report that they have something.
     *
     * @return the channel, open
     * @throws VerbsException {@code EMFILE} if the process has no descriptor left
     * @throws IllegalStateException if the context is closed
     */
    public CompletionChannel createCompletionChannel() {
        return new CompletionChannel(this);
    }

    /**
     * Makes a completion queue that is polled only.
     *
     * @param entries how many completions it holds at least
     * @return the queue, open
     * @throws VerbsException {@code EINVAL} if the device has no queues so long, see {@link DeviceAttributes#maxCqe}
     * @throws IllegalArgumentException if {@code entries} is not positive
     * @throws IllegalStateException if the context is closed
     */
    public CompletionQueue createCompletionQueue(int entries) {
        return new CompletionQueue(this, entries, null, 0);
    }

    /**
     * Makes a completion queue that can report through a channel that it has something.
     *
     * @param entries how many completions it holds at least
     * @param channel a channel of this context
     * @param vector a number below {@link #completionVectors}: which interrupt reports it
     * @return the queue, open
     * @throws VerbsException {@code EINVAL} if the device has no queues so long, see {@link DeviceAttributes#maxCqe}
     * @throws IllegalArgumentException if {@code entries} is not positive, there is no such vector, or the channel is of another context
     * @throws IllegalStateException if the context or the channel is closed
     */
    public CompletionQueue createCompletionQueue(int entries, CompletionChannel channel, int vector) {
        if (channel.context() != this) {
            throw new IllegalArgumentException("channel=" + channel + ": make the channel with the same context as the queue, " + this);
        }
        return new CompletionQueue(this, entries, channel, vector);
    }

    @Override
    int destroy() {
        waiter.shut();
        if (Ibverbs.closeDevice(pointer) != 0) {
            int errno = NativeCall.errno();
            waiter.reopen();
            return errno;
        }
        waiter.dispose();
        return 0;
    }

    @Override
    String destroyCall() {
        return "ibv_close_device(device=" + device.name() + ")";
    }

    @Override
    public String toString() {
        return "context of " + device.name();
    }
}
