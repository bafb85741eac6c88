package dev.daxverbs.benchmarks;

import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionCounters;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** As users of the library do. The elements are of the memory that is asked for; inline data has none, so it is written to it. */
final class LibraryWay extends PostWay {
    private static final Path TMPFS = Path.of("/dev/shm");

    private final PostShape shape;
    private final Loopback loopback;
    private final QueuePair queuePair;
    private final CompletionQueue queue;
    private final RegisteredMemory local;
    private final RegisteredMemory remote;
    private final MemorySegment inlineData;
    private final SendWorkRequests requests;
    private final WorkCompletions completions;

    /**
     * A way through the library.
     *
     * @param shape what is posted
     * @param isTracked whether through tracked queue pairs, with a leased file on tmpfs; otherwise plain ones with anonymous memory
     */
    LibraryWay(PostShape shape, boolean isTracked) throws Exception {
        this.shape = shape;
        loopback = new Loopback(isTracked, isTracked ? TMPFS : null, Loopback.DEPTH, (long) Loopback.DEPTH * Loopback.PAGE_BYTES,
                shape.elements(), shape.inlineBytes());
        queuePair = loopback.requester();
        queue = loopback.requesterQueue();
        local = loopback.target();
        remote = shape.isInline() ? loopback.target() : loopback.buffer();
        inlineData = MemorySegment.ofArray(new byte[shape.bytes()]);
        requests = new SendWorkRequests(shape.requests(), shape.elements(), shape.inlineBytes());
        completions = new WorkCompletions(shape.requests());
    }

    @Override
    void fill(long wrId) {
        int count = shape.requests();
        int gathered = shape.elements();
        int bytes = shape.bytes();
        requests.clear();
        for (int i = 0; i < count; i++) {
            requests.write(wrId + i);
            if (shape.isInline()) {
                requests.inline(inlineData, 0, bytes);
            } else {
                for (int k = 0; k < gathered; k++) {
                    requests.local(local, (long) k * bytes, bytes);
                }
            }
            requests.remote(remote, 0).signaled();
        }
    }

    @Override
    long postAndPoll() {
        int count = shape.requests();
        if (queuePair.postSend(requests) != count || queue.poll(completions) != count) {
            throw incomplete();
        }
        long sum = 0;
        for (int i = 0; i < count; i++) {
            if (!completions.isSuccess(i)) {
                throw incomplete();
            }
            sum += completions.wrId(i);
        }
        return sum;
    }

    @Override
    public void close() throws Exception {
        if (loopback.regionDomain().isPresent()) {
            RegionCounters counters = loopback.regionDomain().get().counters();
            if (counters.direct() == 0 || counters.staged() != 0 || counters.breaks() != 0) {
                throw new IllegalStateException("not all transfers took the direct path: %s, %s".formatted(counters,
                        ((MemoryRegion) loopback.target()).describe()));
            }
        }
        loopback.close();
    }
}
