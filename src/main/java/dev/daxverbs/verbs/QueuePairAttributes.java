package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_ah_attr;
import dev.daxverbs.bindings.ibverbs.ibv_global_route;
import dev.daxverbs.bindings.ibverbs.ibv_qp_attr;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * Attributes of a queue pair ({@code struct ibv_qp_attr}), to change some of them or as a query gave them.
 *
 * <p>A setter also notes that its attribute is to be changed, so nobody deals with field masks. Which attributes a transition
 * needs or allows is a table of ibv_modify_qp(3).
 *
 * <p>Thread use: one thread at a time.
 */
public final class QueuePairAttributes {
    private static final int MAX_HOPS = 255;

    private final MemorySegment attributes = ibv_qp_attr.allocate(Arena.ofAuto());
    private int mask;

    /** Attributes of which none is set. */
    public QueuePairAttributes() {
        // all zero, as allocated
    }

    MemorySegment pointer() {
        return attributes;
    }

    int mask() {
        return mask;
    }

    /**
     * Whether the state is to be changed.
     *
     * @return true after {@link #state(QueuePairState)}
     */
    boolean setsState() {
        return (mask & LibIbverbs.IBV_QP_STATE()) != 0;
    }

    private QueuePairAttributes changed(int field) {
        mask |= field;
        return this;
    }

    private static int checked(String name, int value, int maximum) {
        if (value < 0 || value > maximum) {
            throw new IllegalArgumentException("%s=%d: must be from 0 to %d".formatted(name, value, maximum));
        }
        return value;
    }

    /**
     * Sets the state to move to ({@code qp_state}).
     *
     * @param state the state
     * @return this
     */
    public QueuePairAttributes state(QueuePairState state) {
        ibv_qp_attr.qp_state(attributes, state.code());
        return changed(LibIbverbs.IBV_QP_STATE());
    }

    /**
     * The state.
     *
     * @return as set, or as the device told
     */
    public QueuePairState state() {
        return QueuePairState.of(ibv_qp_attr.qp_state(attributes));
    }

    /**
     * Sets what peers may do ({@code qp_access_flags}).
     *
     * @param access of {@link AccessFlag#REMOTE_WRITE}, {@link AccessFlag#REMOTE_READ}, {@link AccessFlag#REMOTE_ATOMIC}
     * @return this
     */
    public QueuePairAttributes access(Set<AccessFlag> access) {
        ibv_qp_attr.qp_access_flags(attributes, AccessFlag.mask(access));
        return changed(LibIbverbs.IBV_QP_ACCESS_FLAGS());
    }

    /**
     * What peers may do, as the bits of {@code qp_access_flags}.
     *
     * @return as set, or as the device told
     */
    public int accessMask() {
        return ibv_qp_attr.qp_access_flags(attributes);
    }

    /**
     * Sets the index of the partition key ({@code pkey_index}).
     *
     * @param index 0 to 65535; 0 on RoCE
     * @return this
     */
    public QueuePairAttributes partitionKeyIndex(int index) {
        ibv_qp_attr.pkey_index(attributes, (short) checked("pkey_index", index, 0xffff));
        return changed(LibIbverbs.IBV_QP_PKEY_INDEX());
    }

    /**
     * Sets the local port ({@code port_num}).
     *
     * @param port 1 to 255
     * @return this
     */
    public QueuePairAttributes port(int port) {
        ibv_qp_attr.port_num(attributes, (byte) checked("port_num", port, 0xff));
        return changed(LibIbverbs.IBV_QP_PORT());
    }

    /**
     * The local port.
     *
     * @return as set, or as the device told
     */
    public int port() {
        return Byte.toUnsignedInt(ibv_qp_attr.port_num(attributes));
    }

    /**
     * Sets the largest packet of the path ({@code path_mtu}).
     *
     * @param mtu not larger than the port's active MTU
     * @return this
     */
    public QueuePairAttributes pathMtu(Mtu mtu) {
        ibv_qp_attr.path_mtu(attributes, mtu.code());
        return changed(LibIbverbs.IBV_QP_PATH_MTU());
    }

    /**
     * The largest packet of the path.
     *
     * @return as set, or as the device told
     */
    public Mtu pathMtu() {
        return Mtu.of(ibv_qp_attr.path_mtu(attributes));
    }

    /**
     * Sets where the peer is: queue pair number, first packet number and address vector.
     *
     * @param peer the peer's address
     * @param port the local port, 1 to 255
     * @param gidIndex which entry of the local GID table is the source, 0 to 255
     * @param hopLimit how many routers a packet may pass, 0 to 255
     * @param trafficClass the traffic class of the packets, 0 to 255
     * @param serviceLevel the service level, 0 to 15
     * @return this
     */
    public QueuePairAttributes peer(QueuePairAddress peer, int port, int gidIndex, int hopLimit, int trafficClass, int serviceLevel) {
        ibv_qp_attr.dest_qp_num(attributes, peer.queuePairNumber());
        ibv_qp_attr.rq_psn(attributes, peer.packetSequenceNumber());
        MemorySegment vector = ibv_qp_attr.ah_attr(attributes);
        ibv_ah_attr.is_global(vector, (byte) 1);
        ibv_ah_attr.port_num(vector, (byte) checked("port_num", port, 0xff));
        ibv_ah_attr.dlid(vector, (short) peer.lid());
        ibv_ah_attr.sl(vector, (byte) checked("sl", serviceLevel, 0xf));
        MemorySegment route = ibv_ah_attr.grh(vector);
        peer.gid().write(ibv_global_route.dgid(route));
        ibv_global_route.sgid_index(route, (byte) checked("sgid_index", gidIndex, 0xff));
        ibv_global_route.hop_limit(route, (byte) checked("hop_limit", hopLimit, MAX_HOPS));
        ibv_global_route.traffic_class(route, (byte) checked("traffic_class", trafficClass, 0xff));
        return changed(LibIbverbs.IBV_QP_AV() | LibIbverbs.IBV_QP_DEST_QPN() | LibIbverbs.IBV_QP_RQ_PSN());
    }

    /**
     * The number of the peer's queue pair.
     *
     * @return as set, or as the device told
     */
    public int peerQueuePairNumber() {
        return ibv_qp_attr.dest_qp_num(attributes);
    }

    /**
     * The number of the first packet expected from the peer.
     *
     * @return as set, or as the device told
     */
    public int receivePacketSequenceNumber() {
        return ibv_qp_attr.rq_psn(attributes);
    }

    /**
     * Sets how many reads and atomics of the peer can be in work here at once ({@code max_dest_rd_atomic}).
     *
     * @param count 0 to 255, at most the device's {@code max_qp_rd_atom}
     * @return this
     */
    public QueuePairAttributes maxPeerReads(int count) {
        ibv_qp_attr.max_dest_rd_atomic(attributes, (byte) checked("max_dest_rd_atomic", count, 0xff));
        return changed(LibIbverbs.IBV_QP_MAX_DEST_RD_ATOMIC());
    }

    /**
     * How many reads and atomics of the peer can be in work here at once.
     *
     * @return as set, or as the device told
     */
    public int maxPeerReads() {
        return Byte.toUnsignedInt(ibv_qp_attr.max_dest_rd_atomic(attributes));
    }

    /**
     * Sets how many reads and atomics from here can be in work at the peer at once ({@code max_rd_atomic}).
     *
     * @param count 0 to 255, at most the device's {@code max_qp_init_rd_atom} and the peer's {@link #maxPeerReads()}
     * @return this
     */
    public QueuePairAttributes maxReads(int count) {
        ibv_qp_attr.max_rd_atomic(attributes, (byte) checked("max_rd_atomic", count, 0xff));
        return changed(LibIbverbs.IBV_QP_MAX_QP_RD_ATOMIC());
    }

    /**
     * How many reads and atomics from here can be in work at the peer at once.
     *
     * @return as set, or as the device told
     */
    public int maxReads() {
        return Byte.toUnsignedInt(ibv_qp_attr.max_rd_atomic(attributes));
    }

    /**
     * Sets how long a peer is asked to wait when no receive is posted ({@code min_rnr_timer}).
     *
     * @param code 0 to 31, the encoding of ibv_modify_qp(3): 1 is 0.01 ms, 12 is 0.64 ms, 31 is 491.52 ms, 0 is 655.36 ms
     * @return this
     */
    public QueuePairAttributes minRnrTimer(int code) {
        ibv_qp_attr.min_rnr_timer(attributes, (byte) checked("min_rnr_timer", code, 31));
        return changed(LibIbverbs.IBV_QP_MIN_RNR_TIMER());
    }

    /**
     * How long a peer is asked to wait when no receive is posted, encoded.
     *
     * @return as set, or as the device told
     */
    public int minRnrTimer() {
        return Byte.toUnsignedInt(ibv_qp_attr.min_rnr_timer(attributes));
    }

    /**
     * Sets how long to wait for an answer before a packet is sent again ({@code timeout}).
     *
     * @param exponent 1 to 31: 4.096 µs times two to this power; 0 for ever
     * @return this
     */
    public QueuePairAttributes timeout(int exponent) {
        ibv_qp_attr.timeout(attributes, (byte) checked("timeout", exponent, 31));
        return changed(LibIbverbs.IBV_QP_TIMEOUT());
    }

    /**
     * How long to wait for an answer, encoded as an exponent.
     *
     * @return as set, or as the device told
     */
    public int timeout() {
        return Byte.toUnsignedInt(ibv_qp_attr.timeout(attributes));
    }

    /**
     * Sets how often a packet without an answer is sent again ({@code retry_cnt}).
     *
     * @param count 0 to 7
     * @return this
     */
    public QueuePairAttributes retryCount(int count) {
        ibv_qp_attr.retry_cnt(attributes, (byte) checked("retry_cnt", count, 7));
        return changed(LibIbverbs.IBV_QP_RETRY_CNT());
    }

    /**
     * How often a packet without an answer is sent again.
     *
     * @return as set, or as the device told
     */
    public int retryCount() {
        return Byte.toUnsignedInt(ibv_qp_attr.retry_cnt(attributes));
    }

    /**
     * Sets how often a request is sent again while the peer has no receive posted ({@code rnr_retry}).
     *
     * @param count 0 to 6, or 7 for ever
     * @return this
     */
    public QueuePairAttributes rnrRetryCount(int count) {
        ibv_qp_attr.rnr_retry(attributes, (byte) checked("rnr_retry", count, 7));
        return changed(LibIbverbs.IBV_QP_RNR_RETRY());
    }

    /**
     * How often a request is sent again while the peer has no receive posted.
     *
     * @return as set, or as the device told
     */
    public int rnrRetryCount() {
        return Byte.toUnsignedInt(ibv_qp_attr.rnr_retry(attributes));
    }

    /**
     * Sets the number of the first packet that is sent ({@code sq_psn}).
     *
     * @param number 24 bits
     * @return this
     */
    public QueuePairAttributes sendPacketSequenceNumber(int number) {
        ibv_qp_attr.sq_psn(attributes, checked("sq_psn", number, QueuePairAddress.MAX_24_BITS));
        return changed(LibIbverbs.IBV_QP_SQ_PSN());
    }

    /**
     * The number of the next packet that is sent.
     *
     * @return as set, or as the device told
     */
    public int sendPacketSequenceNumber() {
        return ibv_qp_attr.sq_psn(attributes);
    }

    /**
     * The capacities.
     *
     * @return as the device told; all zero if this was not a query
     */
    public QueuePairCapabilities capabilities() {
        return QueuePairCapabilities.read(ibv_qp_attr.cap(attributes));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("state=").append(state());
        append(text, LibIbverbs.IBV_QP_PORT(), "port_num", port());
        append(text, LibIbverbs.IBV_QP_ACCESS_FLAGS(), "qp_access_flags", "0x" + Integer.toHexString(accessMask()));
        append(text, LibIbverbs.IBV_QP_PATH_MTU(), "path_mtu", Integer.toString(ibv_qp_attr.path_mtu(attributes)));
        MemorySegment route = ibv_ah_attr.grh(ibv_qp_attr.ah_attr(attributes));
        append(text, LibIbverbs.IBV_QP_AV(), "dgid", Gid.read(ibv_global_route.dgid(route)));
        append(text, LibIbverbs.IBV_QP_AV(), "sgid_index", Byte.toUnsignedInt(ibv_global_route.sgid_index(route)));
        append(text, LibIbverbs.IBV_QP_DEST_QPN(), "dest_qp_num", peerQueuePairNumber());
        append(text, LibIbverbs.IBV_QP_RQ_PSN(), "rq_psn", receivePacketSequenceNumber());
        append(text, LibIbverbs.IBV_QP_SQ_PSN(), "sq_psn", sendPacketSequenceNumber());
        append(text, LibIbverbs.IBV_QP_MAX_QP_RD_ATOMIC(), "max_rd_atomic", maxReads());
        append(text, LibIbverbs.IBV_QP_MAX_DEST_RD_ATOMIC(), "max_dest_rd_atomic", maxPeerReads());
        append(text, LibIbverbs.IBV_QP_TIMEOUT(), "timeout", timeout());
        append(text, LibIbverbs.IBV_QP_RETRY_CNT(), "retry_cnt", retryCount());
        append(text, LibIbverbs.IBV_QP_RNR_RETRY(), "rnr_retry", rnrRetryCount());
        return text.toString();
    }

    private void append(StringBuilder text, int field, String name, Object value) {
        if ((mask & field) != 0) {
            text.append(", ").append(name).append('=').append(value);
        }
    }
}
