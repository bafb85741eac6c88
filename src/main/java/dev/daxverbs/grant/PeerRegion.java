package dev.daxverbs.grant;

import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendOpcode;

import java.util.Objects;
import java.util.Set;

/**
 * The state of another process's region on this side: which key may be used, if any, and where transfers go that cannot use it.
 *
 * <p>The key is read by posters within the send gate of the one queue pair that may name the region, without a fence. Who takes it back
 * clears it and then {@linkplain DrainedQueuePair#drain drains} that queue pair; after the seizure in there no poster has the old one.
 */
public final class PeerRegion {
    private final QueuePair queuePair;
    private final PeerChannel channel;
    private final int number;
    private final long opcodes; // a bit for each that is allowed
    private final boolean readsAndWrites;
    private PeerKey key;
    private volatile long withoutKeySinceNs = System.nanoTime();
    private volatile String closed;

    /**
     * A region without a key.
     *
     * @param queuePair the one that may name it
     * @param channel the way to its owner
     * @param number the connection's number for it
     * @param allowed what may be done with it
     */
    public PeerRegion(QueuePair queuePair, PeerChannel channel, int number, Set<SendOpcode> allowed) {
        this.queuePair = Objects.requireNonNull(queuePair, "queuePair");
        this.channel = Objects.requireNonNull(channel, "channel");
        this.number = number;
        long bits = 0;
        for (SendOpcode opcode : allowed) {
            bits |= 1L << opcode.ordinal();
        }
        opcodes = bits;
        readsAndWrites = allowed.contains(SendOpcode.RDMA_READ) && allowed.contains(SendOpcode.RDMA_WRITE);
    }

    /**
     * The state of memory, if it is another process's.
     *
     * @param memory what a work request names, or null
     * @return the state; null for memory of this process
     */
    public static PeerRegion of(RegisteredMemory memory) {
        return memory instanceof PeerMemory peers ? peers.peerRegion : null;
    }

    /**
     * What the device may use now. For posters within the gate, and the pump under its lock.
     *
     * @return the key; null if there is none
     */
    public PeerKey key() {
        return key;
    }

    /**
     * Lets posters use a key.
     *
     * @param granted the key; null to take it back, which {@link DrainedQueuePair#drain} completes
     */
    public void setKey(PeerKey granted) {
        if (granted == null && key != null) {
            withoutKeySinceNs = System.nanoTime();
        }
        key = granted;
    }

    /**
     * How long a transfer has yet to wait for a key before it goes by message.
     *
     * @return nanoseconds; zero or less if it need not wait
     */
    public long patienceNs() {
        return withoutKeySinceNs + channel.emulateAfterNs() - System.nanoTime();
    }

    /**
     * Nobody may use it any more.
     *
     * @param why for people
     */
    public void close(String why) {
        closed = why;
    }

    /**
     * Whether nobody may use it any more.
     *
     * @return true after {@link #close}
     */
    public boolean isClosed() {
        return closed != null;
    }

    /** Refuses what names it when nobody may. */
    public void checkOpen() {
        String why = closed;
        if (why != null) {
            throw new IllegalStateException(why);
        }
    }

    /**
     * The queue pair that may name it.
     *
     * @return the connection's
     */
    public QueuePair queuePair() {
        return queuePair;
    }

    /**
     * The way to its owner.
     *
     * @return the connection's
     */
    public PeerChannel channel() {
        return channel;
    }

    /**
     * The connection's number for it.
     *
     * @return the number
     */
    public int number() {
        return number;
    }

    /**
     * Whether the peer has the right to do something with it.
     *
     * @param opcode what
     * @return false if the owner would refuse it
     */
    public boolean allows(SendOpcode opcode) {
        return (opcodes & 1L << opcode.ordinal()) != 0;
    }

    /**
     * Whether reads and writes alike are allowed.
     *
     * @return true with both rights
     */
    public boolean allowsReadsAndWrites() {
        return readsAndWrites;
    }
}
