package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.grant.DrainedQueuePair;
import dev.daxverbs.grant.GrantSource;
import dev.daxverbs.grant.Landing;
import dev.daxverbs.grant.PeerChannel;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.VerbsException;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongFunction;

import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * A queue pair that is connected to one of another process, and the control connection (TCP) beside it, by which regions of the other
 * side's are opened
 * by name.
 *
 * <p>When the other side closes, is killed, or is silent for {@link ConnectionOptions#silence}, the connection ends: the queue pair is
 * moved to ERR, so what was posted
 * completes with {@code WR_FLUSH_ERR}, and {@link #closeReason} says why. An ended connection is not made anew; it is to be closed, and
 * another made.
 *
 * <p>Thread use: any thread may use and close it; its queue pair has rules of its own.
 */
public final class Connection implements AutoCloseable {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");
    /** Longer than a channel takes to end once it is to. */
    private static final Duration END_LIMIT = Duration.ofSeconds(30);

    private final RegionDomain domain;
    private final ConnectionOptions options;
    private final Listener listener; // null: this side has connected
    private final Exports exports; // for this connection alone; behind them the listener's
    private final Emulation emulation = new Emulation();
    private final Accesses accesses;
    private final ControlChannel channel;
    private final SocketAddress localAddress;
    private final SocketAddress remoteAddress;
    private final boolean busy;
    private final CompletableFuture<Void> opened = new CompletableFuture<>();

    // Written by the reader, once.
    private volatile LocalEnd end;
    private volatile Landing peersLanding;

    // Guarded by this.
    private boolean closeCalled;
    private CloseReason reason;
    private String reasonText;
    private boolean reasonByPeer;
    private int lastRequest;
    private final Map<Integer, Request> requests = new HashMap<>();
    private final Map<Integer, RemoteRegion> remoteRegions = new HashMap<>();
    private final List<Consumer<Connection>> closeListeners = new ArrayList<>();

    // The reader's.
    private final Map<Integer, Given> given = new HashMap<>();
    private int lastGiven;

    /** How long transfers may take to end to a region that is closed; and how often to look whether a flush is in vain. */
    private static final long GIVE_BACK_NS = TimeUnit.MILLISECONDS.toNanos(22_500);
    private static final long FLUSH_LOOK_MS = 100;

    private record Request(String name, CompletableFuture<RemoteRegion> answer) {
    }

    private record Given(Export export, Set<Right> rights, long sizeBytes) {
    }

    private Connection(RegionDomain domain, ConnectionOptions options, Listener listener, Exports exports, Socket socket, Socket raw,
            boolean busy) {
        this.domain = domain;
        this.options = options;
        this.listener = listener;
        this.exports = new Exports(domain, exports);
        accesses = new Accesses(this::send, this.exports::countAccess);
        this.busy = busy;
        localAddress = raw.getLocalSocketAddress();
        remoteAddress = raw.getRemoteSocketAddress();
        channel = new ControlChannel(socket, raw, listener != null, options, new Side());
    }

    /**
     * Connects to a listener with the default options.
     *
     * @param address where it listens
     * @param domain makes the queue pair
     * @return the connection, open
     * @throws IOException as {@link #connect(InetSocketAddress, RegionDomain, ConnectionOptions)}
     */
    public static Connection connect(InetSocketAddress address, RegionDomain domain) throws IOException {
        return connect(address, domain, new ConnectionOptions());
    }

    /**
     * Connects to a listener: waits for the TCP connection and the handshake, until both queue pairs are ready.
     *
     * @param address where it listens; IPv4 or IPv6. With TLS, its host is compared with the listener's certificate
     * @param domain makes the queue pair
     * @param options timeouts, token, TLS, the queue pair's capacities
     * @return the connection, open
     * @throws ConnectionException if the listener refuses, or does not answer in time; {@link ConnectionException#reason} says which
     * @throws IOException if there is no TCP connection: nobody listens there, no route ({@link java.net.ConnectException},
     *         {@link SocketTimeoutException}, {@link UnknownHostException})
     */
    public static Connection connect(InetSocketAddress address, RegionDomain domain, ConnectionOptions options) throws IOException {
        Objects.requireNonNull(domain, "domain");
        if (address.isUnresolved()) {
            throw new UnknownHostException(address.getHostString());
        }
        Socket raw = new Socket();
        Connection connection;
        try {
            raw.connect(address, (int) options.connectTimeout().toMillis());
            raw.setTcpNoDelay(true);
            Socket socket = options.tls() == null ? raw : client(options, raw, address);
            connection = new Connection(domain, options, null, null, socket, raw, false);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
        connection.channel.start();
        connection.awaitOpen();
        return connection;
    }

    private static Socket client(ConnectionOptions options, Socket raw, InetSocketAddress address) throws IOException {
        SSLSocket socket = (SSLSocket) options.tls().getSocketFactory().createSocket(raw, address.getHostString(), address.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS"); // the certificate is of the host that was asked for
        socket.setSSLParameters(parameters);
        socket.setUseClientMode(true);
        return socket;
    }

    /** One that a listener has accepted, and that answers for itself from now on. */
    static Connection accepted(RegionDomain domain, ConnectionOptions options, Listener listener, Exports exports, Socket raw, boolean busy)
            throws IOException {
        Socket socket = raw;
        if (options.tls() != null) {
            SSLSocket tls = (SSLSocket) options.tls().getSocketFactory().createSocket(raw, null, true);
            tls.setUseClientMode(false);
            tls.setNeedClientAuth(true);
            socket = tls;
        }
        return new Connection(domain, options, listener, exports, socket, raw, busy);
    }

    void start() {
        channel.start();
    }

    private void awaitOpen() throws IOException {
        try {
            opened.get(); // the channel ends by itself when the handshake takes too long
        } catch (ExecutionException e) {
            close();
            throw notOpened(e.getCause());
        } catch (InterruptedException e) {
            channel.close(CloseReason.NORMAL, "interrupted");
            close();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while connecting to " + remoteAddress);
        }
    }

    private synchronized ConnectionException notOpened(Throwable cause) {
        return new ConnectionException(reason, "%s: %s%s, %s".formatted(remoteAddress, reason, reasonByPeer ? " by the listener" : "",
                reasonText), cause);
    }

    /**
     * The queue pair. It is moved to ERR when the connection ends, and closed with it.
     *
     * @return made by the domain, in RTS
     */
    public QueuePair queuePair() {
        return end.queuePair();
    }

    /**
     * Whether it is open: neither side has closed it, and the other side is heard.
     *
     * @return false once it has ended
     */
    public boolean isOpen() {
        return channel.isOpen();
    }

    /**
     * Why it ended.
     *
     * @return the first reason that there was; empty while it is open
     */
    public synchronized Optional<CloseReason> closeReason() {
        return Optional.ofNullable(reason);
    }

    /**
     * More about why it ended, for people.
     *
     * @return a text, which may have none; empty while it is open
     */
    public synchronized Optional<String> closeText() {
        return Optional.ofNullable(reasonText);
    }

    /**
     * Whether the other side gave the reason, or was lost; false for a reason that this side found.
     *
     * @return false while it is open
     */
    public synchronized boolean isClosedByPeer() {
        return reasonByPeer;
    }

    /**
     * The address of the other side's end of the control connection.
     *
     * @return an address and port
     */
    public SocketAddress remoteAddress() {
        return remoteAddress;
    }

    /**
     * Adds somebody who wants to know when it has ended; called at once if it has.
     *
     * @param call is called once, by a thread of the connection's, after the queue pair was moved to ERR
     */
    public void onClose(Consumer<Connection> call) {
        synchronized (this) {
            if (reason == null) {
                closeListeners.add(Objects.requireNonNull(call, "call"));
                return;
            }
        }
        call.accept(this);
    }

    /**
     * Opens a region of the other side's, and waits for its answer.
     *
     * @param name as it was exported: 1 to 255 bytes in UTF-8
     * @param rights those that are needed; none for all that there are
     * @return the region
     * @throws RegionRefusedException if there is no such name, or not with these rights, or this connection has as many regions as it may
     * @throws ConnectionException if the connection has ended, or ends meanwhile
     * @throws SocketTimeoutException if there is no answer within {@link ConnectionOptions#openTimeout}; the connection goes on
     * @throws IOException as these
     */
    public RemoteRegion remote(String name, Right... rights) throws IOException {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MessageType.MAX_NAME_BYTES) {
            throw new IllegalArgumentException("name=\"%s\": must have 1 to %d bytes in UTF-8".formatted(name, MessageType.MAX_NAME_BYTES));
        }
        Set<Right> wanted = Right.setOf(rights);
        Request request = new Request(name, new CompletableFuture<>());
        int number;
        synchronized (this) {
            number = ++lastRequest;
            requests.put(number, request);
        }
        try {
            if (!send(new Message.Open(number, wanted, name))) {
                awaitEnd(); // it is ending: soon there is a reason
                throw ended();
            }
            return request.answer().get(options.openTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RegionRefusedException refused ? refused : ended();
        } catch (TimeoutException e) {
            throw new SocketTimeoutException("no answer to the opening of \"%s\" within %s".formatted(name, options.openTimeout()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while opening \"" + name + "\"");
        } finally {
            synchronized (this) {
                requests.remove(number); // a REGION that comes later is given back
            }
            if (!request.answer().isDone()) {
                request.answer().cancel(false);
            }
        }
    }

    private synchronized ConnectionException ended() {
        return new ConnectionException(reason, "%s has ended: %s, %s".formatted(this, reason, reasonText), null);
    }

    /**
     * Gives a region out by a name to the other side of this connection alone. Any side may, whichever has connected.
     *
     * @param name 1 to 255 bytes in UTF-8; before a listener's name that is the same
     * @param region of the connection's domain; it may be closed first, which takes it back
     * @param rights what the other side may do, at least one
     * @throws IllegalArgumentException if the name is of another length or given out already, the region is of another domain, or is
     *         registered without what a right needs
     * @throws IllegalStateException if the region is closed
     */
    public void export(String name, MemoryRegion region, Right... rights) {
        exports.add(name, region, Right.setOf(rights));
    }

    /**
     * Takes a name back that was given out by {@link #export}, and the region from the other side if it has opened it: as
     * {@link Listener#withdraw}.
     *
     * @param name as it was exported
     * @return whether there was such a name
     */
    public boolean withdraw(String name) {
        return exports.remove(name);
    }

    /** Where the other side's landing is: what a drain's probe reads, and emulated writes with immediate data name. */
    Landing peersLanding() {
        return peersLanding;
    }

    // For regions of the other side's.

    PeerChannel emulation() {
        return emulation;
    }

    private DrainedQueuePair drained() {
        return end.drained();
    }

    /** Runs something when nothing is under way any more that was posted before. */
    void drain(Runnable whenDrained) {
        drained().drain(whenDrained);
    }

    void callPump() {
        drained().callPump();
    }

    /** Nothing uses the key of an epoch any more. */
    void sayRevoked(int region, long epoch) {
        channel.sendIf(conversation -> conversation.isDraining(region, epoch) ? new Message.Revoked(region, epoch) : null);
    }

    /** Nothing uses a region any more that its owner has withdrawn. */
    void sayWithdrawn(int region) {
        synchronized (this) {
            remoteRegions.remove(region);
        }
        channel.sendIf(conversation -> conversation.isWithdrawn(region) ? new Message.Withdrawn(region) : null);
    }

    /** The user has closed a region of the other side's: waits until nothing uses it, and says so. */
    void giveBack(RemoteRegion region) {
        CountDownLatch nothingUnderWay = new CountDownLatch(1);
        drain(nothingUnderWay::countDown);
        callPump();
        long endNs = System.nanoTime() + GIVE_BACK_NS;
        boolean interrupted = false;
        boolean done = false;
        while (!done && channel.isOpen()) {
            try {
                done = nothingUnderWay.await(1, TimeUnit.MILLISECONDS) && drained().isDoneWith(region.peer());
            } catch (InterruptedException e) {
                interrupted = true;
            }
            if (!done && System.nanoTime() - endNs > 0) {
                fenceFor(CloseReason.LATE, "transfers to %s were under way %d s after it was closed".formatted(region,
                        TimeUnit.NANOSECONDS.toSeconds(GIVE_BACK_NS)));
            }
        }
        synchronized (this) {
            remoteRegions.remove(region.number());
        }
        channel.sendIf(conversation -> conversation.canForget(region.number()) ? new Message.Forget(region.number()) : null);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@link RemoteRegion#flush}. */
    void flush(RemoteRegion region, long offset, long lengthBytes) throws IOException {
        CompletableFuture<AccessStatus> answer = new CompletableFuture<>();
        long endNs = System.nanoTime() + options.flushTimeout().toNanos();
        CountDownLatch read = new CountDownLatch(1);
        drain(read::countDown); // a read behind what was written
        try {
            boolean asked = false;
            while (!answer.isDone() || !asked) {
                if (!channel.isOpen()) {
                    awaitEnd();
                    throw ended();
                }
                if (System.nanoTime() - endNs > 0) {
                    throw new SocketTimeoutException("no answer to the flush of %d bytes at %d of %s within %s".formatted(lengthBytes, offset, region,
                            options.flushTimeout()));
                }
                if (!asked && read.await(1, TimeUnit.MILLISECONDS)) {
                    asked = emulation.flush(region.number(), offset, lengthBytes, (status, data, value) -> answer.complete(status));
                }
                if (asked) {
                    awaitShortly(answer);
                }
            }
            AccessStatus status = answer.getNow(null);
            if (status != AccessStatus.OK) {
                throw new IOException("flush of %d bytes at %d of %s: the owner says %s".formatted(lengthBytes, offset, region, status));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while flushing " + region);
        }
    }

    private static void awaitShortly(CompletableFuture<AccessStatus> answer) throws InterruptedException {
        try {
            answer.get(FLUSH_LOOK_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // to look whether the connection is open
        } catch (ExecutionException e) {
            throw new AssertionError(e); // nobody completes it so
        }
    }

    /**
     * Ends the connection, and sees to it that the queue pair is stopped: when this returns, the device does nothing for the other side any
     * more.
     */
    void fenceFor(CloseReason why, String text) {
        channel.close(why, text); // first, so that this is the reason: it stops the queue pair, if nobody else is about to
        fenceEnd();
    }

    /** Queues a message; false if the connection is ending. */
    boolean send(Message message) {
        return channel.send(message);
    }

    /**
     * Closes it: the queue pair is moved to ERR, the other side is told, and queue pair and control connection are closed. Waits for the
     * other side for a
     * second at most. Closing again does nothing.
     *
     * @throws VerbsException if the queue pair cannot be destroyed; or if its completion queue, where it has one of its own, still
     *         has another user
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closeCalled) {
                return;
            }
            closeCalled = true;
        }
        channel.close(CloseReason.NORMAL, "");
        if (!channel.isReader()) {
            awaitEnd();
        }
        LocalEnd made = end;
        if (made != null) {
            try {
                made.close();
            } catch (RuntimeException | Error e) {
                synchronized (this) {
                    closeCalled = false; // to be tried again
                }
                throw e;
            }
        }
    }

    private void fenceEnd() {
        LocalEnd made = end;
        if (made != null) {
            made.fence();
        }
    }

    /** Ends it from the listener, which does not own it when it has been accepted. */
    void shutDown() {
        channel.close(CloseReason.SHUTDOWN, "the listener was closed");
    }

    void awaitEnd() {
        boolean interrupted = false;
        long endNs = System.nanoTime() + END_LIMIT.toNanos();
        while (true) {
            try {
                if (!channel.awaitEnd(Duration.ofNanos(Math.max(0, endNs - System.nanoTime())))) {
                    LOGGER.log(Logger.Level.WARNING, "{0} has not ended within {1}", this, END_LIMIT);
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "connection %s %s".formatted(listener == null ? "to" : "from", remoteAddress);
    }

    /** Accesses by message that this side asks the other for. */
    private final class Emulation implements PeerChannel {
        private final Deque<Taker> takers = new ArrayDeque<>(); // of what is unanswered; guarded by itself, within the channel's lock where that is held

        @Override
        public boolean write(int region, long offset, byte[] data, Taker taker) {
            return ask(MessageType.WRITE, data.length, sequence -> new Message.Write(sequence, region, offset, ByteBuffer.wrap(data)), taker);
        }

        @Override
        public boolean read(int region, long offset, int lengthBytes, Taker taker) {
            return ask(MessageType.READ, lengthBytes, sequence -> new Message.Read(sequence, region, offset, lengthBytes), taker);
        }

        @Override
        public boolean compareAndSwap(int region, long offset, long expected, long desired, Taker taker) {
            return ask(MessageType.COMPARE_AND_SWAP, 0, sequence -> new Message.CompareAndSwap(sequence, region, offset, expected, desired),
                    taker);
        }

        @Override
        public boolean fetchAndAdd(int region, long offset, long addend, Taker taker) {
            return ask(MessageType.FETCH_AND_ADD, 0, sequence -> new Message.FetchAndAdd(sequence, region, offset, addend), taker);
        }

        boolean flush(int region, long offset, long lengthBytes, Taker taker) {
            return ask(MessageType.FLUSH, 0, sequence -> new Message.Flush(sequence, region, offset, lengthBytes), taker);
        }

        private boolean ask(MessageType type, int lengthBytes, LongFunction<Message.Access> maker, Taker taker) {
            return channel.sendIf(conversation -> {
                if (!conversation.hasRoomFor(type, lengthBytes)) {
                    return null;
                }
                synchronized (takers) {
                    takers.add(taker); // in the order of the messages, and before the answer can come
                }
                return maker.apply(conversation.nextSequence());
            });
        }

        /** The answer to the oldest that is unanswered: the conversation has seen to that. */
        void take(Message.Answer answer) {
            Taker taker;
            synchronized (takers) {
                taker = takers.remove();
            }
            switch (answer) {
                case Message.Done done -> taker.answered(done.status(), null, 0);
                case Message.Data data -> {
                    byte[] bytes = new byte[data.data().remaining()];
                    data.data().get(bytes); // the reader's buffer has something else in a moment
                    taker.answered(AccessStatus.OK, bytes, 0);
                }
                case Message.Value value -> taker.answered(AccessStatus.OK, null, value.before());
            }
        }

        @Override
        public int longestAccessBytes() {
            return MessageType.MAX_DATA_BYTES;
        }

        @Override
        public Landing landing() {
            return peersLanding;
        }

        @Override
        public long emulateAfterNs() {
            return options.emulateAfter().toNanos();
        }
    }

    /** What the channel calls. */
    private final class Side implements ControlChannel.Side {
        @Override
        public void begin() {
            if (busy) {
                channel.close(CloseReason.BUSY, "the listener has as many connections as it may");
            } else if (listener == null) {
                makeEnd(null);
                sayHello();
            }
        }

        private void makeEnd(Message.Endpoint peer) {
            end = LocalEnd.make(domain, options, ((InetSocketAddress) localAddress).getAddress(), peer);
        }

        private void sayHello() {
            ByteBuffer token = listener == null ? ByteBuffer.wrap(options.token()) : ByteBuffer.allocate(0);
            channel.send(new Message.Hello(MessageDecoder.VERSION, MessageDecoder.VERSION, end.endpoint(), options.limits(), token));
        }

        @Override
        public void take(Message message) throws IOException {
            switch (message) {
                case Message.Hello hello -> takeHello(hello);
                case Message.Ready ready -> {
                    peersLanding = new Landing(ready.address(), ready.key(), ready.lengthBytes());
                    end.attach(peersLanding, () -> PumpThreads.run(() -> channel.close(CloseReason.QUEUE_PAIR,
                            "the queue pair was stopped by an error, or on purpose")));
                    opened.complete(null);
                    if (listener != null) {
                        listener.opened(Connection.this);
                    }
                }
                case Message.Open open -> takeOpen(open);
                case Message.Region region -> takeRegion(region);
                case Message.Refused refused -> {
                    Request request = takeRequest(refused.request());
                    if (request != null) {
                        request.answer().completeExceptionally(new RegionRefusedException("\"%s\" was refused: %s, %s".formatted(
                                request.name(), refused.why(), refused.text())));
                    }
                }
                case Message.Revoke revoke -> remoteRegion(revoke.region()).ifPresent(region -> region.revoke(revoke.epoch()));
                case Message.Restore restore -> remoteRegion(restore.region()).ifPresent(region -> region.restore(restore.grant()));
                case Message.Withdraw withdraw -> remoteRegion(withdraw.region()).ifPresent(RemoteRegion::withdraw);
                case Message.Revoked revoked -> given.get(revoked.region()).export().revoked(Connection.this, revoked.region());
                case Message.Withdrawn withdrawn -> takeBack(withdrawn.region());
                case Message.Forget forget -> takeBack(forget.region());
                case Message.Access access -> takeAccess(access);
                case Message.Answer answer -> emulation.take(answer);
                default -> throw new AssertionError(message.type() + " should not have come so far");
            }
        }

        private void takeHello(Message.Hello hello) {
            if (listener != null) {
                byte[] shown = new byte[hello.token().remaining()];
                hello.token().get(shown);
                if (!MessageDigest.isEqual(shown, options.token())) {
                    channel.close(CloseReason.TOKEN, "the token is another");
                    return;
                }
                channel.accept();
            }
            try {
                if (listener != null) {
                    makeEnd(hello.endpoint());
                } else if (end.endpoint().gidType() != hello.endpoint().gidType()) {
                    channel.close(CloseReason.INCOMPATIBLE, "GID types %s here, %s there".formatted(end.endpoint().gidType(),
                            hello.endpoint().gidType()));
                    return;
                }
                end.connect(hello.endpoint());
            } catch (VerbsException e) {
                boolean exhausted = e.errno() == Errno.ENOMEM || e.errno() == Errno.EMFILE;
                channel.close(exhausted ? CloseReason.INTERNAL : CloseReason.INCOMPATIBLE, e.getMessage());
                return;
            }
            if (listener != null) {
                sayHello();
            }
            channel.send(end.ready());
        }

        private void takeOpen(Message.Open open) {
            int number = lastGiven + 1;
            Export export = exports.open(Connection.this, open, number, given.size() < options.limits().regions());
            if (export != null) {
                lastGiven = number;
                given.put(number, new Given(export, open.rights().isEmpty() ? export.rights() : open.rights(), export.byteSize()));
            }
        }

        private void takeRegion(Message.Region opened) {
            Request request = takeRequest(opened.request());
            if (request != null) {
                RemoteRegion region = RemoteRegion.opened(Connection.this, request.name(), opened);
                synchronized (Connection.this) {
                    remoteRegions.put(opened.region(), region);
                }
                if (request.answer().complete(region)) {
                    return;
                }
                region.end("was opened too late");
                synchronized (Connection.this) {
                    remoteRegions.remove(opened.region());
                }
                channel.send(new Message.Forget(opened.region())); // nobody has used it
            } else {
                channel.send(new Message.Forget(opened.region()));
            }
        }

        private Request takeRequest(int number) {
            synchronized (Connection.this) {
                return requests.remove(number);
            }
        }

        private Optional<RemoteRegion> remoteRegion(int number) {
            synchronized (Connection.this) {
                return Optional.ofNullable(remoteRegions.get(number));
            }
        }

        private void takeBack(int number) {
            given.remove(number).export().forget(Connection.this, number);
        }

        private void takeAccess(Message.Access access) {
            AccessStatus status = check(access);
            if (status != AccessStatus.OK) {
                exports.refusedAccess(Connection.this, access, status);
            }
            Message.Access kept = access instanceof Message.Write write ? new Message.Write(write.sequence(), write.region(), write.offset(),
                    copy(write.data())) : access;
            GrantSource source = status == AccessStatus.OK ? given.get(access.region()).export().source() : null;
            accesses.add(kept, source, status);
        }

        /** What is in a message is in the reader's buffer, and ends with the next. */
        private static ByteBuffer copy(ByteBuffer data) {
            return ByteBuffer.allocate(data.remaining()).put(data.duplicate()).flip();
        }

        private AccessStatus check(Message.Access access) {
            Given region = given.get(access.region());
            if (region == null) {
                return AccessStatus.REGION;
            }
            Right needed = switch (access) {
                case Message.Read _ -> Right.READ;
                case Message.Write _, Message.Flush _ -> Right.WRITE;
                case Message.CompareAndSwap _, Message.FetchAndAdd _ -> Right.ATOMIC;
            };
            if (!region.rights().contains(needed)) {
                return AccessStatus.RIGHTS;
            }
            boolean outside = access.offset() > region.sizeBytes() || access.lengthBytes() > region.sizeBytes() - access.offset();
            return outside || needed == Right.ATOMIC && access.offset() % Long.BYTES != 0 ? AccessStatus.RANGE : AccessStatus.OK;
        }

        @Override
        public void fence() {
            fenceEnd();
        }

        @Override
        public void ended(CloseReason why, String text, boolean byPeer) {
            List<Consumer<Connection>> listeners;
            List<Request> waiting;
            synchronized (Connection.this) {
                reason = why;
                reasonText = text;
                reasonByPeer = byPeer;
                listeners = new ArrayList<>(closeListeners);
                closeListeners.clear();
                waiting = new ArrayList<>(requests.values());
                requests.clear();
                remoteRegions.values().forEach(region -> region.end("ended with its connection, %s".formatted(why)));
                remoteRegions.clear();
            }
            given.forEach((number, region) -> region.export().forget(Connection.this, number));
            given.clear();
            accesses.end();
            exports.close();
            LocalEnd made = end;
            if (made != null) {
                made.release();
            }
            boolean usual = why == CloseReason.NORMAL || why == CloseReason.SHUTDOWN;
            LOGGER.log(usual ? Logger.Level.DEBUG : Logger.Level.WARNING, "{0} ended: {1}{2}, {3}", Connection.this, why,
                    byPeer ? " by the other side" : "", text);
            ConnectionException failure = Connection.this.ended();
            waiting.forEach(request -> request.answer().completeExceptionally(failure));
            boolean wasOpen = !opened.completeExceptionally(failure);
            if (listener != null) {
                listener.ended(Connection.this, wasOpen);
            }
            for (Consumer<Connection> call : listeners) {
                try {
                    call.accept(Connection.this);
                } catch (RuntimeException e) {
                    LOGGER.log(Logger.Level.WARNING, "a listener of " + Connection.this, e);
                }
            }
        }
    }
}
