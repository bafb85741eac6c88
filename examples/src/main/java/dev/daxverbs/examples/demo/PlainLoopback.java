package dev.daxverbs.examples.demo;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.examples.load.ConnectedPair;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.RegisteredMemory;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;

/** Plain verbs: the mapping is registered once, as any memory is, and nobody knows of its file. */
final class PlainLoopback implements Loopback {
    private final ProtectionDomain domain;
    private final MemoryRegistration file;
    private final MemoryRegistration buffers;
    private final CompletionQueue queue;
    private final ConnectedPair pair;

    PlainLoopback(DeviceContext context, DaxMapping mapping, MemorySegment bufferMemory, boolean onDemand) {
        domain = context.allocateProtectionDomain();
        Set<AccessFlag> access = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
        if (onDemand) {
            access.add(AccessFlag.ON_DEMAND);
        }
        file = domain.register(mapping.segment(), access);
        buffers = domain.register(bufferMemory, AccessFlag.LOCAL_WRITE);
        queue = context.createCompletionQueue(ENTRIES);
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
        return OptionalLong.empty();
    }

    @Override
    public long fenced() {
        return 0;
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
