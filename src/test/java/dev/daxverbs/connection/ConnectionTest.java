package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.grant.Landing;
import dev.daxverbs.grant.PeerChannel;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

import javax.net.ssl.SSLContext;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both sides in one process, each with a context and domain of its own. */
@RequiresDevice({"rxe0", "rxe1"})
class ConnectionTest extends TwoEnds {
    private Listener listener;

    @AfterEach
    void closeListener() {
        if (listener != null) {
            listener.close();
        }
    }

    private void listen(String host, ConnectionOptions options) throws IOException {
        listener = Listener.bind(new InetSocketAddress(host, 0), owner.domain, options);
        listener.export("memory", owner.memory, Right.READ, Right.WRITE);
    }

    private Connection connect(ConnectionOptions options) throws IOException {
        return peer.closing(Connection.connect(listener.address(), peer.domain, options));
    }

    private Connection accept() throws Exception {
        return owner.closing(listener.accept());
    }

    @Test
    void shouldWriteAndReadARegionThatWasOpenedByName() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        Connection connection = connect(RdmaEnd.patient());
        Connection accepted = accept();
        RemoteRegion remote = connection.remote("memory");
        assertThat(remote.byteSize()).isEqualTo(RdmaEnd.BYTES);
        assertThat(remote.usableBytes()).isEqualTo(RdmaEnd.BYTES);
        assertThat(remote.rights()).containsExactly(Right.READ, Right.WRITE);
        assertThat(remote.alignment()).isEqualTo(1);
        assertThat(peer.write(connection, (byte) 42, 0, remote, 8192)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(owner.segment.get(ValueLayout.JAVA_BYTE, 8192 + 4095)).isEqualTo((byte) 42);
        assertThat(peer.read(connection, 4096, remote, 8192)).isEqualTo((byte) 42);
        assertThat(accepted.queuePair().state()).isEqualTo(QueuePairState.RTS);
        assertThat(connection.peersLanding().lengthBytes()).isEqualTo(65_536);
        remote.close();
        assertThatThrownBy(remote::remoteKey).isInstanceOf(IllegalStateException.class);
        assertThat(connection.remote("memory", Right.READ).rights()).containsExactly(Right.READ);
    }

    /** What a drain's probe will do: eight bytes of the landing, read by RDMA. */
    @Test
    void shouldLetEachSideReadTheOthersLanding() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        Connection connection = connect(RdmaEnd.patient());
        Connection accepted = accept();
        Landing there = connection.peersLanding();
        assertThat(peer.read(connection, 0, new RemoteMemory(there.address(), there.key(), there.lengthBytes()), 0)).isZero();
        Landing here = accepted.peersLanding();
        assertThat(owner.read(accepted, 0, new RemoteMemory(here.address(), here.key(), here.lengthBytes()), 4096)).isZero();
    }

    @Test
    void shouldConnectOverIpv6() throws Exception {
        listen("::1", RdmaEnd.patient());
        Connection connection = connect(RdmaEnd.patient());
        assertThat(peer.write(connection, (byte) 6, 0, connection.remote("memory"), 0)).isEqualTo(CompletionStatus.SUCCESS);
    }

    @Test
    void shouldConnectOverTlsAndRefuseAStranger(@TempDir Path folder) throws Exception {
        SSLContext own = ControlChannelTest.context(folder, "owner", "peer");
        listen("127.0.0.1", RdmaEnd.patient().tls(own));
        SSLContext known = ControlChannelTest.context(folder, "peer", "owner");
        Connection connection = connect(RdmaEnd.patient().tls(known));
        assertThat(peer.write(connection, (byte) 4, 0, connection.remote("memory"), 0)).isEqualTo(CompletionStatus.SUCCESS);
        SSLContext stranger = ControlChannelTest.context(folder, "stranger", "owner");
        assertThatThrownBy(() -> connect(RdmaEnd.patient().tls(stranger))).isInstanceOf(ConnectionException.class);
        assertThatThrownBy(() -> connect(RdmaEnd.patient().handshakeTimeout(Duration.ofSeconds(5)))).isInstanceOf(ConnectionException.class);
        assertThat(connection.isOpen()).isTrue();
        assertThat(listener.counters().opened()).isEqualTo(1);
    }

    @Test
    void shouldTakeTheAddressOfTheControlConnectionForTheQueuePair() throws Exception {
        try (RdmaEnd first = new RdmaEnd("rxe1"); RdmaEnd second = new RdmaEnd("rxe1");
                Listener other = Listener.bind(new InetSocketAddress("10.77.0.1", 0), first.domain, RdmaEnd.patient())) {
            other.export("memory", first.memory, Right.WRITE);
            try (Connection connection = Connection.connect(other.address(), second.domain, RdmaEnd.patient());
                    Connection accepted = other.accept()) {
                assertThat(accepted.isOpen()).isTrue();
                assertThat(second.write(connection, (byte) 7, 0, connection.remote("memory"), 0)).isEqualTo(CompletionStatus.SUCCESS);
                InetAddress address = InetAddress.getByName("10.77.0.1");
                assertThat(LocalEnd.source(second.context, new ConnectOptions(), address, null).gid().toInetAddress()).isEqualTo(address);
            }
        }
    }

    @Test
    void shouldServeManyConnectionsAndEndAllWithTheListener() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Connection connection = connect(RdmaEnd.patient());
            connections.add(connection);
            assertThat(peer.write(connection, (byte) i, 0, connection.remote("memory"), 4096L * i)).isEqualTo(CompletionStatus.SUCCESS);
        }
        for (int i = 0; i < 8; i++) {
            assertThat(owner.segment.get(ValueLayout.JAVA_BYTE, 4096L * i)).isEqualTo((byte) i);
        }
        Connection taken = accept();
        assertThat(listener.counters()).isEqualTo(new ListenerCounters(8, 0, 8, 0, 0, 0));
        listener.close();
        for (Connection connection : connections) {
            Eventually.await("the end", () -> connection.closeReason().isPresent());
            assertThat(connection.closeReason()).contains(CloseReason.SHUTDOWN);
            assertThat(connection.isClosedByPeer()).isTrue();
        }
        assertThat(taken.closeReason()).contains(CloseReason.SHUTDOWN);
        assertThat(listener.counters().open()).isZero();
        assertThatThrownBy(() -> listener.accept()).isInstanceOf(ConnectionException.class);
        assertThatThrownBy(() -> connect(RdmaEnd.patient())).isInstanceOf(ConnectException.class);
    }

    @Test
    void shouldRefuseNamesAndRightsThatAreNotGivenAndGoOn() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient().maxRegions(2));
        Connection connection = connect(RdmaEnd.patient());
        assertThatThrownBy(() -> connection.remote("nothing")).isInstanceOf(RegionRefusedException.class)
                .hasMessageContaining("UNKNOWN_NAME");
        assertThatThrownBy(() -> connection.remote("memory", Right.ATOMIC)).isInstanceOf(RegionRefusedException.class)
                .hasMessageContaining("RIGHTS");
        RemoteRegion first = connection.remote("memory");
        RemoteRegion second = connection.remote("memory");
        assertThatThrownBy(() -> connection.remote("memory")).isInstanceOf(RegionRefusedException.class).hasMessageContaining("TOO_MANY");
        second.close();
        RemoteRegion third = connection.remote("memory");
        assertThat(listener.withdraw("memory")).isTrue();
        first.close();
        assertThatThrownBy(() -> connection.remote("memory")).isInstanceOf(RegionRefusedException.class)
                .hasMessageContaining("UNKNOWN_NAME");
        assertThat(listener.counters().refusedOpens()).isEqualTo(4);
        assertThatThrownBy(() -> peer.write(connection, (byte) 1, 0, third, 0)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("withdrawn by its owner");
    }

    /** What the peer's side would not let its user post. */
    @Test
    void shouldRefuseEmulatedTransfersOutsideARegionOrWithoutTheRight() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        Connection connection = connect(RdmaEnd.patient());
        RemoteRegion remote = connection.remote("memory", Right.READ);
        List<AccessStatus> answers = new CopyOnWriteArrayList<>();
        PeerChannel.Taker taker = (status, data, value) -> answers.add(status);
        connection.emulation().read(remote.number(), RdmaEnd.BYTES - 1, 2, taker);
        connection.emulation().read(remote.number(), Long.MAX_VALUE, 65_536, taker);
        connection.emulation().write(remote.number(), 0, new byte[1], taker);
        connection.emulation().read(99, 0, 1, taker);
        connection.emulation().read(remote.number(), RdmaEnd.BYTES - 2, 2, taker);
        Eventually.await("the answers", () -> answers.size() == 5);
        assertThat(answers).containsExactly(AccessStatus.RANGE, AccessStatus.RANGE, AccessStatus.RIGHTS, AccessStatus.REGION, AccessStatus.OK);
        assertThat(listener.counters().refusedAccesses()).isEqualTo(4);
        assertThat(listener.counters().accesses()).isEqualTo(1);
        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void shouldRefuseExportsThatCannotBe() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        assertThatThrownBy(() -> listener.export("memory", owner.memory, Right.READ)).hasMessageContaining("already");
        assertThatThrownBy(() -> listener.export("", owner.memory, Right.READ)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> listener.export("x".repeat(256), owner.memory, Right.READ)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> listener.export("none", owner.memory)).hasMessageContaining("at least one");
        assertThatThrownBy(() -> listener.export("other", peer.memory, Right.READ)).hasMessageContaining("domain");
    }

    @Test
    void shouldRefuseAWrongTokenAndMoreConnectionsThanItMayHave() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient().token(new byte[] {1, 2, 3}).maxConnections(1));
        ConnectionException refused = catchThrowableOfType(ConnectionException.class,
                () -> connect(RdmaEnd.patient().token(new byte[] {1, 2, 4})));
        assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(CloseReason.TOKEN);
        Eventually.await("that it is forgotten", () -> listener.counters().failed() == 1);
        Connection first = connect(RdmaEnd.patient().token(new byte[] {1, 2, 3}));
        refused = catchThrowableOfType(ConnectionException.class, () -> connect(RdmaEnd.patient().token(new byte[] {1, 2, 3})));
        assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(CloseReason.BUSY);
        first.close();
        Eventually.await("that there is room", () -> listener.counters().open() == 0);
        connect(RdmaEnd.patient().token(new byte[] {1, 2, 3}));
    }

    /** Closing says so, and what was posted is flushed, at both sides. */
    @Test
    void shouldFlushWhatIsPostedWhenEitherSideCloses() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        for (boolean byOwner : new boolean[] {true, false}) {
            Connection connection = connect(RdmaEnd.patient());
            Connection accepted = accept();
            CountDownLatch told = new CountDownLatch(1);
            Connection closed = byOwner ? accepted : connection;
            Connection other = byOwner ? connection : accepted;
            RdmaEnd end = byOwner ? peer : owner;
            other.onClose(ended -> told.countDown());
            end.receive(other, 3);
            closed.close();
            closed.close();
            Eventually.await("the listener's call", told);
            assertThat(other.closeReason()).contains(CloseReason.NORMAL);
            assertThat(other.isClosedByPeer()).isTrue();
            assertThat(other.isOpen()).isFalse();
            assertThat(closed.isClosedByPeer()).isFalse();
            assertThat(RdmaEnd.complete(other.queuePair(), 3)).containsOnly(CompletionStatus.WR_FLUSH_ERR);
            assertThatThrownBy(() -> other.remote("memory")).isInstanceOf(ConnectionException.class);
        }
    }

    @Test
    void shouldUseTheUsersCompletionQueueForAllConnections() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        try (var queue = peer.domain.createCompletionQueue(512)) {
            ConnectionOptions shared = RdmaEnd.patient().queuePair(domain -> QueuePairOptions.of(queue).withRequests(64, 64));
            try (Connection one = Connection.connect(listener.address(), peer.domain, shared);
                    Connection two = Connection.connect(listener.address(), peer.domain, shared)) {
                assertThat(one.queuePair().options().sendQueue()).isSameAs(two.queuePair().options().sendQueue());
                assertThat(peer.write(two, (byte) 2, 0, two.remote("memory"), 0)).isEqualTo(CompletionStatus.SUCCESS);
            }
        }
    }

    /** Nobody accepts, and those who connected have gone: nothing of them stays. */
    @Test
    void shouldKeepNothingOfConnectionsThatEndedBeforeTheyWereAccepted() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient());
        Leftovers alone = Leftovers.now();
        for (int i = 0; i < 3; i++) {
            Connection.connect(listener.address(), peer.domain, RdmaEnd.patient()).close();
        }
        Eventually.await("the ends", () -> listener.counters().open() == 0);
        alone.awaitNoMore();
        assertThat(listener.accept(Duration.ofMillis(10))).isEmpty();
    }

    /** Strangers with anything to say, beside a connection that goes on. */
    @Test
    void shouldNotBeHarmedByStrangers() throws Exception {
        listen("127.0.0.1", RdmaEnd.patient().handshakeTimeout(Duration.ofSeconds(20)));
        Connection connection = connect(RdmaEnd.patient());
        RemoteRegion remote = connection.remote("memory");
        Random random = new Random(20_261_123);
        List<Corpus.Entry> frames = Corpus.entries();
        int strangers = Integer.getInteger("daxverbs.strangers", 100);
        for (int i = 0; i < strangers; i++) {
            try (Socket socket = new Socket(listener.address().getAddress(), listener.address().getPort())) {
                if (random.nextInt(4) == 0) {
                    socket.getOutputStream().write(Samples.encode(Samples.HELLO)); // an address that the device may know or not
                }
                for (int frame = random.nextInt(3); frame >= 0; frame--) {
                    byte[] bytes = frames.get(random.nextInt(frames.size())).frame().clone();
                    if (random.nextBoolean()) {
                        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                    }
                    socket.getOutputStream().write(bytes);
                }
            } catch (IOException e) {
                assertThat(e).hasMessageMatching("(?s).*(reset|Broken pipe).*"); // it was faster than we
            }
        }
        assertThat(peer.write(connection, (byte) 9, 0, remote, 0)).isEqualTo(CompletionStatus.SUCCESS);
        Eventually.await("that all have ended", () -> listener.counters().open() == 1 && listener.counters().failed()
                + listener.counters().opened() == strangers + 1);
    }
}
