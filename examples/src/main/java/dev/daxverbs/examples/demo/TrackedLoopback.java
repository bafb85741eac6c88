package dev.daxverbs.examples.demo;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.examples.load.ConnectedPair;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.RegisteredMemory;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/** daxverbs: the same calls on a {@link RegionDomain}, which follows the file. */
final class TrackedLoopback implements Loopback {
    private final RegionDomain domain;
    private final MemoryRegion file;
    private final MemoryRegion buffers;
    private final CompletionQueue queue;
    private final ConnectedPair pair;

    TrackedLoopback(DeviceContext context, DaxMapping mapping, MemorySegment bufferMemory) throws IOException {
        domain = RegionDomain.allocate(context);
        file = domain.register(mapping, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
        buffers = domain.register(bufferMemory, AccessFlag.LOCAL_WRITE);
        queue = domain.createCompletionQueue(ENTRIES);
        QueuePairOptions options = QueuePairOptions.of(queue).withRequests(REQUESTS, 1);
        pair = new ConnectedPair(domain.createQueuePair(options), domain.createQueuePair(options));
        pair.connect();
    }

    @Override
    public ConnectedPair pair() {
        return pair;
    }

    @Override
    public CompletionQueue queue() {
        return queue;
    }

    @Override
    public RegisteredMemory file() {
        return file;
    }

    @Override
    public RegisteredMemory buffers() {
        return buffers;
    }

    @Override
    public OptionalLong leaseBreaks() {
        return OptionalLong.of(file.breaks());
    }

    @Override
    public long fenced() {
        return file.fenced();
    }

    @Override
    public void close() {
        pair.close();
        queue.close();
        file.close();
        buffers.close();
        domain.close();
    }
}
