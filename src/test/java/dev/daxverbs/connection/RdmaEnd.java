package dev.daxverbs.connection;

import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** One side with a device: a domain, and memory that the other side may use. */
final class RdmaEnd implements AutoCloseable {
    static final int BYTES = 64 << 10;

    final DeviceContext context;
    final RegionDomain domain;
    final MemorySegment segment;
    final MemoryRegion memory;
    private final Arena arena = Arena.ofShared();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    RdmaEnd() {
        this("rxe0");
    }

    RdmaEnd(String device) {
        context = Device.byName(device).open();
        domain = RegionDomain.allocate(context);
        segment = arena.allocate(BYTES, 4096);
        memory = domain.register(segment, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ, AccessFlag.REMOTE_ATOMIC);
    }

    /** Options that bear a busy machine with emulated processors. */
    static ConnectionOptions patient() {
        return new ConnectionOptions().handshakeTimeout(Duration.ofMinutes(1)).openTimeout(Duration.ofMinutes(1)).silence(Duration.ofMinutes(1))
                .path(() -> new ConnectOptions().retries(18, 7));
    }

    /** Closes something with this side, before what was opened earlier. */
    <T extends AutoCloseable> T closing(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Writes one page of this side's memory; returns how it ended. */
    CompletionStatus write(Connection connection, byte content, long offset, RegisteredMemory target, long targetOffset) {
        segment.asSlice(offset, 4096).fill(content);
        return run(connection, new SendWorkRequests(1).write(1).local(memory, offset, 4096).remote(target, targetOffset).signaled());
    }

    /** Reads one page into this side's memory, and returns its first byte. */
    byte read(Connection connection, long offset, RegisteredMemory source, long sourceOffset) {
        CompletionStatus status = run(connection, new SendWorkRequests(1).read(1).local(memory, offset, 4096).remote(source, sourceOffset)
                .signaled());
        if (status != CompletionStatus.SUCCESS) {
            throw new AssertionError(status);
        }
        return segment.get(ValueLayout.JAVA_BYTE, offset);
    }

    private static CompletionStatus run(Connection connection, SendWorkRequests requests) {
        if (connection.queuePair().postSend(requests) != 1) {
            throw new AssertionError("the send queue is full");
        }
        return complete(connection.queuePair(), 1).getFirst();
    }

    /** Posts receives. */
    void receive(Connection connection, int count) {
        for (int i = 0; i < count; i++) {
            connection.queuePair().postReceive(new ReceiveWorkRequests(1).receive(i).local(memory, 0, 16));
        }
    }

    /** Waits for so many completions. */
    static List<CompletionStatus> complete(QueuePair queuePair, int count) {
        List<CompletionStatus> seen = new ArrayList<>();
        WorkCompletions completions = new WorkCompletions(16);
        Eventually.await(count + " completions", () -> {
            int polled = queuePair.options().sendQueue().poll(completions);
            for (int i = 0; i < polled; i++) {
                seen.add(completions.status(i));
            }
            return seen.size() >= count;
        });
        return seen;
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        memory.close();
        domain.close();
        context.close();
        arena.close();
    }
}
