package dev.daxverbs.connection;

import dev.daxverbs.grant.DrainedQueuePair;
import dev.daxverbs.grant.Landing;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.Gid;
import dev.daxverbs.verbs.GidEntry;
import dev.daxverbs.verbs.GidType;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.VerbsException;

import java.lang.System.Logger;
import java.lang.foreign.Arena;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.Optional;

/**
 * What a connection has of the device: the queue pair, a completion queue if the user gave none, and the landing.
 *
 * <p>Thread use: {@link #fence}, {@link #release} and {@link #close} by any thread; the rest by the reader.
 */
final class LocalEnd implements AutoCloseable {
    private static final Logger LOGGER = System.getLogger("dev.daxverbs.connection");
    private static final int COMPLETIONS = 256;
    /** Reads and atomics at once: the most that the default of {@link ConnectOptions} asks for. */
    private static final int READS = 16;
    private static final int PAGE_BYTES = 4096;

    private final DeviceContext context;
    private final CompletionQueue ownQueue; // null: the user's
    private final QueuePair queuePair;
    private final Arena arena = Arena.ofShared();
    private final MemoryRegion landing;
    private final ConnectOptions path;
    private final GidEntry source;
    private boolean released; // guarded by this

    private LocalEnd(RegionDomain domain, ConnectionOptions options, InetAddress local, Message.Endpoint peer) {
        context = domain.protectionDomain().context();
        path = options.path().get();
        source = source(context, path, local, peer);
        path.gidIndex(source.index());
        MemoryRegion memory = null;
        CompletionQueue queue = null;
        try {
            memory = domain.register(arena.allocate(options.landingBytes(), PAGE_BYTES), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE,
                    AccessFlag.REMOTE_READ);
            QueuePairOptions parts;
            if (options.queuePair() == null) {
                queue = domain.createCompletionQueue(COMPLETIONS);
                parts = QueuePairOptions.of(queue);
            } else {
                parts = options.queuePair().apply(domain);
            }
            queuePair = domain.createQueuePair(parts);
        } catch (RuntimeException | Error e) {
            if (queue != null) {
                queue.close();
            }
            if (memory != null) {
                memory.close();
            }
            arena.close();
            throw e;
        }
        landing = memory;
        ownQueue = queue;
    }

    /**
     * Makes it.
     *
     * @param local the address of the control connection here
     * @param peer where the other side's queue pair is, or null while that is not known
     * @throws VerbsException if the device refuses, or has no address of the right kind
     */
    static LocalEnd make(RegionDomain domain, ConnectionOptions options, InetAddress local, Message.Endpoint peer) {
        return new LocalEnd(domain, options, local, peer);
    }

    /** The entry of the GID table that packets come from. */
    static GidEntry source(DeviceContext context, ConnectOptions path, InetAddress local, Message.Endpoint peer) {
        if (path.gidIndex().isPresent()) {
            return context.gid(path.port(), path.gidIndex().getAsInt());
        }
        Optional<GidEntry> best = context.gids().stream()
                .filter(entry -> entry.port() == path.port() && entry.type() != GidType.UNKNOWN)
                .filter(entry -> peer == null || entry.type() == peer.gidType())
                .max(Comparator.comparingInt((GidEntry entry) -> fitness(entry.type(), entry.gid(), local, peer == null ? null
                        : peer.queuePair().gid())).thenComparing(Comparator.comparingInt(GidEntry::index).reversed()));
        return best.orElseThrow(() -> new VerbsException("ibv_query_gid_table(%s, port_num=%d)".formatted(context, path.port()),
                Errno.ENODATA, peer == null ? "the port has no GID: give its network device an IP address"
                        : "no GID of type %s, which the other side has".formatted(peer.gidType())));
    }

    /**
     * How well an entry fits: the kind of packets, then the kind of address that the other side has, then the very address that the control
     * connection has.
     */
    static int fitness(GidType type, Gid gid, InetAddress local, Gid peer) {
        int fitness = type == GidType.ROCE_V2 ? 8 : type == GidType.INFINIBAND ? 4 : 0;
        boolean ipv4Wanted = peer != null ? peer.isIpv4Mapped() : local instanceof Inet4Address;
        if (gid.isIpv4Mapped() == ipv4Wanted) {
            fitness += peer != null ? 3 : 1;
        }
        if (peer != null && !ipv4Wanted && isLinkLocal(gid) == isLinkLocal(peer)) {
            fitness += 1;
        }
        if (gid.toInetAddress().equals(withoutScope(local))) {
            fitness += 2;
        }
        return fitness;
    }

    private static boolean isLinkLocal(Gid gid) {
        return gid.toInetAddress().isLinkLocalAddress();
    }

    private static InetAddress withoutScope(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // its length is that of an address
        }
    }

    QueuePair queuePair() {
        return queuePair;
    }

    Message.Endpoint endpoint() {
        return new Message.Endpoint(source.type(), queuePair.address(path), context.port(path.port()).activeMtu(), ownReads());
    }

    private int ownReads() {
        return Math.max(1, Math.min(READS, context.attributes().maxQpRdAtom()));
    }

    /**
     * Lets the queue pair be drained.
     *
     * @param peers the other side's landing
     * @param whenDead is called when the queue pair is stopped
     */
    void attach(Landing peers, Runnable whenDead) {
        drained().attach(new Landing(landing.address(), landing.localKey(), (int) landing.byteSize()), peers, whenDead);
    }

    DrainedQueuePair drained() {
        return (DrainedQueuePair) queuePair;
    }

    Message.Ready ready() {
        return new Message.Ready(landing.address(), landing.remoteKey(), (int) landing.byteSize());
    }

    /**
     * Takes the queue pair to RTS.
     *
     * @throws VerbsException if the device refuses the other side's address
     */
    void connect(Message.Endpoint peer) {
        Mtu own = context.port(path.port()).activeMtu();
        path.pathMtu(own.compareTo(peer.mtu()) < 0 ? own : peer.mtu());
        path.reads(Math.min(READS, peer.reads()), ownReads());
        queuePair.connect(peer.queuePair(), path);
    }

    /** Stops the queue pair: what was posted is flushed, and what arrives is dropped by the device. */
    void fence() {
        if (queuePair.state() == QueuePairState.RESET) {
            return; // nothing passes there, and rxe refuses the way from there to ERR; whoever is just connecting it fences it afterwards
        }
        try {
            queuePair.toError();
        } catch (IllegalStateException e) {
            LOGGER.log(Logger.Level.DEBUG, "closed before it was stopped", e);
        } catch (VerbsException e) {
            LOGGER.log(Logger.Level.WARNING, "cannot be stopped, as when its device is gone", e);
        }
    }

    /** Gives back what nobody can use any more when the queue pair is stopped. */
    synchronized void release() {
        if (!released) {
            landing.close();
            arena.close();
            released = true;
        }
    }

    @Override
    public void close() {
        queuePair.close();
        release();
        if (ownQueue != null) {
            ownQueue.close();
        }
    }
}
