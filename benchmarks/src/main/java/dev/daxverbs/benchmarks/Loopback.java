package dev.daxverbs.benchmarks;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.RegisteredMemory;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Two queue pairs of the first device, connected to each other, with memory on both sides. Made of {@link QueuePair} and
 * {@link CompletionQueue} alone, as a user's code would be: only the constructor knows whether they are plain or tracked.
 */
public final class Loopback implements AutoCloseable {
    /** How many requests a queue pair can have outstanding, and pages a memory has. */
    public static final int DEPTH = 16;
    /** What on-demand registrations are aligned to. */
    public static final int PAGE_BYTES = 4096;

    private static final AccessFlag[] ACCESS = {AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ};

    private final Deque<AutoCloseable> opened = new ArrayDeque<>(); // closed last first
    private final QueuePair requester;
    private final QueuePair responder;
    private final CompletionQueue requesterQueue;
    private final CompletionQueue responderQueue;
    private final RegisteredMemory buffer;
    private final RegisteredMemory target;
    private final Optional<RegionDomain> tracked;
    private DaxMapping mapping; // null: the target is anonymous memory

    /**
     * Makes and connects everything, for {@link #DEPTH} requests and as many pages.
     *
     * @param memory what {@link #target()} is
     * @throws Exception if something of it cannot be had; nothing stays open then
     */
    public Loopback(TransferMemory memory) throws Exception {
        this(memory.isTracked(), memory.folder(), DEPTH, (long) DEPTH * PAGE_BYTES);
    }

    /**
     * Makes and connects everything.
     *
     * @param isTracked whether the queue pairs are those of a {@link RegionDomain}
     * @param folder where the file is made that {@link #target()} is; null for anonymous memory
     * @param depth how many requests a queue pair can have outstanding
     * @param bytes the size of each of the two memories, which begin at a page
     * @throws Exception if something of it cannot be had; nothing stays open then
     */
    Loopback(boolean isTracked, Path folder, int depth, long bytes) throws Exception {
        this(isTracked, folder, depth, bytes, 1, 0);
    }

    /**
     * Makes and connects everything.
     *
     * @param isTracked whether the queue pairs are those of a {@link RegionDomain}
     * @param folder where the file is made that {@link #target()} is; null for anonymous memory
     * @param depth how many requests a queue pair can have outstanding
     * @param bytes the size of each of the two memories, which begin at a page
     * @param elements how many scatter/gather elements a request can have
     * @param inlineBytes how many bytes of inline data a request can have
     * @throws Exception if something of it cannot be had; nothing stays open then
     */
    Loopback(boolean isTracked, Path folder, int depth, long bytes, int elements, int inlineBytes) throws Exception {
        this(isTracked, folder, depth, bytes, elements, inlineBytes, RegionOptions.defaults());
    }

    /**
     * Makes and connects everything.
     *
     * @param isTracked whether the queue pairs are those of a {@link RegionDomain}
     * @param folder where the file is made that {@link #target()} is; null for anonymous memory
     * @param depth how many requests a queue pair can have outstanding
     * @param bytes the size of each of the two memories, which begin at a page
     * @param elements how many scatter/gather elements a request can have
     * @param inlineBytes how many bytes of inline data a request can have
     * @param regionOptions those of the {@link RegionDomain}
     * @throws Exception if something of it cannot be had; nothing stays open then
     */
    Loopback(boolean isTracked, Path folder, int depth, long bytes, int elements, int inlineBytes, RegionOptions regionOptions)
            throws Exception {
        boolean made = false;
        try {
            Arena arena = open(Arena.ofShared());
            DeviceContext context = open(Device.list().getFirst().open());
            MemorySegment source = anonymous(arena, bytes);
            if (isTracked) {
                RegionDomain domain = open(RegionDomain.allocate(context, regionOptions));
                tracked = Optional.of(domain);
                requesterQueue = open(domain.createCompletionQueue(2 * depth));
                responderQueue = open(domain.createCompletionQueue(2 * depth));
                requester = open(domain.createQueuePair(options(requesterQueue, depth, elements, inlineBytes)));
                responder = open(domain.createQueuePair(options(responderQueue, depth, elements, inlineBytes)));
                buffer = open(domain.register(source, ACCESS));
                target = open(folder == null ? domain.register(anonymous(arena, bytes), ACCESS)
                        : domain.register(map(folder, bytes), ACCESS));
            } else {
                ProtectionDomain domain = open(context.allocateProtectionDomain());
                tracked = Optional.empty();
                requesterQueue = open(context.createCompletionQueue(2 * depth));
                responderQueue = open(context.createCompletionQueue(2 * depth));
                requester = open(domain.createQueuePair(options(requesterQueue, depth, elements, inlineBytes)));
                responder = open(domain.createQueuePair(options(responderQueue, depth, elements, inlineBytes)));
                buffer = open(domain.register(source, ACCESS));
                target = open(domain.register(anonymous(arena, bytes), ACCESS));
            }
            requester.connect(responder.address());
            responder.connect(requester.address());
            made = true;
        } finally {
            if (!made) {
                close();
            }
        }
    }

    private static QueuePairOptions options(CompletionQueue queue, int depth, int elements, int inlineBytes) {
        return QueuePairOptions.of(queue).withRequests(depth, depth).withElements(elements, elements).withInline(inlineBytes);
    }

    /** Every page is touched, so that the kernel does not give them all the one page of zeros. */
    private static MemorySegment anonymous(Arena arena, long bytes) {
        return arena.allocate(bytes, PAGE_BYTES).fill((byte) 1);
    }

    private DaxMapping map(Path folder, long bytes) throws IOException {
        Path path = Files.createTempFile(folder, "daxverbs-benchmark-", null);
        opened.push(() -> Files.delete(path));
        fill(path, bytes);
        DaxFile file = open(DaxFile.open(path));
        mapping = open(file.map(0, file.size()));
        return mapping;
    }

    /** Makes a file so long, with all its blocks. */
    static void fill(Path path, long bytes) throws IOException {
        try (OutputStream out = Files.newOutputStream(path)) {
            byte[] piece = new byte[(int) Math.min(bytes, 1 << 20)];
            for (long left = bytes; left > 0; left -= piece.length) {
                out.write(piece, 0, (int) Math.min(left, piece.length));
            }
        }
    }

    /** Has something closed with this, before what it was made of: the last first. */
    <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    /**
     * Who posts transfers.
     *
     * @return a queue pair
     */
    public QueuePair requester() {
        return requester;
    }

    /**
     * The peer of {@link #requester()}.
     *
     * @return a queue pair
     */
    public QueuePair responder() {
        return responder;
    }

    /**
     * Where {@link #requester()} completes.
     *
     * @return a queue
     */
    public CompletionQueue requesterQueue() {
        return requesterQueue;
    }

    /**
     * Where {@link #responder()} completes.
     *
     * @return a queue
     */
    public CompletionQueue responderQueue() {
        return responderQueue;
    }

    /**
     * Memory whose keys are fixed, which receives may name.
     *
     * @return {@link #DEPTH} anonymous pages, unless another size was asked for
     */
    public RegisteredMemory buffer() {
        return buffer;
    }

    /**
     * The memory that was asked for.
     *
     * @return {@link #DEPTH} pages, unless another size was asked for
     */
    public RegisteredMemory target() {
        return target;
    }

    /** The mapping that {@link #target()} lies over; null for anonymous memory. */
    DaxMapping mapping() {
        return mapping;
    }

    /** What tracks the queue pairs; empty if they are plain. */
    Optional<RegionDomain> regionDomain() {
        return tracked;
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
