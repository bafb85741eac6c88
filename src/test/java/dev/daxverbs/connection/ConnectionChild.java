package dev.daxverbs.connection;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The other side of a test, in a process of its own that the test can kill. {@code owner PORT [FILE]}: listens, exports "memory", which is
 * the file if one is named, and says "listening".
 * {@code peer PORT}: connects, writes to "memory" without a pause, and says "working" when some have completed. Both end when standard
 * input does.
 */
public final class ConnectionChild {
    private static final int DEPTH = 16;

    private ConnectionChild() {
    }

    /** The process. */
    public static void main(String[] arguments) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]));
        try (RdmaEnd end = new RdmaEnd()) {
            if (arguments[0].equals("owner")) {
                listen(end, address, arguments.length > 2 ? Path.of(arguments[2]) : null);
            } else {
                try (Connection connection = Connection.connect(address, end.domain, RdmaEnd.patient())) {
                    work(end, connection);
                }
            }
        }
    }

    private static void listen(RdmaEnd end, InetSocketAddress address, Path file) throws Exception {
        if (file != null) {
            serve(end, new OwnedFile(end, file, address, RdmaEnd.patient()).listener);
            return;
        }
        try (Listener listener = Listener.bind(address, end.domain, RdmaEnd.patient())) {
            listener.export("memory", end.memory, Right.READ, Right.WRITE);
            serve(end, listener);
        }
    }

    private static void serve(RdmaEnd end, Listener listener) throws Exception {
        System.out.println("listening");
        while (System.in.available() == 0) {
            Optional<Connection> accepted = listener.accept(Duration.ofMillis(100));
            if (accepted.isPresent()) {
                end.closing(accepted.get());
            }
        }
    }

    private static void work(RdmaEnd end, Connection connection) throws Exception {
        long completed = load(end, connection, connection.remote("memory"), 100);
        System.out.println(completed == 100 ? "working" : "failed after " + completed);
        load(end, connection, connection.remote("memory"), Long.MAX_VALUE);
        Eventually.await("the end", () -> connection.closeReason().isPresent());
        System.out.println("ended: " + connection.closeReason());
    }

    /** Keeps writes in flight until so many have completed, or one has failed; returns how many have. */
    static long load(RdmaEnd end, Connection connection, RemoteRegion target, long limit) {
        SendWorkRequests requests = new SendWorkRequests(1);
        WorkCompletions completions = new WorkCompletions(DEPTH);
        long posted = 0;
        long completed = 0;
        while (completed < limit) {
            while (posted - completed < DEPTH && posted < limit) {
                requests.clear();
                try {
                    requests.write(posted).local(end.memory, posted % DEPTH * 4096, 4096).remote(target, posted % DEPTH * 4096).signaled();
                    connection.queuePair().postSend(requests);
                } catch (IllegalStateException e) {
                    return completed; // the connection has ended
                }
                posted++;
            }
            int polled = connection.queuePair().options().sendQueue().poll(completions);
            for (int i = 0; i < polled; i++) {
                if (completions.status(i) != CompletionStatus.SUCCESS) {
                    return completed;
                }
                completed++;
            }
        }
        return completed;
    }
}
