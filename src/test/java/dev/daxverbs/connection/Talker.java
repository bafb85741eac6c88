package dev.daxverbs.connection;

import dev.daxverbs.testing.Eventually;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** One end of a control channel, without a device: says what the handshake needs, and notes all that it is told. */
final class Talker implements ControlChannel.Side {
    final BlockingQueue<Message> taken = new LinkedBlockingQueue<>();
    final CountDownLatch open = new CountDownLatch(1);
    final CountDownLatch end = new CountDownLatch(1);
    final AtomicInteger fenced = new AtomicInteger();
    final AtomicInteger endings = new AtomicInteger();
    volatile ControlChannel channel;
    volatile CloseReason reason;
    volatile String text;
    volatile boolean byPeer;
    private final boolean acceptor;

    Talker(boolean acceptor) {
        this.acceptor = acceptor;
    }

    @Override
    public void begin() {
        if (!acceptor) {
            channel.send(Samples.HELLO);
        }
    }

    @Override
    public void take(Message message) throws IOException {
        switch (message) {
            case Message.Hello _ -> {
                if (acceptor) {
                    channel.accept();
                    channel.send(Samples.HELLO);
                }
                channel.send(Samples.READY);
            }
            case Message.Ready _ -> open.countDown();
            case Message.Open request -> channel.send(new Message.Refused(request.request(), Refusal.UNKNOWN_NAME, request.name()));
            default -> {
                // noted
            }
        }
        taken.add(message);
    }

    @Override
    public void fence() {
        fenced.incrementAndGet();
    }

    @Override
    public void ended(CloseReason why, String detail, boolean peers) {
        reason = why;
        text = detail;
        byPeer = peers;
        endings.incrementAndGet();
        end.countDown();
    }

    /** Waits for the next message of a kind. */
    <T extends Message> T next(Class<T> kind) {
        Message message;
        do {
            message = Eventually.take(kind.getSimpleName(), taken);
        } while (!kind.isInstance(message));
        return kind.cast(message);
    }

    /** Two sockets that are connected to each other. */
    static Socket[] sockets(InetAddress address) throws IOException {
        try (ServerSocket server = new ServerSocket()) {
            server.bind(new InetSocketAddress(address, 0));
            Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
            return new Socket[] {client, server.accept()};
        }
    }

    /** A channel on a socket. */
    static Talker on(Socket socket, Socket raw, boolean acceptor, ConnectionOptions options) {
        Talker talker = new Talker(acceptor);
        talker.channel = new ControlChannel(socket, raw, acceptor, options, talker);
        talker.channel.start();
        return talker;
    }
}
