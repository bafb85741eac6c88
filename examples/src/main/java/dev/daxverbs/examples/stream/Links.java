package dev.daxverbs.examples.stream;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.connection.ConnectionOptions;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.QueuePairOptions;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** How the connections of the two processes are made. Each has a completion queue of its own, which is made here, and to be closed after it. */
final class Links implements AutoCloseable {
    /** The name of the file's region. */
    static final String NAME = "file";
    /** Emulated processors may be late, and whoever is gone must still be known before a break's deadline, which is 22.5 s. */
    private static final Duration SILENCE = Duration.ofSeconds(15);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    /** A second, as of pairs in loopback: see {@link dev.daxverbs.examples.load.ConnectedPair}. */
    private static final int TIMEOUT_EXPONENT = 18;
    private static final int RETRIES = 7;
    /** Devices may grant more requests than were asked for. */
    private static final int ENTRIES_PER_REQUEST = 4;

    private final Queue<CompletionQueue> queues = new ConcurrentLinkedQueue<>();

    /**
     * The options of connections.
     *
     * @param sends how many send work requests
     * @param receives how many receives
     * @param receiveElements how many elements each of these
     */
    ConnectionOptions options(int sends, int receives, int receiveElements) {
        return new ConnectionOptions().handshakeTimeout(PATIENCE).openTimeout(PATIENCE).silence(SILENCE)
                .path(() -> new ConnectOptions().retries(TIMEOUT_EXPONENT, RETRIES))
                .queuePair(domain -> {
                    CompletionQueue queue = domain.createCompletionQueue((sends + receives) * ENTRIES_PER_REQUEST);
                    queues.add(queue);
                    return QueuePairOptions.of(queue).withRequests(sends, receives).withElements(1, receiveElements);
                });
    }

    /** Why a connection has ended. */
    static String end(Connection connection) {
        return connection.closeReason().map(reason -> "the connection has ended, %s: %s%s".formatted(connection.isClosedByPeer() ? "by the other side"
                : "by this side", reason, connection.closeText().filter(text -> !text.isEmpty()).map(text -> ", " + text).orElse("")))
                .orElse("the connection is open");
    }

    @Override
    public void close() {
        while (!queues.isEmpty()) {
            queues.remove().close();
        }
    }
}
