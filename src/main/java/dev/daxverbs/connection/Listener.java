package dev.daxverbs.connection;

import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;

import java.io.IOException;
import java.lang.System.Logger;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Accepts connections, and gives regions out to them by name.
 *
 * <pre>{@code
 * try (Listener listener = Listener.bind(new InetSocketAddress("10.0.0.1", 7174), domain, new ConnectionOptions())) {
 *     listener.export("table", region, Right.READ, Right.WRITE);
 *     Connection connection = listener.accept();
 *     ...
 * }
 * }</pre>
 *
 * <p>Handshakes are answered by threads of the library's, whether somebody waits in {@link #accept} or not. Who was accepted belongs to the
 * user, and is to be closed; who was not is closed with the listener.
 *
 * <p>Thread use: any thread may use and close it.
 */
public final class Listener implements AutoCloseable {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");
    /** How many more than it may have are told so at the same time; beyond, they find the socket closed. */
    private static final int MOST_REFUSED_AT_ONCE = 16;
    private static final int BACKLOG = 256;
    private static final long PAUSE_MS = 50;

    private final RegionDomain domain;
    private final ConnectionOptions options;
    private final ServerSocket socket;
    private final Exports exports;
    private final BlockingQueue<Connection> waiting = new LinkedBlockingQueue<>();
    private final Thread acceptor;

    // Guarded by connections.
    private final Set<Connection> connections = new LinkedHashSet<>();
    private long opened;
    private long failed;
    private int open;
    private boolean closed;

    private Listener(RegionDomain domain, ConnectionOptions options, ServerSocket socket) {
        this.domain = domain;
        this.options = options;
        this.socket = socket;
        exports = new Exports(domain, null);
        acceptor = DaemonThreads.named("daxverbs-connection-listener").unstarted(this::acceptAll);
    }

    /**
     * Listens with the default options.
     *
     * @param address where; port 0 for any that is free
     * @param domain makes the queue pairs, and has made the regions that will be exported
     * @return the listener
     * @throws IOException as {@link #bind(InetSocketAddress, RegionDomain, ConnectionOptions)}
     */
    public static Listener bind(InetSocketAddress address, RegionDomain domain) throws IOException {
        return bind(address, domain, new ConnectionOptions());
    }

    /**
     * Listens for connections.
     *
     * @param address where; port 0 for any that is free; IPv4 or IPv6
     * @param domain makes the queue pairs, and has made the regions that will be exported
     * @param options of all connections
     * @return the listener
     * @throws IOException if the address is in use or not this host's ({@link java.net.BindException})
     */
    public static Listener bind(InetSocketAddress address, RegionDomain domain, ConnectionOptions options) throws IOException {
        Objects.requireNonNull(domain, "domain");
        Objects.requireNonNull(options, "options");
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true);
            socket.bind(address, BACKLOG);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
        Listener listener = new Listener(domain, options, socket);
        listener.acceptor.start();
        return listener;
    }

    /**
     * Where it listens.
     *
     * @return the address, with the port that was free
     */
    public InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /**
     * Gives a region out: whoever is connected may open it by its name. Its registration lets peers do all that it was made for, on every
     * queue pair of its protection domain, so rights
     * that are narrower than its access flags are a matter of what this library's peers do, not of what the device allows: register a
     * region of its own for whoever must not do more.
     *
     * <p>The region must stay open while peers have it open.
     *
     * @param name 1 to 255 bytes in UTF-8
     * @param region made by the listener's domain
     * @param rights what peers may do with it, at least one; the region must be registered for each
     * @throws IllegalArgumentException if one of these is not so, or the name is taken
     */
    public void export(String name, MemoryRegion region, Right... rights) {
        exports.add(name, region, Right.setOf(rights));
    }

    /**
     * Takes a name back: nobody opens it any more. From those who have opened it the region is taken back, too, and this waits until
     * nothing of theirs is under way to it: for half of the default lease-break-time, 22.5 s, at most, then their connections are ended
     * ({@link CloseReason#LATE}).
     *
     * @param name as it was exported
     * @return whether there was such a name
     */
    public boolean withdraw(String name) {
        return exports.remove(name);
    }

    /**
     * Waits for a connection whose handshake has succeeded; each is given out once, in the order in which they did. One that has ended
     * before anybody
     * came for it is not.
     *
     * @return the connection, which is the caller's to close
     * @throws ConnectionException if the listener is closed, or is closed meanwhile
     * @throws InterruptedException if the thread is interrupted
     */
    public Connection accept() throws ConnectionException, InterruptedException {
        Optional<Connection> accepted;
        do {
            accepted = accept(Duration.ofHours(1));
        } while (accepted.isEmpty());
        return accepted.get();
    }

    /**
     * Waits for a connection, for some time.
     *
     * @param limit zero or more
     * @return the connection, which is the caller's to close; empty if there was none in time
     * @throws ConnectionException if the listener is closed, or is closed meanwhile
     * @throws InterruptedException if the thread is interrupted
     */
    public Optional<Connection> accept(Duration limit) throws ConnectionException, InterruptedException {
        long endNs = System.nanoTime() + limit.toNanos();
        do {
            synchronized (connections) {
                if (closed) {
                    throw new ConnectionException(CloseReason.SHUTDOWN, this + " is closed", null);
                }
            }
            long sliceNs = Math.max(0, Math.min(endNs - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(PAUSE_MS)));
            Connection next = waiting.poll(sliceNs, TimeUnit.NANOSECONDS);
            if (next != null) {
                return Optional.of(next);
            }
        } while (System.nanoTime() - endNs < 0);
        return Optional.empty();
    }

    /**
     * What it has seen so far.
     *
     * @return a snapshot
     */
    public ListenerCounters counters() {
        synchronized (connections) {
            return new ListenerCounters(opened, failed, open, exports.refusedOpens(), exports.refusedAccesses(), exports.accesses());
        }
    }

    private void acceptAll() {
        while (!socket.isClosed()) {
            try {
                begin(socket.accept());
            } catch (IOException | RuntimeException e) {
                if (socket.isClosed()) {
                    return;
                }
                LOGGER.log(Logger.Level.WARNING, "accepting at " + this, e); // too many open files, for instance
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    private void begin(Socket accepted) throws IOException {
        Connection connection;
        synchronized (connections) {
            int count = connections.size();
            if (closed || count >= options.maxConnections() + MOST_REFUSED_AT_ONCE) {
                failed++;
                accepted.close();
                return;
            }
            try {
                accepted.setTcpNoDelay(true);
                connection = Connection.accepted(domain, options, this, exports, accepted, count >= options.maxConnections());
            } catch (IOException | RuntimeException e) {
                accepted.close();
                throw e;
            }
            connections.add(connection);
        }
        connection.start();
    }

    /** A handshake succeeded. */
    void opened(Connection connection) {
        synchronized (connections) {
            opened++;
            open++;
            waiting.add(connection);
        }
    }

    /** A connection has ended. */
    void ended(Connection connection, boolean wasOpen) {
        synchronized (connections) {
            connections.remove(connection);
            if (wasOpen) {
                open--;
            } else {
                failed++;
            }
        }
        if (!wasOpen || waiting.remove(connection)) { // nobody else knows of it; and who never accepts must not collect queue pairs
            connection.close();
        }
    }

    /**
     * Stops listening, and ends all connections with {@link CloseReason#SHUTDOWN}, which the other sides are told. Connections that were
     * given out are still to be
     * closed by who has them. Closing again does nothing.
     */
    @Override
    public void close() {
        List<Connection> all;
        synchronized (connections) {
            if (closed) {
                return;
            }
            closed = true;
            all = new ArrayList<>(connections);
        }
        try {
            socket.close();
        } catch (IOException e) {
            LOGGER.log(Logger.Level.DEBUG, "closing the socket of " + this, e);
        }
        all.forEach(Connection::shutDown);
        all.forEach(Connection::awaitEnd); // each closes itself that was not given out
        exports.close();
    }

    @Override
    public String toString() {
        return "listener at " + socket.getLocalSocketAddress();
    }
}
