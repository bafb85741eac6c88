package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The lease on the owner's file is broken by other processes, and the peer's transfers go on. Both sides are in this process, each with a
 * domain of its own.
 */
@RequiresDevice
class RevocationTest extends TwoEnds {
    private static final int PAGE = 4096;
    private static final int BYTES = 1 << 20;
    private static final int BREAKS = 8;
    private static final long LOOK_NS = 50_000;
    private static final long ORDERED = Long.getLong("daxverbs.ordered", 0);
    private static final VarHandle FLAG = ValueLayout.JAVA_LONG.varHandle();

    /** A file of one side's that the other has opened. */
    private static final class Shared {
        final OwnedFile owned;
        final DaxFile file;
        final MemoryRegion region;
        final Listener listener;
        final Connection connection;
        final Connection accepted;
        final RemoteRegion remote;

        Shared(RdmaEnd owner, RdmaEnd peer, Path path) throws Exception {
            this(owner, peer, path, RdmaEnd::patient);
        }

        Shared(RdmaEnd owner, RdmaEnd peer, Path path, Supplier<ConnectionOptions> options) throws Exception {
            owned = new OwnedFile(owner, path, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), options.get());
            file = owned.file;
            region = owned.region;
            listener = owned.listener;
            CompletionQueue queue = peer.closing(peer.domain.createCompletionQueue(256));
            connection = peer.closing(Connection.connect(listener.address(), peer.domain, options.get().queuePair(domain -> QueuePairOptions.of(queue)
                    .withRequests(64, 64).withElements(3, 1))));
            accepted = owner.closing(listener.accept());
            remote = connection.remote("memory");
        }

        byte[] read(long position, int length) {
            return owned.read(position, length);
        }
    }

    private static OtherProcess hold(Shared shared, Path path) {
        OtherProcess holder = OtherProcess.writeOpenUntilTold(path);
        holder.awaitLine("open");
        Eventually.await("that the key has ended", () -> shared.remote.path() == TransferPath.EMULATED);
        return holder;
    }

    private static void letGo(OtherProcess holder, Shared shared) {
        holder.tell("close");
        holder.awaitSuccess();
        Eventually.await("a key again", () -> shared.remote.path() == TransferPath.DIRECT);
    }

    private static CompletionStatus run(Connection connection, SendWorkRequests requests) {
        assertThat(connection.queuePair().postSend(requests)).isEqualTo(requests.size());
        return RdmaEnd.complete(connection.queuePair(), 1).getLast();
    }

    @ParameterizedTest
    @MethodSource("dev.daxverbs.testing.FileSystemUnderTest#present")
    void shouldGoByMessageWhileAnotherHasTheFileAndByTheDeviceAfterwards(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("shared", BYTES);
        Shared shared = new Shared(owner, peer, path);
        RemoteRegion remote = shared.remote;
        Eventually.await("a key", () -> remote.path() == TransferPath.DIRECT);
        assertThat(peer.write(shared.connection, (byte) 1, 0, remote, 0)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(peer.domain.counters().emulated()).isZero();
        try (OtherProcess holder = hold(shared, path)) {
            assertThatThrownBy(remote::remoteKey).isInstanceOf(IllegalStateException.class).hasMessageContaining("no registration now");
            assertThat(peer.write(shared.connection, (byte) 2, 0, remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(shared.read(PAGE, PAGE)).containsOnly(2);
            assertThat(peer.read(shared.connection, PAGE, remote, 0)).isEqualTo((byte) 1);
            // What is longer than a message, from any offset to any offset.
            peer.segment.asSlice(0, 60_001).fill((byte) 3);
            assertThat(run(shared.connection, new SendWorkRequests(1, 3, 0).write(7).local(peer.memory, 0, 30_001).local(peer.memory, 1, 30_000)
                    .local(peer.memory, 0, 60_000).remote(remote, 100_001).signaled())).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(shared.read(100_001, 120_001)).containsOnly(3);
            assertThat(shared.read(100_000, 1)).containsOnly(0);
            assertThat(shared.read(220_002, 1)).containsOnly(0);
            peer.segment.fill((byte) 0);
            assertThat(run(shared.connection, new SendWorkRequests(1, 2, 0).read(8).local(peer.memory, 5, 40_000).local(peer.memory, 45_000, 7_000)
                    .remote(remote, 100_000).signaled())).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(peer.segment.get(ValueLayout.JAVA_BYTE, 5)).isZero();
            assertThat(peer.segment.asSlice(6, 39_999).toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
            assertThat(peer.segment.asSlice(45_000, 7_000).toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
            changeAtomically(shared, 5, 0);
            tellWithImmediate(shared, 3 * PAGE, 10_000);
            assertThat(peer.domain.counters().emulated()).isEqualTo(8);
            assertThat(shared.listener.counters().accesses()).isEqualTo(9); // the long write was two messages
            letGo(holder, shared);
        }
        assertThat(peer.write(shared.connection, (byte) 4, 0, remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(shared.read(PAGE, PAGE)).containsOnly(4);
        assertThat(peer.domain.counters().emulated()).isEqualTo(8);
        changeAtomically(shared, 12, 0);
        tellWithImmediate(shared, 3 * PAGE, PAGE);
        assertThat(shared.region.fenced()).isZero();
        assertThat(shared.listener.counters().refusedAccesses()).isZero();
    }

    /** Three atomics on the word at 2 * PAGE, which is 0 before and after. */
    private void changeAtomically(Shared shared, long value, long atLocal) {
        SendWorkRequests requests = new SendWorkRequests(1);
        assertThat(run(shared.connection, requests.fetchAndAdd(1, value).local(peer.memory, atLocal, 8).remote(shared.remote, 2 * PAGE).signaled()))
                .isEqualTo(CompletionStatus.SUCCESS);
        assertThat(peer.segment.get(ValueLayout.JAVA_LONG, atLocal)).isZero();
        requests.clear();
        assertThat(run(shared.connection, requests.compareAndSwap(2, value + 1, 1).local(peer.memory, atLocal, 8).remote(shared.remote, 2 * PAGE)
                .signaled())).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(peer.segment.get(ValueLayout.JAVA_LONG, atLocal)).isEqualTo(value);
        requests.clear();
        assertThat(run(shared.connection, requests.compareAndSwap(3, value, 0).local(peer.memory, atLocal, 8).remote(shared.remote, 2 * PAGE)
                .signaled())).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(peer.segment.get(ValueLayout.JAVA_LONG, atLocal)).isEqualTo(value);
        assertThat(java.nio.ByteBuffer.wrap(shared.read(2 * PAGE, 8)).order(ByteOrder.nativeOrder()).getLong()).isZero();
        peer.segment.asSlice(atLocal, 8).fill((byte) 0);
    }

    private void tellWithImmediate(Shared shared, long offset, int length) {
        owner.receive(shared.accepted, 1);
        peer.segment.asSlice(0, length).fill((byte) 9);
        assertThat(run(shared.connection, new SendWorkRequests(1).writeWithImmediate(9, 4711).local(peer.memory, 0, length)
                .remote(shared.remote, offset).signaled())).isEqualTo(CompletionStatus.SUCCESS);
        WorkCompletions told = new WorkCompletions(1);
        Eventually.await("the immediate data", () -> shared.accepted.queuePair().options().receiveQueue().poll(told) == 1);
        assertThat(told.opcode(0)).isEqualTo(CompletionOpcode.RECV_RDMA_WITH_IMM);
        assertThat(told.immediate(0)).isEqualTo(4711);
        assertThat(told.byteLength(0)).isEqualTo(length);
        assertThat(shared.read(offset, length)).containsOnly(9);
    }

    /**
     * Payload, then flag, all the time, while the lease is broken again and again: who reads the flag at the owner finds the payload.
     * System property {@code daxverbs.ordered}: how many pairs at least (default none but those of a few breaks; the long form has 100,000).
     */
    @ParameterizedTest
    @MethodSource("dev.daxverbs.testing.FileSystemUnderTest#present")
    void shouldKeepTheOrderThroughBreaks(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("ordered", BYTES);
        Shared shared = new Shared(owner, peer, path);
        MemorySegment seen = shared.region.segment();
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong early = new AtomicLong();
        AtomicLong looks = new AtomicLong();
        Thread reader = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                long flag = (long) FLAG.getAcquire(seen, 0L);
                if ((long) FLAG.getAcquire(seen, (long) PAGE) < flag || (long) FLAG.getAcquire(seen, 2L * PAGE - 8) < flag) {
                    early.incrementAndGet();
                }
                looks.incrementAndGet();
                LockSupport.parkNanos(LOOK_NS); // processors are few, and emulated
            }
        });
        AtomicLong written = new AtomicLong();
        AtomicBoolean breaksOver = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread breaker = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; !done.get() && (i < BREAKS || written.get() < ORDERED); i++) {
                    Eventually.await("a key", () -> shared.remote.path() == TransferPath.DIRECT);
                    try (OtherProcess process = i % 2 == 0 ? OtherProcess.writeOpen(path) : OtherProcess.shell("exec 3>> \"$1\"; sleep 0.1", path)) {
                        process.awaitSuccess();
                    }
                }
            } catch (Throwable t) {
                failure.set(t);
            } finally {
                System.out.printf("%s: %d breaks%n", fs, shared.region.breaks());
                breaksOver.set(true);
            }
        });
        long completed;
        try {
            completed = writePayloadThenFlag(shared, written, breaksOver);
        } finally {
            done.set(true);
            reader.join();
            breaker.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(early.get()).as("of %d looks", looks.get()).isZero();
        assertThat(completed).isPositive();
        assertThat(shared.region.breaks()).isGreaterThanOrEqualTo(BREAKS);
        assertThat(shared.region.fenced()).isZero();
        assertThat(FLAG.getAcquire(seen, 0L)).isEqualTo(completed);
        assertThat(FLAG.getAcquire(seen, (long) PAGE)).isEqualTo(completed);
        assertThat(peer.domain.counters().emulated()).isPositive();
    }

    /** Returns how many pairs have completed. */
    private long writePayloadThenFlag(Shared shared, AtomicLong written, AtomicBoolean over) {
        int slots = 8;
        SendWorkRequests requests = new SendWorkRequests(2);
        WorkCompletions completions = new WorkCompletions(16);
        long posted = 0;
        long completed = 0;
        while (!over.get() || completed < posted) {
            while (posted - completed < slots && !over.get()) {
                long number = posted + 1;
                long at = posted % slots * PAGE;
                for (int i = 0; i < PAGE; i += 8) {
                    peer.segment.set(ValueLayout.JAVA_LONG, at + i, number);
                }
                requests.clear();
                requests.write(number).local(peer.memory, at, PAGE).remote(shared.remote, PAGE);
                requests.write(number).local(peer.memory, at, 8).remote(shared.remote, 0).signaled();
                assertThat(shared.connection.queuePair().postSend(requests)).isEqualTo(2);
                posted++;
            }
            int polled = shared.connection.queuePair().options().sendQueue().poll(completions);
            if (polled == 0) {
                Thread.yield();
            }
            for (int i = 0; i < polled; i++) {
                assertThat(completions.status(i)).isEqualTo(CompletionStatus.SUCCESS);
                assertThat(completions.wrId(i)).isEqualTo(++completed);
            }
            written.set(completed);
        }
        return completed;
    }

    @Test
    void shouldEndWhatIsBeyondTheEndOfTheOwnersFileAndGoOn() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("short", BYTES);
            Shared shared = new Shared(owner, peer, path);
            shared.file.truncate(2 * PAGE);
            Eventually.await("that the peer knows", () -> shared.remote.usableBytes() == 2 * PAGE);
            assertThat(peer.write(shared.connection, (byte) 1, 0, shared.remote, 2 * PAGE)).isEqualTo(CompletionStatus.FILE_TRUNCATED);
            assertThat(peer.write(shared.connection, (byte) 2, 0, shared.remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(shared.read(PAGE, PAGE)).containsOnly(2);
            shared.file.truncate(BYTES);
            Eventually.await("that the peer knows", () -> shared.remote.usableBytes() == BYTES);
            assertThat(peer.write(shared.connection, (byte) 3, 0, shared.remote, 2 * PAGE)).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(shared.connection.queuePair().state()).isEqualTo(QueuePairState.RTS);
            assertThat(peer.domain.counters().truncated()).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeARegionBackThatItsOwnerCloses() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Shared shared = new Shared(owner, peer, fs.newFile("closed", BYTES));
            assertThat(peer.write(shared.connection, (byte) 1, 0, shared.remote, 0)).isEqualTo(CompletionStatus.SUCCESS);
            shared.region.close();
            assertThatThrownBy(() -> peer.write(shared.connection, (byte) 1, 0, shared.remote, 0)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("withdrawn by its owner");
            assertThat(shared.connection.isOpen()).isTrue();
            assertThatThrownBy(() -> shared.connection.remote("memory")).isInstanceOf(RegionRefusedException.class);
            shared.remote.close();
        }
    }

    @Test
    void shouldGiveARegionBackWithTransfersThatWaitForAKey() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("given-back", BYTES);
            Shared shared = new Shared(owner, peer, path, () -> RdmaEnd.patient().emulateAfter(Duration.ofMinutes(2)));
            try (OtherProcess holder = hold(shared, path)) {
                SendWorkRequests requests = new SendWorkRequests(2);
                requests.write(1).local(peer.memory, 0, PAGE).remote(shared.remote, 0).signaled();
                requests.write(2).local(peer.memory, 0, PAGE).remote(shared.remote, PAGE).signaled();
                assertThat(shared.connection.queuePair().postSend(requests)).isEqualTo(2);
                shared.remote.close();
                assertThat(RdmaEnd.complete(shared.connection.queuePair(), 2)).containsOnly(CompletionStatus.LOC_PROT_ERR);
                assertThat(peer.domain.counters().emulated()).isZero();
                holder.tell("close");
                holder.awaitSuccess();
            }
            RemoteRegion again = shared.connection.remote("memory");
            Eventually.await("a key", () -> again.path() == TransferPath.DIRECT);
            assertThat(peer.write(shared.connection, (byte) 2, 0, again, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
        }
    }

    /** The connector's own file, named by the side that has accepted. */
    @Test
    void shouldTakeTransfersThroughBreaksOfTheConnectorsFiles() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("connectors", BYTES);
            Shared shared = new Shared(owner, peer, fs.newFile("other", BYTES));
            DaxFile file = peer.closing(DaxFile.open(path));
            MemoryRegion region = peer.closing(peer.domain.register(peer.closing(file.map(0, BYTES)), OwnedFile.ALL));
            assertThatThrownBy(() -> shared.accepted.remote("mine")).isInstanceOf(RegionRefusedException.class);
            shared.connection.export("mine", region, Right.WRITE);
            RemoteRegion remote = shared.accepted.remote("mine");
            assertThat(owner.write(shared.accepted, (byte) 1, 0, remote, 0)).isEqualTo(CompletionStatus.SUCCESS);
            try (OtherProcess holder = OtherProcess.writeOpenUntilTold(path)) {
                holder.awaitLine("open");
                assertThat(owner.write(shared.accepted, (byte) 2, 0, remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
                assertThat(owner.domain.counters().emulated()).isEqualTo(1);
            }
            assertThat(region.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isEqualTo((byte) 2);
            assertThat(shared.connection.withdraw("mine")).isTrue();
            assertThat(shared.connection.withdraw("mine")).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.daxverbs.testing.FileSystemUnderTest#present")
    void shouldFlush(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("flushed", BYTES);
        Shared shared = new Shared(owner, peer, path);
        assertThat(peer.write(shared.connection, (byte) 1, 0, shared.remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
        shared.remote.flush(PAGE + 1, 2 * PAGE);
        try (OtherProcess holder = hold(shared, path)) {
            assertThat(peer.write(shared.connection, (byte) 2, 0, shared.remote, PAGE)).isEqualTo(CompletionStatus.SUCCESS);
            shared.remote.flush(0, BYTES);
            letGo(holder, shared);
        }
        assertThatThrownBy(() -> shared.remote.flush(1, BYTES)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> shared.remote.flush(0, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        RemoteRegion readOnly = shared.connection.remote("memory", Right.READ);
        assertThatThrownBy(() -> readOnly.flush(0, 1)).isInstanceOf(IllegalStateException.class).hasMessageContaining("WRITE");
        assertThatThrownBy(() -> peer.write(shared.connection, (byte) 2, 0, readOnly, 0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("right");
        shared.file.truncate(PAGE);
        assertThatThrownBy(() -> shared.remote.flush(0, BYTES)).isInstanceOf(IOException.class).hasMessageContaining("TRUNCATED");
        shared.remote.close();
        assertThatThrownBy(() -> shared.remote.flush(0, 1)).isInstanceOf(IllegalStateException.class);
    }

    /** Messages from one file to another, both in other hands for a while; and one to anonymous memory. */
    @ParameterizedTest
    @MethodSource("dev.daxverbs.testing.FileSystemUnderTest#present")
    void shouldSendFromAFileToAFileThroughBreaks(FileSystemUnderTest fs) throws Exception {
        Path path = fs.newFile("received", BYTES);
        Path sent = fs.newFile("sent", BYTES);
        Shared shared = new Shared(owner, peer, path);
        DaxFile file = peer.closing(DaxFile.open(sent));
        MemoryRegion source = peer.closing(peer.domain.register(peer.closing(file.map(0, BYTES)), OwnedFile.ALL));
        for (int i = 0; i < 4; i++) {
            source.segment().asSlice(i * PAGE, PAGE).fill((byte) (i + 1));
        }
        ReceiveWorkRequests receives = new ReceiveWorkRequests(4);
        receives.receive(0).local(shared.region, 0, PAGE);
        receives.receive(1).local(shared.region, PAGE + 1, PAGE);
        receives.receive(2).local(owner.memory, 0, PAGE);
        receives.receive(3).local(shared.region, 3 * PAGE, PAGE);
        assertThat(shared.accepted.queuePair().postReceive(receives)).isEqualTo(4);
        WorkCompletions arrived = new WorkCompletions(8);
        for (int i = 0; i < 4; i++) {
            SendWorkRequests requests = new SendWorkRequests(1);
            requests.sendWithImmediate(i, i).local(source, i * PAGE, PAGE).signaled();
            if (i == 1 || i == 2) {
                try (OtherProcess holder = hold(shared, path); OtherProcess other = OtherProcess.writeOpenUntilTold(sent)) {
                    other.awaitLine("open");
                    assertThat(run(shared.connection, requests)).isEqualTo(CompletionStatus.SUCCESS);
                    awaitMessage(shared, arrived, i);
                    letGo(holder, shared);
                }
            } else {
                assertThat(run(shared.connection, requests)).isEqualTo(CompletionStatus.SUCCESS);
                awaitMessage(shared, arrived, i);
            }
        }
        assertThat(shared.owned.read(0, PAGE)).containsOnly(1);
        assertThat(shared.owned.read(PAGE + 1, PAGE)).containsOnly(2);
        assertThat(owner.segment.asSlice(0, PAGE).toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
        assertThat(shared.owned.read(3 * PAGE, PAGE)).containsOnly(4);
    }

    private static void awaitMessage(Shared shared, WorkCompletions arrived, int number) {
        Eventually.await("message " + number, () -> shared.accepted.queuePair().options().receiveQueue().poll(arrived) == 1);
        assertThat(arrived.status(0)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(arrived.wrId(0)).isEqualTo(number);
        assertThat(arrived.immediate(0)).isEqualTo(number);
    }

    /** System property {@code daxverbs.connections}: how many (default 16; the long form has 1,000). */
    @Test
    void shouldRevokeOnAllConnectionsAtOnce() throws Exception {
        int count = Integer.getInteger("daxverbs.connections", 16);
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("popular", BYTES);
            Shared shared = new Shared(owner, peer, path, () -> RdmaEnd.patient().maxConnections(count + 1));
            List<Connection> connections = new ArrayList<>();
            List<RemoteRegion> remotes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Connection connection = peer.closing(Connection.connect(shared.listener.address(), peer.domain, RdmaEnd.patient()));
                connections.add(connection);
                remotes.add(connection.remote("memory"));
            }
            for (int round = 0; round < 3; round++) {
                try (OtherProcess holder = hold(shared, path)) {
                    assertThat(remotes).allMatch(remote -> remote.path() == TransferPath.EMULATED);
                    System.out.printf("%d connections: the break took %.1f ms%n", count + 1, shared.region.describe().lastBreakNs() / 1e6);
                    letGo(holder, shared);
                }
                Eventually.await("keys for all", () -> remotes.stream().allMatch(remote -> remote.path() == TransferPath.DIRECT));
                int last = connections.size() - 1 - round;
                assertThat(peer.write(connections.get(last), (byte) round, 0, remotes.get(last), 0)).isEqualTo(CompletionStatus.SUCCESS);
            }
            assertThat(shared.region.fenced()).isZero();
        }
    }
}
