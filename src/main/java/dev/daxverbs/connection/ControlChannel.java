package dev.daxverbs.connection;

import dev.daxverbs.internal.DaemonThreads;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import javax.net.ssl.SSLSocket;

/**
 * One TCP connection as a channel of messages: docs/protocol.md. It reads, writes, asks for signs of life, and ends, once, with a reason.
 *
 * <p>Assumptions: {@link Side} does not wait in what it is called for, but in {@link Side#ended}.
 *
 * <p>Guarantees: messages are handed to the side one at a time, by the channel's reader, after the {@link Conversation} has found that they
 * can come. {@link #send} never
 * waits: what is queued is bounded by what can be said without an answer, and whoever lets the queue grow beyond is cut off. However it
 * ends, the side is told exactly once, after its queue pair was
 * fenced, and within {@link ConnectionOptions#silence} and a second of the end becoming known.
 *
 * <p>Two platform threads for each channel, one reading and one writing, and one for all that looks at the time. Not virtual threads:
 * users' that poll a completion queue without a pause occupy their carriers,
 * and a REVOKE that is read late is a fenced connection. Not one selector for all: TLS by {@code SSLEngine} would be most of this file, for
 * a thousand threads of 256 KiB stack less.
 */
final class ControlChannel {
    /** The end of a channel as its owner sees it. */
    interface Side {
        /** The stream is there, encrypted if it is to be. Called by the reader. */
        void begin() throws IOException;

        /** A message came that can come. Called by the reader. */
        void take(Message message) throws IOException;

        /** Stops the queue pair. Called by anybody, any number of times; does not wait for the other side. */
        void fence();

        /** The channel is closed. Called by the reader, once, as the last thing. */
        void ended(CloseReason reason, String text, boolean byPeer);
    }

    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");
    /** How long the end of the stream is waited for after CLOSE. */
    private static final long LINGER_NS = 1_000_000_000;
    private static final int LOOKS_PER_SILENCE = 6;
    private static final long STACK_BYTES = 256 << 10;
    /** What can be queued beside what windows and regions allow: the handshake, opens of our users' threads, a PING. */
    private static final int FREE_MESSAGES = 1024;
    private static final int MESSAGES_PER_REGION = 4;
    private static final int BATCH_BYTES = 16 << 10;

    private final Socket socket;
    /** The TCP socket under {@link #socket}: closing it wakes whoever is blocked, also within TLS. */
    private final Socket raw;
    private final boolean acceptor;
    private final Side side;
    private final long silenceNs;
    private final long handshakeEndNs;
    private final Message.Limits limits;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread reader;
    private FrameReader frames;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition queued = lock.newCondition();
    private final Conversation conversation; // guarded by lock
    private final Deque<Message> queue = new ArrayDeque<>(); // guarded by lock
    private CloseReason reason; // guarded by lock; null while nobody has found one
    private String text = ""; // guarded by lock
    private boolean byPeer; // guarded by lock
    private long closingSinceNs; // guarded by lock
    private boolean writerDone; // guarded by lock
    private long pings; // the watch's
    private boolean pingOutstanding; // guarded by lock

    private volatile long heardNs = System.nanoTime();
    /** Since when the writer has been waiting for the socket, or 0. */
    private volatile long writingSinceNs;
    private ScheduledFuture<?> looks;

    /**
     * Makes a channel; it does nothing before {@link #start}.
     *
     * @param socket connected; an {@link SSLSocket} for TLS, whose handshake has not begun
     * @param raw the TCP socket under it, or the same
     */
    ControlChannel(Socket socket, Socket raw, boolean acceptor, ConnectionOptions options, Side side) {
        this.socket = socket;
        this.raw = raw;
        this.acceptor = acceptor;
        this.side = side;
        silenceNs = options.silence().toNanos();
        handshakeEndNs = System.nanoTime() + options.handshakeTimeout().toNanos();
        limits = options.limits();
        conversation = new Conversation(acceptor, limits);
        reader = DaemonThreads.named("daxverbs-connection-reader").stackSize(STACK_BYTES).unstarted(this::read);
    }

    void start() {
        long lookNs = Math.min(silenceNs / LOOKS_PER_SILENCE, LINGER_NS / 4);
        looks = Watch.every(lookNs, this::look);
        reader.start();
    }

    /** An acceptor reads messages of all types from now on. For the reader. */
    void accept() {
        frames.accept();
    }

    /**
     * Queues a message; they are sent in the order of calls. Once the channel is ending it goes nowhere.
     *
     * @return whether it was queued
     * @throws IllegalStateException if it cannot be said now
     */
    boolean send(Message message) {
        lock.lock();
        try {
            if (reason != null) {
                return false;
            }
            conversation.sending(message);
            queue.add(message);
            queued.signal();
            if (queue.size() <= FREE_MESSAGES + limits.windowRequests() + MESSAGES_PER_REGION * conversation.regionsGivenOut()) {
                return true;
            }
        } finally {
            lock.unlock();
        }
        close(CloseReason.LIMIT, "the other side asks and does not read the answers");
        return false;
    }

    /** Whether the handshake is over, and nobody has found a reason to close. */
    boolean isOpen() {
        lock.lock();
        try {
            return reason == null && conversation.isOpen();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Queues what is decided in one step with the state of the conversation: something that the conversation bounds by itself.
     *
     * @param decision makes the message, or null if there is nothing to be said now; called under the channel's lock, and what it returns
     *         will be sent
     * @return whether something was queued
     */
    boolean sendIf(Function<Conversation, Message> decision) {
        lock.lock();
        try {
            Message message = reason != null || !conversation.isOpen() ? null : decision.apply(conversation);
            if (message == null) {
                return false;
            }
            conversation.sending(message);
            queue.add(message);
            queued.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the channel: fences the queue pair, says why, and lets the reader end it. The first reason counts. Returns soon; {@link
     * #awaitEnd} waits.
     */
    void close(CloseReason why, String detail) {
        if (!decide(why, detail, false)) {
            return;
        }
        side.fence();
        sayWhy(why, detail);
    }

    /** Notes the first reason. */
    private boolean decide(CloseReason why, String detail, boolean peers) {
        lock.lock();
        try {
            if (reason != null) {
                return false;
            }
            reason = why;
            text = detail == null ? "" : detail;
            byPeer = peers;
            closingSinceNs = System.nanoTime();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void sayWhy(CloseReason why, String detail) {
        lock.lock();
        try {
            if (why == CloseReason.VERSION && acceptor) {
                queue.add(new Message.OtherVersion(MessageDecoder.VERSION, MessageDecoder.VERSION));
            } else if (why.isSent()) {
                queue.add(new Message.Close(why, detail == null ? "" : detail));
            }
            writerDone = true; // when the queue is empty
            queued.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Ends at once, without a word: for the watch, which must not wait. The reader fences. */
    private void cutOff(CloseReason why, String detail) {
        if (decide(why, detail, false)) {
            abort();
        }
    }

    private void abort() {
        try {
            raw.close();
        } catch (IOException e) {
            LOGGER.log(Logger.Level.DEBUG, "closing the socket of " + this, e);
        }
    }

    /**
     * Waits until the side has been told of the end.
     *
     * @return whether it has been
     */
    boolean awaitEnd(Duration limit) throws InterruptedException {
        return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Whether the calling thread is the one that calls the side. */
    boolean isReader() {
        return Thread.currentThread() == reader;
    }

    // The watch.

    private void look() {
        long now = System.nanoTime();
        boolean ping = false;
        lock.lock();
        try {
            if (reason != null) {
                if (now - closingSinceNs > LINGER_NS) {
                    abort();
                }
                return;
            }
            if (!conversation.isOpen()) {
                if (now - handshakeEndNs > 0) {
                    cutOff(CloseReason.HANDSHAKE, "no READY in time");
                }
                return;
            }
            ping = now - heardNs > silenceNs / 3 && !pingOutstanding;
            pingOutstanding |= ping;
        } finally {
            lock.unlock();
        }
        long writing = writingSinceNs;
        if (now - heardNs > silenceNs) {
            cutOff(CloseReason.SILENT, "nothing was heard for %d ms".formatted((now - heardNs) / 1_000_000));
        } else if (writing != 0 && now - writing > silenceNs) {
            cutOff(CloseReason.SILENT, "nothing was taken for %d ms".formatted((now - writing) / 1_000_000));
        } else if (ping) {
            try {
                send(new Message.Ping(++pings));
            } catch (IllegalStateException e) {
                LOGGER.log(Logger.Level.DEBUG, "closing meanwhile: " + this, e);
            }
        }
    }

    // The reader.

    private void read() {
        try {
            if (socket instanceof SSLSocket tls) {
                tls.startHandshake();
            }
            frames = new FrameReader(new Heard(socket.getInputStream()));
            if (!acceptor) {
                frames.accept(); // who was called may refuse by CLOSE, and is no stranger
            }
            DaemonThreads.named("daxverbs-connection-writer").stackSize(STACK_BYTES).start(this::write);
            side.begin();
            for (Message message = frames.next(); message != null; message = frames.next()) {
                if (!received(message)) {
                    break;
                }
            }
            decide(CloseReason.LOST, "the other side ended the stream without CLOSE", true);
        } catch (ProtocolException e) {
            LOGGER.log(Logger.Level.WARNING, "{0}: {1}: {2}", this, e.reason(), e.getMessage());
            close(e.reason(), e.getMessage());
            lingering();
        } catch (IOException e) {
            decide(CloseReason.LOST, e.toString(), true);
        } catch (RuntimeException | Error e) {
            LOGGER.log(Logger.Level.ERROR, toString(), e);
            close(CloseReason.INTERNAL, e.toString());
            lingering();
        } finally {
            finish();
        }
    }

    /** Returns whether there is more to be read. */
    private boolean received(Message message) throws IOException {
        boolean look;
        lock.lock();
        try {
            if (reason != null) {
                return true; // read and dropped, until the other side ends the stream
            }
            look = conversation.received(message);
            if (message instanceof Message.Pong) {
                pingOutstanding = false;
            } else if (message instanceof Message.Close close) {
                // In one step: the watch must not find a conversation that is neither open nor closed.
                decide(close.reason(), close.text(), true);
                return false;
            }
        } finally {
            lock.unlock();
        }
        switch (message) {
            case Message.Ping ping -> send(new Message.Pong(ping.number()));
            case Message.Pong _ -> {
                // heard, and that is all
            }
            default -> {
                if (look) {
                    side.take(message);
                }
            }
        }
        return true;
    }

    /**
     * Reads what still comes, so that the other side finds our CLOSE: a socket that is closed with bytes unread throws away what it has
     * sent.
     */
    private void lingering() {
        byte[] dropped = new byte[1024];
        try {
            InputStream stream = socket.getInputStream();
            while (stream.read(dropped) >= 0) {
                // the watch closes the socket when it has been long enough
            }
        } catch (IOException e) {
            LOGGER.log(Logger.Level.DEBUG, "the end of " + this, e);
        }
    }

    private void finish() {
        decide(CloseReason.INTERNAL, "", false); // there is a reason on every way here
        CloseReason why;
        String detail;
        boolean peers;
        lock.lock();
        try {
            writerDone = true;
            queue.clear();
            queued.signal();
            why = reason;
            detail = text;
            peers = byPeer;
        } finally {
            lock.unlock();
        }
        try {
            side.fence();
        } finally {
            looks.cancel(false);
            abort();
            try {
                side.ended(why, detail, peers);
            } catch (RuntimeException e) {
                LOGGER.log(Logger.Level.ERROR, "the end of " + this, e);
            } finally {
                ended.countDown();
            }
        }
    }

    /** Notes when something was heard. */
    private final class Heard extends FilterInputStream {
        Heard(InputStream stream) {
            super(new BufferedInputStream(stream));
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            heardNs = System.nanoTime();
            return read;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int read = super.read(into, offset, length);
            heardNs = System.nanoTime();
            return read;
        }
    }

    // The writer.

    private void write() {
        ByteBuffer buffer = ByteBuffer.allocate(BATCH_BYTES);
        try {
            OutputStream stream = socket.getOutputStream();
            for (;;) {
                buffer = takeBatch(buffer);
                if (buffer.position() == 0) {
                    break;
                }
                writingSinceNs = System.nanoTime();
                stream.write(buffer.array(), 0, buffer.position());
                stream.flush();
                writingSinceNs = 0;
            }
            writingSinceNs = 0;
            socket.shutdownOutput();
        } catch (IOException e) {
            // The reader finds the reason: a CLOSE that had been sent before the other side closed, or the same error.
            LOGGER.log(Logger.Level.DEBUG, "writing to " + this, e);
            writingSinceNs = 0;
        }
    }

    /** Waits for messages and encodes some; none if there will be no more. */
    private ByteBuffer takeBatch(ByteBuffer reused) {
        ByteBuffer buffer = reused.clear();
        lock.lock();
        try {
            while (queue.isEmpty()) {
                if (writerDone) {
                    return buffer;
                }
                queued.awaitUninterruptibly();
            }
            for (Message next = queue.peek(); next != null; next = queue.peek()) {
                int bytes = MessageEncoder.maxFrameBytes(next);
                if (buffer.remaining() < bytes) {
                    if (buffer.position() > 0) {
                        break;
                    }
                    buffer = ByteBuffer.wrap(Arrays.copyOf(buffer.array(), bytes));
                }
                MessageEncoder.encode(queue.remove(), buffer);
            }
            return buffer;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "control channel with " + raw.getRemoteSocketAddress();
    }
}
