package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_context_ops;
import dev.daxverbs.bindings.ibverbs.ibv_qp;
import dev.daxverbs.bindings.ibverbs.ibv_qp_init_attr;
import dev.daxverbs.internal.DeviceCalls;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Gate;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.NativeCall;
import dev.daxverbs.internal.RawMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A reliable-connection queue pair ({@code struct ibv_qp} of type {@code IBV_QPT_RC}).
 *
 * <p>Thread use: one thread at a time posts send work requests, one at a time posts receives; they may be two. Any thread may modify,
 * query and close. Closing waits for a post that is under way; a later one gets an {@link IllegalStateException}.
 * Posting allocates nothing.
 * Sources: ibv_create_qp(3), ibv_modify_qp(3), ibv_post_send(3), ibv_post_recv(3).
 */
public class QueuePair extends VerbsObject {
    private static final int QUERY_ALL = LibIbverbs.IBV_QP_STATE() | LibIbverbs.IBV_QP_CUR_STATE() | LibIbverbs.IBV_QP_ACCESS_FLAGS()
            | LibIbverbs.IBV_QP_PKEY_INDEX() | LibIbverbs.IBV_QP_PORT() | LibIbverbs.IBV_QP_AV() | LibIbverbs.IBV_QP_PATH_MTU()
            | LibIbverbs.IBV_QP_TIMEOUT() | LibIbverbs.IBV_QP_RETRY_CNT() | LibIbverbs.IBV_QP_RNR_RETRY()
            | LibIbverbs.IBV_QP_RQ_PSN() | LibIbverbs.IBV_QP_MAX_QP_RD_ATOMIC() | LibIbverbs.IBV_QP_MIN_RNR_TIMER()
            | LibIbverbs.IBV_QP_SQ_PSN() | LibIbverbs.IBV_QP_MAX_DEST_RD_ATOMIC() | LibIbverbs.IBV_QP_CAP()
            | LibIbverbs.IBV_QP_DEST_QPN();

    /** More than the one after the first that rxe was ever seen to need. */
    private static final int MOST_RESETS = 10;

    private final ProtectionDomain domain;
    private final QueuePairOptions options;
    private final QueuePairCapabilities capabilities;
    private final int number;
    private final int packetSequenceNumber = ThreadLocalRandom.current().nextInt(QueuePairAddress.MAX_24_BITS + 1);
    private final MemorySegment pointer;
    private final long pointerAddress; // of the queue pair
    private final MemorySegment postSendFunction;
    private final MemorySegment postReceiveFunction;
    private final boolean sendsCritically;
    private final boolean receivesCritically;
    private final MemorySegment badSend = Arena.ofAuto().allocate(ValueLayout.ADDRESS); // used within sendGate
    private final MemorySegment badReceive = Arena.ofAuto().allocate(ValueLayout.ADDRESS); // used within receiveGate
    private final Gate sendGate = new Gate();
    private final Gate receiveGate = new Gate();
    /** What the last modification made it. A device's own move to ERR is not seen here, and need not be: posting is legal in ERR. */
    private volatile QueuePairState state = QueuePairState.RESET;
    private volatile Mtu pathMtu;

    /**
     * Makes a queue pair, in state RESET.
     *
     * @param domain its protection domain
     * @param options its completion queues and capacities
     */
    protected QueuePair(ProtectionDomain domain, QueuePairOptions options) {
        this(domain, options, 0);
    }

    /**
     * Makes a queue pair with places in its send queue that its capabilities do not tell of, in state RESET.
     *
     * @param domain its protection domain
     * @param options its completion queues and capacities
     * @param spareSends how many more send requests the device is asked for
     */
    @SuppressWarnings("this-escape") // the context hands it on only with an event of the queue pair
    protected QueuePair(ProtectionDomain domain, QueuePairOptions options, int spareSends) {
        super(domain, options.sendQueue(), options.receiveQueue());
        this.domain = domain;
        this.options = options;
        checkContext(options.sendQueue());
        checkContext(options.receiveQueue());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = ibv_qp_init_attr.allocate(arena);
            ibv_qp_init_attr.send_cq(attributes, options.sendQueue().pointer());
            ibv_qp_init_attr.recv_cq(attributes, options.receiveQueue().pointer());
            ibv_qp_init_attr.qp_type(attributes, LibIbverbs.IBV_QPT_RC());
            ibv_qp_init_attr.sq_sig_all(attributes, options.allSignaled() ? 1 : 0);
            QueuePairCapabilities asked = options.capabilities();
            new QueuePairCapabilities(asked.maxSendRequests() + spareSends, asked.maxReceiveRequests(), asked.maxSendElements(),
                    asked.maxReceiveElements(), asked.maxInlineBytes()).write(ibv_qp_init_attr.cap(attributes));
            MemorySegment qp = Ibverbs.createQp(domain.pointer(), attributes);
            if (qp.equals(MemorySegment.NULL)) {
                int errno = NativeCall.errno();
                abandon();
                DeviceAttributes device = domain.context().attributes();
                throw new VerbsException("ibv_create_qp(%s, qp_type=RC, %s)".formatted(domain, options.capabilities()), errno,
                        "the device has max_qp=%d, max_qp_wr=%d, max_sge=%d".formatted(device.maxQp(), device.maxQpWr(), device.maxSge()));
            }
            pointer = ibv_qp.reinterpret(qp, Arena.global(), null);
            capabilities = QueuePairCapabilities.read(ibv_qp_init_attr.cap(attributes));
        }
        number = ibv_qp.qp_num(pointer);
        postSendFunction = ibv_context_ops.post_send(domain.context().ops());
        postReceiveFunction = ibv_context_ops.post_recv(domain.context().ops());
        pointerAddress = pointer.address();
        sendsCritically = DeviceCalls.mayBeCritical(postSendFunction);
        receivesCritically = DeviceCalls.mayBeCritical(postReceiveFunction);
        enroll();
    }

    /** The kernel knows queues by numbers that each context counts for itself: it would take another queue of that number. */
    private void checkContext(CompletionQueue queue) {
        if (queue.context() != domain.context()) {
            abandon();
            throw new IllegalArgumentException("queue=%s, domain=%s: make both with one context".formatted(queue, domain));
        }
    }

    private void enroll() {
        domain.context().enroll(pointer.address(), this);
    }

    /**
     * The protection domain.
     *
     * @return the domain that made it
     */
    public final ProtectionDomain domain() {
        return domain;
    }

    /**
     * What it was made of.
     *
     * @return the options
     */
    public final QueuePairOptions options() {
        return options;
    }

    /**
     * The capacities that the device granted.
     *
     * @return at least those asked for
     */
    public QueuePairCapabilities capabilities() {
        return capabilities;
    }

    /**
     * The number by which peers know it.
     *
     * @return 24 bits
     */
    public final int number() {
        return number;
    }

    /**
     * The state that the last modification gave it. A queue pair that an error has stopped is in ERR, which {@link #query()} tells.
     *
     * @return the state
     */
    public final QueuePairState state() {
        return state;
    }

    /**
     * The largest packet of its path.
     *
     * @return the MTU, or null before it was connected
     */
    protected final Mtu pathMtu() {
        return pathMtu;
    }

    /**
     * What a peer must know to connect to this queue pair, with the default options.
     *
     * @return the address of port 1
     * @throws VerbsException if the port has no GID
     */
    public final QueuePairAddress address() {
        return address(new ConnectOptions());
    }

    /**
     * What a peer must know to connect to this queue pair.
     *
     * @param connect the options that {@link #connect(QueuePairAddress, ConnectOptions)} will be given here: port and GID index count
     * @return the address
     * @throws VerbsException if the port has no GID, or does not exist
     */
    public final QueuePairAddress address(ConnectOptions connect) {
        GidEntry source = sourceGid(connect);
        return new QueuePairAddress(source.gid(), domain.context().port(connect.port()).lid(), number, packetSequenceNumber);
    }

    private GidEntry sourceGid(ConnectOptions connect) {
        DeviceContext context = domain.context();
        if (connect.gidIndex().isPresent()) {
            return context.gid(connect.port(), connect.gidIndex().getAsInt());
        }
        return context.gids().stream().filter(entry -> entry.port() == connect.port())
                .min(Comparator.comparingInt(QueuePair::rank).thenComparingInt(GidEntry::index))
                .orElseThrow(() -> new VerbsException("ibv_query_gid_table(%s, port_num=%d)".formatted(context, connect.port()),
                        Errno.ENODATA, "the port has no GID: give its network device an IP address, or name a port that exists"));
    }

    private static int rank(GidEntry entry) {
        return switch (entry.type()) {
            case ROCE_V2 -> entry.gid().isIpv4Mapped() ? 0 : 1;
            case ROCE_V1 -> 2;
            default -> 3;
        };
    }

    /**
     * Connects to a peer with the default options: {@link #connect(QueuePairAddress, ConnectOptions)}.
     *
     * @param peer the peer's address
     */
    public final void connect(QueuePairAddress peer) {
        connect(peer, new ConnectOptions());
    }

    /**
     * Takes the queue pair from RESET to RTS, connected to a peer, which must do likewise.
     *
     * @param peer the peer's {@link #address(ConnectOptions)}
     * @param connect the attributes
     * @throws VerbsException if the device refuses a transition: {@code EINVAL} for an attribute out of range (a path MTU above the
     *         port's, for instance) or a queue pair not in RESET, {@code ENETUNREACH} or {@code EHOSTUNREACH} for a peer that has no route
     */
    public final void connect(QueuePairAddress peer, ConnectOptions connect) {
        DeviceContext context = domain.context();
        DeviceAttributes device = context.attributes();
        Mtu mtu = connect.pathMtu().orElseGet(() -> context.port(connect.port()).activeMtu());
        if (state == QueuePairState.RESET) {
            modify(connect.toInit());
        }
        modify(connect.toReadyToReceive(peer, sourceGid(connect).index(), mtu, device.maxQpRdAtom()));
        modify(connect.toReadyToSend(packetSequenceNumber, device.maxQpInitRdAtom()));
    }

    /**
     * Moves a queue pair from RESET to INIT, where receives can be posted, before the peer is known.
     * {@link #connect(QueuePairAddress, ConnectOptions)} with the same options goes on from there.
     *
     * @param connect the attributes
     */
    public final void initialize(ConnectOptions connect) {
        modify(connect.toInit());
    }

    /**
     * Changes attributes ({@code ibv_modify_qp}).
     *
     * @param attributes those that were set are changed
     * @throws VerbsException {@code EINVAL} if the transition does not exist, lacks an attribute or has one out of range; {@code EBUSY} as
     *         {@link #toReset}
     * @throws IllegalStateException if the queue pair is closed
     */
    public final void modify(QueuePairAttributes attributes) {
        boolean resets = attributes.setsState() && attributes.state() == QueuePairState.RESET;
        seizeGates(resets);
        try {
            checkOpen();
            modifyHeld(attributes);
            if (resets) {
                insistOnReset(attributes);
            }
            if (attributes.setsState()) {
                state = attributes.state();
            }
            if ((attributes.mask() & LibIbverbs.IBV_QP_PATH_MTU()) != 0) {
                pathMtu = attributes.pathMtu();
            }
            modified(attributes);
        } finally {
            releaseGates();
        }
    }

    private void modifyHeld(QueuePairAttributes attributes) {
        int errno = LibIbverbs.ibv_modify_qp(pointer, attributes.pointer(), attributes.mask());
        if (errno != 0) {
            throw new VerbsException("ibv_modify_qp(%s in state %s, %s)".formatted(this, state, attributes), Math.abs(errno));
        }
    }

    /**
     * Resets again what an error has stopped in the middle of its reset: rxe sets RESET before it waits for its tasks, and one that has just
     * met an error sets ERR after that, so the next transition would fail with {@code EINVAL}. When the call returns, no task is left that could.
     */
    private void insistOnReset(QueuePairAttributes attributes) {
        for (int i = 1; queryHeld().state() != QueuePairState.RESET; i++) {
            if (i == MOST_RESETS) {
                throw new VerbsException("ibv_modify_qp(%s, %s)".formatted(this, attributes), Errno.EBUSY,
                        "the device has it in another state after %d resets: close it and create another".formatted(i));
            }
            modifyHeld(attributes);
        }
    }

    /**
     * Called within the gates after attributes were changed.
     *
     * @param attributes what was changed
     */
    protected void modified(QueuePairAttributes attributes) {
        // for layers on top
    }

    /** Moves the queue pair to ERR: what is or will be posted completes with {@code WR_FLUSH_ERR}. */
    public final void toError() {
        modify(new QueuePairAttributes().state(QueuePairState.ERR));
    }

    /**
     * Moves the queue pair to RESET, from any state: what was posted is gone, without completions, and it can be connected again.
     *
     * @throws VerbsException {@code EBUSY} if the device does not have it in RESET after several calls
     */
    public final void toReset() {
        modify(new QueuePairAttributes().state(QueuePairState.RESET));
    }

    /**
     * Asks the device for the attributes ({@code ibv_query_qp}).
     *
     * @return a snapshot
     * @throws VerbsException if the device refuses
     * @throws IllegalStateException if the queue pair is closed
     */
    public final QueuePairAttributes query() {
        seizeGates(false);
        try {
            checkOpen();
            return queryHeld();
        } finally {
            releaseGates();
        }
    }

    private QueuePairAttributes queryHeld() {
        QueuePairAttributes attributes = new QueuePairAttributes();
        try (Arena arena = Arena.ofConfined()) {
            int errno = LibIbverbs.ibv_query_qp(pointer, attributes.pointer(), QUERY_ALL, ibv_qp_init_attr.allocate(arena));
            if (errno != 0) {
                throw new VerbsException("ibv_query_qp(%s)".formatted(this), Math.abs(errno));
            }
            return attributes;
        }
    }

    /**
     * Posts a list of send work requests with one doorbell.
     *
     * @param requests the list; it may be refilled when this returns
     * @return how many were posted, from the first: fewer than the list has means that the send queue is full, so poll and post the rest
     *         with {@link #postSend(SendWorkRequests, int)}
     * @throws IllegalArgumentException if a request has more elements or inline data than the queue pair can take
     * @throws IllegalStateException if the queue pair is closed, or a request is incomplete
     * @throws PostException {@code EINVAL} if the queue pair is not ready to send, or the device refuses a request
     */
    public final int postSend(SendWorkRequests requests) {
        return postSend(requests, 0);
    }

    /**
     * Posts the rest of a list of send work requests.
     *
     * @param requests the list
     * @param from the first request to post
     * @return how many were posted, from that one; see {@link #postSend(SendWorkRequests)}
     */
    public final int postSend(SendWorkRequests requests, int from) {
        if (from < 0 || from > requests.size()) {
            throw new IndexOutOfBoundsException("from=%d of a list of size=%d".formatted(from, requests.size()));
        }
        if (from == requests.size()) {
            return 0;
        }
        requests.check(capabilities);
        if (!sendGate.enter()) {
            throw closedException();
        }
        try {
            if (state.compareTo(QueuePairState.RTS) < 0) {
                throw notReady("ibv_post_send", "connect it first");
            }
            return postSendInside(requests, from);
        } finally {
            sendGate.exit();
        }
    }

    /**
     * What {@link #postSend(SendWorkRequests, int)} does within the gate: a layer on top of the queue pair puts its own work here.
     *
     * @param requests the list
     * @param from the first request to post
     * @return how many were posted
     */
    protected int postSendInside(SendWorkRequests requests, int from) {
        if (requests.hasMovingKeys()) {
            throw new IllegalArgumentException(this + ": the list names memory over a file, whose keys change with each lease break:"
                    + " post it on a queue pair of a RegionDomain");
        }
        requests.undisguise();
        return postSendToDevice(requests, from, requests.size());
    }

    /**
     * Hands send work requests to the device. Only within the gate, or with the gates seized, or where a layer on top sees to it
     * that nobody posts within the gate, and keeps its threads out when {@link #exclude} says so.
     *
     * @param requests the list
     * @param from the first request to post
     * @param to the end of those to post, exclusive
     * @return how many the device took; fewer than {@code to - from} means that the send queue is full
     */
    protected final int postSendToDevice(SendWorkRequests requests, int from, int to) {
        long first = requests.requestAddress(from);
        requests.endAfter(to);
        RawMemory.putLong(badSend.address(), first); // a provider whose doorbell fails sets nothing, or null
        int errno = DeviceCalls.post(sendsCritically, postSendFunction, pointerAddress, first, badSend.address(), to - from);
        Reference.reachabilityFence(requests);
        Reference.reachabilityFence(badSend);
        if (errno == 0) {
            return to - from;
        }
        long badRequest = badSend.get(ValueLayout.JAVA_LONG, 0);
        int posted = badRequest == 0 ? 0 : requests.indexOf(badRequest) - from;
        if (Math.abs(errno) == Errno.ENOMEM) {
            return posted;
        }
        int bad = from + posted;
        throw new PostException("ibv_post_send(%s in state %s, request %d: wr_id=%d, opcode=%s, num_sge=%d)".formatted(this, state, bad,
                requests.wrId(bad), requests.opcode(bad), requests.elementCount(bad)), Math.abs(errno), posted, "the device refuses it");
    }

    /**
     * Posts a list of receives with one doorbell.
     *
     * @param requests the list; it may be refilled when this returns
     * @return how many were posted, from the first: fewer than the list has means that the receive queue is full ({@code ENOMEM})
     * @throws IllegalArgumentException if a request has more elements than the queue pair can take
     * @throws IllegalStateException if the queue pair is closed
     * @throws PostException {@code EINVAL} if the queue pair is in RESET, or the device refuses a request
     */
    public final int postReceive(ReceiveWorkRequests requests) {
        return postReceive(requests, 0);
    }

    /**
     * Posts the rest of a list of receives.
     *
     * @param requests the list
     * @param from the first request to post
     * @return how many were posted, from that one; see {@link #postReceive(ReceiveWorkRequests)}
     */
    public final int postReceive(ReceiveWorkRequests requests, int from) {
        if (from < 0 || from > requests.size()) {
            throw new IndexOutOfBoundsException("from=%d of a list of size=%d".formatted(from, requests.size()));
        }
        if (from == requests.size()) {
            return 0;
        }
        requests.check(capabilities);
        if (!receiveGate.enter()) {
            throw closedException();
        }
        try {
            if (state == QueuePairState.RESET) {
                throw notReady("ibv_post_recv", "initialize or connect it first");
            }
            return postReceiveInside(requests, from);
        } finally {
            receiveGate.exit();
        }
    }

    /**
     * What {@link #postReceive(ReceiveWorkRequests, int)} does within the gate: a layer on top puts its own work here.
     *
     * @param requests the list
     * @param from the first request to post
     * @return how many were posted
     */
    protected int postReceiveInside(ReceiveWorkRequests requests, int from) {
        if (requests.hasMovingKeys()) {
            throw new IllegalArgumentException(this + ": the list names memory over a file, whose registration may end while a receive waits:"
                    + " post it on a queue pair of a RegionDomain, or receive to anonymous memory");
        }
        return postReceiveToDevice(requests, from, requests.size());
    }

    /**
     * Hands receives to the device. Only within the gate.
     *
     * @param requests the list
     * @param from the first request to post
     * @param to the end of those to post, exclusive
     * @return how many the device took; fewer than {@code to - from} means that the receive queue is full
     */
    protected final int postReceiveToDevice(ReceiveWorkRequests requests, int from, int to) {
        long first = requests.requestAddress(from);
        requests.endAfter(to);
        RawMemory.putLong(badReceive.address(), first);
        int errno = DeviceCalls.post(receivesCritically, postReceiveFunction, pointerAddress, first, badReceive.address(), to - from);
        Reference.reachabilityFence(requests);
        Reference.reachabilityFence(badReceive);
        if (errno == 0) {
            return to - from;
        }
        long badRequest = badReceive.get(ValueLayout.JAVA_LONG, 0);
        int posted = badRequest == 0 ? 0 : requests.indexOf(badRequest) - from;
        if (Math.abs(errno) == Errno.ENOMEM) {
            return posted;
        }
        int bad = from + posted;
        throw new PostException("ibv_post_recv(%s in state %s, request %d: wr_id=%d)".formatted(this, state, bad, requests.wrId(bad)),
                Math.abs(errno), posted, "the device refuses it");
    }

    private PostException notReady(String call, String remedy) {
        return new PostException("%s(%s in state %s)".formatted(call, this, state), Errno.EINVAL, 0, remedy);
    }

    /** Keeps the thread that posts send work requests out until {@link #releaseSendGate()}. */
    protected final void seizeSendGate() {
        sendGate.seize();
    }

    /** Lets the thread that posts send work requests in again. */
    protected final void releaseSendGate() {
        sendGate.release();
    }

    /**
     * Keeps the threads that post send work requests on any number of queue pairs out, at the price of one; each is let in again
     * with {@link #releaseSendGate()}.
     *
     * @param queuePairs the queue pairs
     */
    protected static void seizeSendGates(Collection<? extends QueuePair> queuePairs) {
        List<Gate> gates = new ArrayList<>(queuePairs.size());
        for (QueuePair queuePair : queuePairs) {
            gates.add(queuePair.sendGate);
        }
        Gate.seizeAll(gates);
    }

    private void seizeGates(boolean forgetting) {
        Gate.seizeAll(List.of(sendGate, receiveGate));
        exclude(forgetting);
    }

    private void releaseGates() {
        readmit();
        receiveGate.release();
        sendGate.release();
    }

    /**
     * Called when the gates are seized and before attributes change or the queue pair goes: a layer on top that posts by threads
     * of its own keeps them out, until {@link #readmit()}.
     *
     * @param forgetting whether what was posted will be forgotten: on the way to RESET, or at the end
     */
    protected void exclude(boolean forgetting) {
        // for layers on top
    }

    /** Takes {@link #exclude} back; called by the same thread. */
    protected void readmit() {
        // for layers on top
    }

    /** Called with the gates seized, when the queue pair has been destroyed. */
    protected void closed() {
        // for layers on top
    }

    @Override
    final int destroy() {
        seizeGates(true);
        try {
            domain.context().withdraw(pointer.address());
            int errno = LibIbverbs.ibv_destroy_qp(pointer);
            if (errno == 0) {
                sendGate.close();
                receiveGate.close();
                closed();
            } else {
                enroll();
            }
            return errno;
        } finally {
            releaseGates();
        }
    }

    @Override
    final String destroyCall() {
        return "ibv_destroy_qp(%s)".formatted(this);
    }

    @Override
    public String toString() {
        return pointer == null ? "queue pair" : "queue pair %d of %s".formatted(number, domain.context().device().name());
    }
}
