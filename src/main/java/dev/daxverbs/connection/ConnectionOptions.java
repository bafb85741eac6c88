package dev.daxverbs.connection;

import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.QueuePairOptions;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;

import javax.net.ssl.SSLContext;

/**
 * How connections are made and watched: of a {@link Listener} for all that it accepts, of {@link Connection#connect} for one. Filled before
 * it is used,
 * then not changed.
 *
 * <p>Thread use: one thread at a time while it is filled; any number while nobody changes it.
 */
public final class ConnectionOptions {
    private static final Duration LEAST = Duration.ofMillis(10);
    private static final Duration MOST = Duration.ofHours(1);
    private static final int DEFAULT_LANDING_BYTES = 65_536;

    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration handshakeTimeout = Duration.ofSeconds(30);
    private Duration openTimeout = Duration.ofSeconds(10);
    private Duration flushTimeout = Duration.ofSeconds(30);
    private Duration emulateAfter = Duration.ofMillis(10);
    private Duration silence = Duration.ofSeconds(5);
    private byte[] token = new byte[0];
    private SSLContext tls;
    private Function<RegionDomain, QueuePairOptions> queuePair;
    private Supplier<ConnectOptions> path = ConnectOptions::new;
    private int maxConnections = 1024;
    private int maxRegions = 1024;
    private final int windowRequests = 32;
    private final int windowBytes = 1 << 20;

    /** The defaults. */
    public ConnectionOptions() {
        // fields have them
    }

    private static Duration checked(String name, Duration value) {
        if (value.compareTo(LEAST) < 0 || value.compareTo(MOST) > 0) {
            throw new IllegalArgumentException("%s=%s: must be from %s to %s".formatted(name, value, LEAST, MOST));
        }
        return value;
    }

    private static int checked(String name, int value, int lowest, int highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException("%s=%d: must be from %d to %d".formatted(name, value, lowest, highest));
        }
        return value;
    }

    /**
     * Sets how long {@link Connection#connect} waits for the TCP connection.
     *
     * @param time 10 ms to an hour; default 10 s
     * @return this
     */
    public ConnectionOptions connectTimeout(Duration time) {
        connectTimeout = checked("connectTimeout", time);
        return this;
    }

    /**
     * Sets how long the handshake may take from the TCP connection on, that of TLS included; then the connection is closed with
     * {@link CloseReason#HANDSHAKE}. A JVM does most of a handshake for the first time in its life: on an emulated processor that takes up to
     * 12 s, on others a fraction of a second.
     *
     * @param time 10 ms to an hour; default 30 s
     * @return this
     */
    public ConnectionOptions handshakeTimeout(Duration time) {
        handshakeTimeout = checked("handshakeTimeout", time);
        return this;
    }

    /**
     * Sets how long {@link Connection#remote} waits for an answer.
     *
     * @param time 10 ms to an hour; default 10 s
     * @return this
     */
    public ConnectionOptions openTimeout(Duration time) {
        openTimeout = checked("openTimeout", time);
        return this;
    }

    /**
     * How long {@link RemoteRegion#flush} waits for the owner.
     *
     * @param time 10 ms to one hour; default 30 s
     * @return this
     */
    public ConnectionOptions flushTimeout(Duration time) {
        flushTimeout = checked("flushTimeout", time);
        return this;
    }

    /**
     * How long transfers that name the other side's memory wait for a key, when the lease on its file was broken, before they go by
     * messages on the control connection. Less means shorter gaps; most breaks are over after some milliseconds, and a transfer that has
     * waited for the device is the faster one then.
     *
     * @param time zero to one hour; default 10 ms
     * @return this
     */
    public ConnectionOptions emulateAfter(Duration time) {
        emulateAfter = time.isZero() ? time : checked("emulateAfter", time);
        return this;
    }

    /**
     * Sets for how long the other side may be silent, or take nothing, until the connection is closed with {@link CloseReason#SILENT}. It
     * is asked for a sign of
     * life after a third of it.
     *
     * @param time 10 ms to an hour; default 5 s. Much less than half of the owner's lease-break-time (22.5 s by default), or a host that
     *         is gone delays breaks
     * @return this
     */
    public ConnectionOptions silence(Duration time) {
        silence = checked("silence", time);
        return this;
    }

    /**
     * Sets what a connector must show to a listener: both have the same, or the connection is refused with {@link CloseReason#TOKEN}.
     * Without TLS it goes over the
     * network as it is.
     *
     * @param secret 0 to 256 bytes, of which a copy is made; default none
     * @return this
     */
    public ConnectionOptions token(byte[] secret) {
        checked("token.length", secret.length, 0, MessageType.MAX_TOKEN_BYTES);
        token = secret.clone();
        return this;
    }

    /**
     * Sets that the control connection is encrypted (TLS). The listener demands that clients authenticate themselves. What the devices send
     * each other is not
     * encrypted by it.
     *
     * @param context with keys and trust of this side; null for no TLS, the default
     * @return this
     */
    public ConnectionOptions tls(SSLContext context) {
        tls = context;
        return this;
    }

    /**
     * Sets what the queue pair of each connection is made of.
     *
     * @param options makes them with completion queues of the domain; called for each connection, by a thread of the library's.
     *         Default: a completion
     *         queue for each connection ({@link Connection#queuePair} knows it), which is closed with it, and {@link QueuePairOptions#of}
     * @return this
     */
    public ConnectionOptions queuePair(Function<RegionDomain, QueuePairOptions> options) {
        queuePair = Objects.requireNonNull(options, "options");
        return this;
    }

    /**
     * Sets port, retries and route of the queue pairs. What the two sides must agree on is set by the library, whatever is given: the path
     * MTU is the
     * lesser of the two active ones, and reads at once are what both devices can, 16 at most. Without a GID index the entry is taken that
     * fits the address of the control connection,
     * and the kind of address that the other side has: RoCE v2 first, the same IP address first, IPv4 with IPv4.
     *
     * @param options makes new ones; called for each connection, by a thread of the library's. Default: {@link ConnectOptions}
     * @return this
     */
    public ConnectionOptions path(Supplier<ConnectOptions> options) {
        path = Objects.requireNonNull(options, "options");
        return this;
    }

    /**
     * Sets how many connections a listener has at once, those included whose handshake is under way; more are refused with {@link
     * CloseReason#BUSY}.
     *
     * @param count 1 to 65,536; default 1,024
     * @return this
     */
    public ConnectionOptions maxConnections(int count) {
        maxConnections = checked("maxConnections", count, 1, 65_536);
        return this;
    }

    /**
     * Sets how many regions a peer may have open on one connection.
     *
     * @param count 0 to 65,536; default 1,024
     * @return this
     */
    public ConnectionOptions maxRegions(int count) {
        maxRegions = checked("maxRegions", count, 0, 65_536);
        return this;
    }

    Duration connectTimeout() {
        return connectTimeout;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    Duration openTimeout() {
        return openTimeout;
    }

    Duration flushTimeout() {
        return flushTimeout;
    }

    Duration emulateAfter() {
        return emulateAfter;
    }

    Duration silence() {
        return silence;
    }

    byte[] token() {
        return token;
    }

    SSLContext tls() {
        return tls;
    }

    /** Null for the default. */
    Function<RegionDomain, QueuePairOptions> queuePair() {
        return queuePair;
    }

    Supplier<ConnectOptions> path() {
        return path;
    }

    int maxConnections() {
        return maxConnections;
    }

    int landingBytes() {
        return DEFAULT_LANDING_BYTES;
    }

    Message.Limits limits() {
        return new Message.Limits(windowRequests, windowBytes, maxRegions);
    }
}
