package dev.daxverbs.benchmarks;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.connection.ConnectionOptions;
import dev.daxverbs.connection.Listener;
import dev.daxverbs.connection.RemoteRegion;
import dev.daxverbs.connection.Right;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Two ends in one process, connected by {@link Listener} and {@link Connection}. Each has a domain of its own over the first device, a leased
 * file of two transfers that the other has opened by its name, and a page of anonymous memory.
 */
final class ConnectedPair implements AutoCloseable {
    private static final AccessFlag[] ACCESS = {AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ};
    private static final long PATH_WITHIN_NS = TimeUnit.SECONDS.toNanos(60);
    private static final int LOOK_MS = 20;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>(); // closed last first
    private final End connector;
    private final End acceptor;

    /** One side of it. */
    static final class End {
        private final RegionDomain domain;
        private final Path path;
        private final MemoryRegion exported;
        private final MemorySegment file;
        private final MemoryRegion buffer;
        private final MemorySegment anonymous;
        private Connection connection;
        private RemoteRegion remote;

        private End(ConnectedPair pair, Path folder, int bytes) throws IOException {
            DeviceContext context = pair.open(Device.list().getFirst().open());
            domain = pair.open(RegionDomain.allocate(context));
            path = Files.createTempFile(folder, "daxverbs-benchmark-", null);
            pair.opened.push(() -> Files.delete(path));
            Loopback.fill(path, 2L * bytes);
            DaxFile leased = pair.open(DaxFile.open(path));
            DaxMapping mapping = pair.open(leased.map(0, 2L * bytes));
            exported = pair.open(domain.register(mapping, ACCESS));
            file = mapping.segment();
            anonymous = pair.open(Arena.ofShared()).allocate(bytes, Loopback.PAGE_BYTES).fill((byte) 1);
            buffer = pair.open(domain.register(anonymous, ACCESS));
        }

        Connection connection() {
            return connection;
        }

        /** The other end's file. */
        RemoteRegion remote() {
            return remote;
        }

        /** This end's file, as it is mapped: what the other writes is seen here. */
        MemorySegment file() {
            return file;
        }

        /** {@link #anonymous} registered. */
        MemoryRegion buffer() {
            return buffer;
        }

        /** The page that is transferred from and to. */
        MemorySegment anonymous() {
            return anonymous;
        }

        /** How many of its transfers have gone by messages. */
        long emulated() {
            return domain.counters().emulated();
        }
    }

    /**
     * Connects two ends.
     *
     * @param folder where their files are made
     * @param bytes of a transfer, at most; a multiple of pages
     * @throws Exception if something of it cannot be had; nothing stays open then
     */
    ConnectedPair(Path folder, int bytes) throws Exception {
        boolean made = false;
        try {
            acceptor = new End(this, folder, bytes);
            connector = new End(this, folder, bytes);
            Listener listener = open(Listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), acceptor.domain, options()));
            listener.export("acceptor", acceptor.exported, Right.READ, Right.WRITE);
            connector.connection = open(Connection.connect(listener.address(), connector.domain, options()));
            connector.connection.export("connector", connector.exported, Right.READ, Right.WRITE);
            acceptor.connection = open(listener.accept());
            connector.remote = open(connector.connection.remote("acceptor"));
            acceptor.remote = open(acceptor.connection.remote("connector"));
            made = true;
        } finally {
            if (!made) {
                close();
            }
        }
    }

    /** Those of a machine with emulated processors. */
    private static ConnectionOptions options() {
        return new ConnectionOptions().handshakeTimeout(Duration.ofMinutes(1)).openTimeout(Duration.ofMinutes(1))
                .silence(Duration.ofMinutes(1)).path(() -> new ConnectOptions().retries(18, 7));
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    End connector() {
        return connector;
    }

    End acceptor() {
        return acceptor;
    }

    /** How many transfers have gone by messages, of both ends. */
    long emulated() {
        return connector.emulated() + acceptor.emulated();
    }

    /** Waits until transfers of both ends take this path. */
    void await(TransferPath wanted) throws InterruptedException {
        long beganNs = System.nanoTime();
        while (connector.remote.path() != wanted || acceptor.remote.path() != wanted) {
            if (System.nanoTime() - beganNs > PATH_WITHIN_NS) {
                throw new IllegalStateException("%s and %s, not both %s".formatted(connector.remote.path(), acceptor.remote.path(), wanted));
            }
            Thread.sleep(LOOK_MS);
        }
    }

    /** Has another process open both files for writing, and keep them open until what is returned is closed. */
    AutoCloseable holdOpen() throws IOException {
        Process holder = new ProcessBuilder("sh", "-c", "exec 3<> \"$1\" 4<> \"$2\"; echo open; read -r line", "holder",
                connector.path.toString(), acceptor.path.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        if (holder.getInputStream().read() != 'o') {
            holder.destroyForcibly();
            throw new IOException("the files cannot be held open");
        }
        return () -> {
            holder.outputWriter().close(); // it reads the end
            holder.waitFor();
        };
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
