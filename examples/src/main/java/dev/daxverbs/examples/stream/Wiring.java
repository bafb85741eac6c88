package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.ConnectedPair;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.QueuePairOptions;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What one thread works with: two queue pairs that are connected to each other, one completion queue for all their completions, and
 * anonymous memory for the places and for the target's receives.
 *
 * @param pair the initiator, which also receives into the file, and the target, which also sends
 * @param queue where all of it completes
 * @param buffers the anonymous memory
 * @param memory its segment
 */
record Wiring(ConnectedPair pair, CompletionQueue queue, MemoryRegion buffers, MemorySegment memory) implements AutoCloseable {
    /** Beyond the depth, as a transfer that has completed is counted a little later. */
    private static final int SPARE_REQUESTS = 16;
    /** Requests of the two send queues and the two receive queues; devices may grant more than was asked for. */
    private static final int ENTRIES_PER_REQUEST = 8;
    private static final int ELEMENTS = 2;

    static Wiring of(RegionDomain domain, Settings settings, Arena arena) {
        MemorySegment memory = arena.allocate(receiveOffset(settings, receives(settings)), Layout.PAGE_BYTES);
        MemoryRegion buffers = domain.register(memory, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
        CompletionQueue queue = null;
        try {
            queue = domain.createCompletionQueue(entries(settings));
            QueuePairOptions options = QueuePairOptions.of(queue).withRequests(requests(settings), requests(settings)).withElements(ELEMENTS, 1);
            ConnectedPair pair = new ConnectedPair(domain.createQueuePair(options), domain.createQueuePair(options));
            pair.connect();
            return new Wiring(pair, queue, buffers, memory);
        } catch (RuntimeException e) {
            if (queue != null) {
                queue.close();
            }
            buffers.close();
            throw e;
        }
    }

    /** How many requests each send and receive queue takes. */
    static int requests(Settings settings) {
        return settings.depth() + SPARE_REQUESTS;
    }

    static int entries(Settings settings) {
        return requests(settings) * ENTRIES_PER_REQUEST;
    }

    /** How many receives the target has posted on anonymous memory: no message must come without one. */
    static int receives(Settings settings) {
        return settings.depth() + SPARE_REQUESTS / 2;
    }

    /** Where a receive's buffer begins. */
    static long receiveOffset(Settings settings, int receive) {
        return settings.depth() * Place.bytes(settings) + (long) receive * settings.size();
    }

    @Override
    public void close() {
        pair.close();
        queue.close();
        buffers.close();
    }
}
