package dev.daxverbs.testing;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Two queue pairs of a region domain, connected to each other, and what tests do with them: one page a transfer, each with its own content. */
public final class RegionPair implements AutoCloseable {
    public static final int PAGE = 4096;
    public static final int DEPTH = 16;

    public final DeviceContext context;
    public final RegionDomain domain;
    public final CompletionQueue queue;
    public final CompletionQueue peerQueue;
    public final QueuePair requester;
    public final QueuePair responder;
    /** Anonymous memory of as many pages as the queue is deep, twice. */
    public final MemoryRegion buffer;
    private final Arena arena = Arena.ofShared();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final SendWorkRequests requests = new SendWorkRequests(1);
    private final WorkCompletions completions = new WorkCompletions(DEPTH);

    /** A pair on the first device. */
    public RegionPair() {
        this(Device.list().getFirst());
    }

    /** A pair on a device. */
    public RegionPair(Device device) {
        this(device, RegionOptions.defaults());
    }

    /** A pair on a device, of a domain with options. */
    public RegionPair(Device device, RegionOptions options) {
        context = device.open();
        domain = RegionDomain.allocate(context, options);
        queue = domain.createCompletionQueue(4 * DEPTH);
        peerQueue = domain.createCompletionQueue(4 * DEPTH);
        requester = domain.createQueuePair(QueuePairOptions.of(queue).withRequests(DEPTH, DEPTH).withElements(2, 1));
        responder = domain.createQueuePair(QueuePairOptions.of(peerQueue).withRequests(DEPTH, DEPTH));
        // A second without an answer before anything is sent again: the usual 67 ms, eight times, can pass on busy emulated processors.
        ConnectOptions patient = new ConnectOptions().retries(18, 7);
        requester.connect(responder.address(patient), patient);
        responder.connect(requester.address(patient), patient);
        buffer = domain.register(arena.allocate(2L * DEPTH * PAGE, PAGE), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE,
                AccessFlag.REMOTE_READ);
    }

    /** Opens and maps a file, closed with the pair. */
    public DaxMapping map(Path path) {
        try {
            DaxFile file = DaxFile.open(path);
            opened.push(file);
            DaxMapping mapping = file.map(0, file.size());
            opened.push(mapping);
            return mapping;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A region over a file, closed with the pair. */
    public MemoryRegion region(DaxMapping mapping) {
        try {
            MemoryRegion region = domain.register(mapping, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
            opened.push(region);
            return region;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes something with the pair, before what was opened earlier. */
    public <T extends AutoCloseable> T closing(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Posts a signaled write of one page with content of its own; returns whether it was accepted. */
    public boolean write(long id, byte content, MemoryRegion target, long page) {
        return write(id, content, target, page, true);
    }

    /** Posts a write of one page with content of its own; returns whether it was accepted. */
    public boolean write(long id, byte content, MemoryRegion target, long page, boolean signaled) {
        long at = id % (2 * DEPTH) * PAGE;
        buffer.segment().asSlice(at, PAGE).fill(content);
        requests.clear();
        requests.write(id).local(buffer, at, PAGE).remote(target, page * PAGE);
        if (signaled) {
            requests.signaled();
        }
        return requester.postSend(requests) == 1;
    }

    /** Waits for so many completions; returns "number status" of each. */
    public List<String> complete(int count) {
        List<String> seen = new ArrayList<>();
        Eventually.await(count + " completions, of which there are " + seen, () -> {
            int polled = queue.poll(completions);
            for (int i = 0; i < polled; i++) {
                seen.add(completions.wrId(i) + " " + completions.status(i));
            }
            return seen.size() >= count;
        });
        return seen;
    }

    /** What there is now. */
    public List<String> completeNow() {
        List<String> seen = new ArrayList<>();
        int polled = queue.poll(completions);
        for (int i = 0; i < polled; i++) {
            seen.add(completions.wrId(i) + " " + completions.status(i));
        }
        return seen;
    }

    /** Waits for one completion, with success. */
    public void completeOne() {
        List<String> seen = complete(1);
        if (!seen.getFirst().endsWith(" " + CompletionStatus.SUCCESS)) {
            throw new AssertionError(seen);
        }
    }

    /** One byte of the file, as pread sees it. */
    public static byte byteOf(DaxFile file, long page) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(PAGE);
            long read = file.read(bytes, page * PAGE);
            if (read != PAGE) {
                throw new AssertionError("read " + read + " bytes of page " + page);
            }
            byte first = bytes.get(ValueLayout.JAVA_BYTE, 0);
            for (int i = 1; i < PAGE; i++) {
                if (bytes.get(ValueLayout.JAVA_BYTE, i) != first) {
                    throw new AssertionError("page " + page + " is mixed at byte " + i);
                }
            }
            return first;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws Exception {
        requester.close();
        responder.close();
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        buffer.close();
        queue.close();
        peerQueue.close();
        domain.close();
        context.close();
        arena.close();
    }
}
