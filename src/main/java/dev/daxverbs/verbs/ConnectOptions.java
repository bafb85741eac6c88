package dev.daxverbs.verbs;

import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How a queue pair is connected: every attribute of the transitions from RESET to RTS, with a default that suits one network.
 * Filled before it is used, then not changed.
 *
 * <p>Thread use: one thread at a time while it is filled; any number while nobody changes it.
 */
public final class ConnectOptions {
    private int port = 1;
    private int gidIndex = -1;
    private Mtu pathMtu;
    private Set<AccessFlag> access = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ,
            AccessFlag.REMOTE_ATOMIC);
    private int partitionKeyIndex;
    private int maxReads = 16;
    private int maxPeerReads = 16;
    private int minRnrTimer = 12;
    private int timeout = 14;
    private int retryCount = 7;
    private int rnrRetryCount = 7;
    private int hopLimit = 64;
    private int trafficClass;
    private int serviceLevel;

    /** The defaults. */
    public ConnectOptions() {
        // fields have them
    }

    /**
     * Sets the local port.
     *
     * @param number 1 to 255; default 1
     * @return this
     */
    public ConnectOptions port(int number) {
        port = number;
        return this;
    }

    /**
     * The local port.
     *
     * @return its number
     */
    public int port() {
        return port;
    }

    /**
     * Sets which entry of the GID table is the source address. Default: the port's first entry of type RoCE v2 with an IPv4 address, else
     * of RoCE v2, else of RoCE v1, else the first.
     *
     * @param index 0 to 255
     * @return this
     */
    public ConnectOptions gidIndex(int index) {
        gidIndex = index;
        return this;
    }

    /**
     * Which entry of the GID table is the source address.
     *
     * @return the index, or empty for the default choice
     */
    public OptionalInt gidIndex() {
        return gidIndex < 0 ? OptionalInt.empty() : OptionalInt.of(gidIndex);
    }

    /**
     * Sets the largest packet. Both sides must have the same.
     *
     * @param mtu default: the active MTU of the local port
     * @return this
     */
    public ConnectOptions pathMtu(Mtu mtu) {
        pathMtu = mtu;
        return this;
    }

    /**
     * The largest packet.
     *
     * @return the MTU, or empty for the port's active one
     */
    public Optional<Mtu> pathMtu() {
        return Optional.ofNullable(pathMtu);
    }

    /**
     * Sets what the peer may do through this queue pair; registrations restrict it further.
     *
     * @param flags default: remote write, read and atomics
     * @return this
     */
    public ConnectOptions access(Set<AccessFlag> flags) {
        access = AccessFlag.copyOf(flags);
        return this;
    }

    /**
     * What the peer may do through this queue pair.
     *
     * @return the flags
     */
    public Set<AccessFlag> access() {
        return AccessFlag.copyOf(access);
    }

    /**
     * Sets the index of the partition key.
     *
     * @param index default 0
     * @return this
     */
    public ConnectOptions partitionKeyIndex(int index) {
        partitionKeyIndex = index;
        return this;
    }

    /**
     * Sets how many reads and atomics can be in work at once, from here and from the peer.
     *
     * @param fromHere {@code max_rd_atomic}; default 16 or what the device can, if less
     * @param fromPeer {@code max_dest_rd_atomic}; default 16 or what the device can, if less
     * @return this
     */
    public ConnectOptions reads(int fromHere, int fromPeer) {
        maxReads = fromHere;
        maxPeerReads = fromPeer;
        return this;
    }

    /**
     * Sets how losses are met.
     *
     * @param timeoutExponent wait 4.096 µs times two to this power for an answer; default 14, which is 67 ms
     * @param retries how often to send again without an answer, 0 to 7; default 7
     * @return this
     */
    public ConnectOptions retries(int timeoutExponent, int retries) {
        timeout = timeoutExponent;
        retryCount = retries;
        return this;
    }

    /**
     * Sets how a missing receive is met.
     *
     * @param minTimer the pause to ask a peer for, encoded as in {@link QueuePairAttributes#minRnrTimer(int)}; default 12, which is 0.64 ms
     * @param retries how often to send again, 0 to 6, or 7 for ever; default 7
     * @return this
     */
    public ConnectOptions receiverNotReady(int minTimer, int retries) {
        minRnrTimer = minTimer;
        rnrRetryCount = retries;
        return this;
    }

    /**
     * Sets the address vector's rest.
     *
     * @param hops {@code hop_limit}, 0 to 255; default 64
     * @param traffic {@code traffic_class}, 0 to 255; default 0
     * @param level {@code sl}, 0 to 15; default 0
     * @return this
     */
    public ConnectOptions route(int hops, int traffic, int level) {
        hopLimit = hops;
        trafficClass = traffic;
        serviceLevel = level;
        return this;
    }

    QueuePairAttributes toInit() {
        return new QueuePairAttributes().state(QueuePairState.INIT).partitionKeyIndex(partitionKeyIndex).port(port).access(access);
    }

    QueuePairAttributes toReadyToReceive(QueuePairAddress peer, int sourceGidIndex, Mtu mtu, int deviceReads) {
        return new QueuePairAttributes().state(QueuePairState.RTR).pathMtu(mtu)
                .peer(peer, port, sourceGidIndex, hopLimit, trafficClass, serviceLevel)
                .maxPeerReads(Math.min(maxPeerReads, deviceReads)).minRnrTimer(minRnrTimer);
    }

    QueuePairAttributes toReadyToSend(int packetSequenceNumber, int deviceReads) {
        return new QueuePairAttributes().state(QueuePairState.RTS).sendPacketSequenceNumber(packetSequenceNumber)
                .maxReads(Math.min(maxReads, deviceReads)).timeout(timeout).retryCount(retryCount).rnrRetryCount(rnrRetryCount);
    }
}
