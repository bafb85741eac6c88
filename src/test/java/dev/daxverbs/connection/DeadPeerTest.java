package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.CompletionStatus;

import java.net.InetSocketAddress;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The other side is another process that is killed, or stopped. System property {@code daxverbs.kills}: how often (default 2 of each side;
 * the long form has
 * 100).
 */
@RequiresDevice
class DeadPeerTest extends WithSockets {
    private static final int KILLS = Integer.getInteger("daxverbs.kills", 2);

    private Leftovers before;
    private RdmaEnd end;

    @BeforeEach
    void open() {
        before = Leftovers.now();
        end = new RdmaEnd();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        end.close();
        before.awaitNoMore();
    }

    @Test
    void shouldEndWithTheReasonWhenThePeerIsKilledInTheMiddle() throws Exception {
        try (Listener listener = Listener.bind(freeAddress(), end.domain, RdmaEnd.patient())) {
            listener.export("memory", end.memory, Right.READ, Right.WRITE);
            Leftovers listening = Leftovers.now();
            for (int i = 0; i < KILLS; i++) {
                try (OtherProcess peer = OtherProcess.java(ConnectionChild.class, "peer", Integer.toString(listener.address().getPort()))) {
                    try (Connection accepted = listener.accept()) {
                        end.receive(accepted, 2);
                        peer.awaitLine("working");
                        peer.kill();
                        Eventually.await("the end", () -> accepted.closeReason().isPresent());
                        assertThat(accepted.closeReason()).contains(CloseReason.LOST);
                        assertThat(RdmaEnd.complete(accepted.queuePair(), 2)).containsOnly(CompletionStatus.WR_FLUSH_ERR);
                    }
                }
                listening.awaitNoMore();
            }
        }
    }

    @Test
    void shouldFlushAndEndWithTheReasonWhenTheOwnerIsKilledInTheMiddle() throws Exception {
        Leftovers alone = Leftovers.now();
        for (int i = 0; i < KILLS; i++) {
            InetSocketAddress address = freeAddress();
            try (OtherProcess owner = OtherProcess.java(ConnectionChild.class, "owner", Integer.toString(address.getPort()))) {
                owner.awaitLine("listening");
                try (Connection connection = Connection.connect(address, end.domain, RdmaEnd.patient())) {
                    RemoteRegion remote = connection.remote("memory");
                    assertThat(ConnectionChild.load(end, connection, remote, 50)).isEqualTo(50);
                    Thread killer = Thread.ofPlatform().start(owner::kill);
                    ConnectionChild.load(end, connection, remote, Long.MAX_VALUE); // ends with the first that fails
                    killer.join();
                    Eventually.await("the end", () -> connection.closeReason().isPresent());
                    assertThat(connection.closeReason()).contains(CloseReason.LOST);
                }
            }
            alone.awaitNoMore();
        }
    }

    /** As a host that is gone: the connection is there, and nothing comes. */
    @Test
    void shouldEndWhenTheOwnerIsStopped() throws Exception {
        InetSocketAddress address = freeAddress();
        try (OtherProcess owner = OtherProcess.java(ConnectionChild.class, "owner", Integer.toString(address.getPort()))) {
            owner.awaitLine("listening");
            ConnectionOptions alert = RdmaEnd.patient().silence(Duration.ofSeconds(6));
            try (Connection connection = Connection.connect(address, end.domain, alert)) {
                end.receive(connection, 2);
                Eventually.pause(7000);
                assertThat(connection.isOpen()).as("idle, and alive").isTrue();
                long stoppedNs = System.nanoTime();
                try (OtherProcess stop = OtherProcess.start("kill", "-STOP", Long.toString(owner.pid()))) {
                    stop.awaitSuccess();
                }
                Eventually.await("the end", () -> connection.closeReason().isPresent());
                assertThat(connection.closeReason()).contains(CloseReason.SILENT);
                assertThat(Duration.ofNanos(System.nanoTime() - stoppedNs)).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(15));
                assertThat(RdmaEnd.complete(connection.queuePair(), 2)).containsOnly(CompletionStatus.WR_FLUSH_ERR);
            }
        }
    }
}
