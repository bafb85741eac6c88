package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.internal.KernelText;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.QueuePairState;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Peer, owner or breaker is killed while the lease on the owner's file is being broken, at moments that differ; or the peer is stopped, and
 * does not answer. System property {@code daxverbs.kills}: how often each (default 2; the long form has 100).
 */
@RequiresDevice
class KilledInABreakTest extends WithSockets {
    private static final int KILLS = Integer.getInteger("daxverbs.kills", 2);
    private static final int BYTES = 1 << 20;
    private static final Path BREAK_TIME = Path.of("/proc/sys/fs/lease-break-time");
    /** Half of the default lease-break-time: what the library lets a break take. */
    private static final Duration DEADLINE = Duration.ofMillis(22_500);

    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private final Random random = new Random(20_261_123);
    private Leftovers before;
    private RdmaEnd end;
    private Path path;

    @BeforeEach
    void open() {
        before = Leftovers.now();
        end = new RdmaEnd();
        path = fs.newFile("broken", BYTES);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        end.close();
        before.awaitNoMore();
        fs.close();
    }

    private void awaitAnyMoment(int mostMs) {
        long endNs = System.nanoTime() + (long) (random.nextDouble() * mostMs * 1e6);
        while (System.nanoTime() - endNs < 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldAnswerTheBreakWhenThePeerIsKilledInIt() throws Exception {
        OwnedFile owned = new OwnedFile(end, path, freeAddress(), RdmaEnd.patient());
        Leftovers listening = Leftovers.now();
        for (int i = 0; i < KILLS; i++) {
            try (OtherProcess peer = OtherProcess.java(ConnectionChild.class, "peer", Integer.toString(owned.listener.address().getPort()));
                    Connection accepted = owned.listener.accept()) {
                peer.awaitLine("working");
                long brokenNs = System.nanoTime();
                try (OtherProcess breaker = OtherProcess.writeOpenUntilTold(path)) {
                    awaitAnyMoment(30);
                    peer.kill();
                    breaker.awaitLine("open");
                    assertThat(Duration.ofNanos(System.nanoTime() - brokenNs)).as("until the breaker had the file").isLessThan(DEADLINE);
                    breaker.tell("close");
                    breaker.awaitSuccess();
                }
                Eventually.await("the end", () -> accepted.closeReason().isPresent());
                assertThat(accepted.closeReason().get()).isIn(CloseReason.LOST, CloseReason.QUEUE_PAIR);
            }
            Eventually.await("the lease again", () -> owned.region.path() == TransferPath.DIRECT);
            listening.awaitNoMore();
        }
        assertThat(owned.region.breaks()).isGreaterThanOrEqualTo(KILLS);
        assertThat(owned.region.forced()).isZero();
    }

    @Test
    void shouldFlushAndEndWhenTheOwnerIsKilledInABreak() throws Exception {
        Leftovers alone = Leftovers.now();
        for (int i = 0; i < KILLS; i++) {
            InetSocketAddress address = freeAddress();
            try (OtherProcess owner = OtherProcess.java(ConnectionChild.class, "owner", Integer.toString(address.getPort()), path.toString())) {
                owner.awaitLine("listening");
                try (Connection connection = Connection.connect(address, end.domain, RdmaEnd.patient())) {
                    RemoteRegion remote = connection.remote("memory");
                    assertThat(ConnectionChild.load(end, connection, remote, 50)).isEqualTo(50);
                    Thread killer = Thread.ofPlatform().start(() -> {
                        try (OtherProcess breaker = OtherProcess.writeOpenUntilTold(path)) {
                            awaitAnyMoment(30);
                            owner.kill();
                            breaker.awaitLine("open"); // the kernel ends the lease with the process
                        }
                    });
                    ConnectionChild.load(end, connection, remote, Long.MAX_VALUE); // ends with the first that fails
                    killer.join();
                    Eventually.await("the end", () -> connection.closeReason().isPresent());
                    assertThat(connection.closeReason().get()).isIn(CloseReason.LOST, CloseReason.QUEUE_PAIR);
                }
            }
            alone.awaitNoMore();
        }
    }

    @Test
    void shouldGoOnWhenTheBreakerIsKilledInTheMiddle() throws Exception {
        OwnedFile owned = new OwnedFile(end, path, freeAddress(), RdmaEnd.patient());
        try (RdmaEnd peer = new RdmaEnd(); Connection connection = Connection.connect(owned.listener.address(), peer.domain, RdmaEnd.patient());
                Connection accepted = owned.listener.accept(); RemoteRegion remote = connection.remote("memory")) {
            assertThat(accepted.isOpen()).isTrue();
            for (int i = 0; i < KILLS; i++) {
                Eventually.await("a key", () -> remote.path() == TransferPath.DIRECT);
                try (OtherProcess breaker = OtherProcess.shell("exec 3>> \"$1\"; echo open; exec sleep 100", path)) {
                    awaitAnyMoment(100);
                    breaker.kill();
                    assertThat(ConnectionChild.load(peer, connection, remote, 40)).isEqualTo(40);
                }
            }
            Eventually.await("a key", () -> remote.path() == TransferPath.DIRECT);
            assertThat(ConnectionChild.load(peer, connection, remote, 40)).isEqualTo(40);
            assertThat(owned.region.fenced()).isZero();
        }
    }

    /** As one whose host is gone, before anything else has told. */
    @Test
    void shouldFenceAPeerThatDoesNotAnswerBeforeTheDeadline() throws Exception {
        OwnedFile owned = new OwnedFile(end, path, freeAddress(), RdmaEnd.patient());
        String lasting = KernelText.read(BREAK_TIME);
        try (OtherProcess peer = OtherProcess.java(ConnectionChild.class, "peer", Integer.toString(owned.listener.address().getPort()));
                Connection accepted = owned.listener.accept()) {
            peer.awaitLine("working");
            end.receive(accepted, 2);
            Files.writeString(BREAK_TIME, "6");
            try (OtherProcess stop = OtherProcess.start("kill", "-STOP", Long.toString(peer.pid()))) {
                stop.awaitSuccess();
            }
            try (OtherProcess breaker = OtherProcess.writeOpenUntilTold(path)) {
                breaker.awaitLine("open");
                breaker.tell("close");
                breaker.awaitSuccess();
            }
            Eventually.await("the end", () -> accepted.closeReason().isPresent());
            assertThat(accepted.closeReason()).contains(CloseReason.LATE);
            assertThat(Duration.ofNanos(owned.region.describe().lastBreakNs())).isBetween(Duration.ofMillis(2900), Duration.ofMillis(5900));
            assertThat(owned.region.fenced()).isEqualTo(1);
            assertThat(owned.region.forced()).as("the kernel's patience was not needed").isZero();
            assertThat(RdmaEnd.complete(accepted.queuePair(), 2)).containsOnly(CompletionStatus.WR_FLUSH_ERR);
            assertThat(accepted.queuePair().state()).isEqualTo(QueuePairState.ERR);
            try (OtherProcess goOn = OtherProcess.start("kill", "-CONT", Long.toString(peer.pid()))) {
                goOn.awaitSuccess();
            }
            peer.awaitLine("ended: Optional[LATE]");
        } finally {
            Files.writeString(BREAK_TIME, lasting);
        }
    }
}
