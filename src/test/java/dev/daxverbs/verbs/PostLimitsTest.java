package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.Payload;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.MemorySegment;

/**
 * Full queues, queue pairs that are not ready, and requests that are too much: over a device. That a count falls short is the
 * device's {@code ENOMEM}: any other errno is an exception.
 */
@RequiresDevice
class PostLimitsTest {
    /** Sends wait for ever until there is a receive, so that the send queue fills. */
    private static final ConnectOptions PATIENT = new ConnectOptions().receiverNotReady(1, 7);

    private RcPair pair;
    private QueuePair requester;
    private MemoryRegistration near;
    private MemoryRegistration far;

    @BeforeEach
    void connect() {
        pair = RcPair.connected(options -> options.withRequests(8, 8).withElements(2, 2).withInline(32), PATIENT);
        requester = pair.requester;
        near = pair.memory(4096);
        far = pair.memory(4096);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void shouldPostAsManySendsAsTheQueueHasRoomForAndGoOnAfterPolling() {
        int total = 200;
        byte[] payload = Payload.fill(near.segment(), 1);
        SendWorkRequests requests = new SendWorkRequests(total);
        for (int i = 0; i < total; i++) {
            requests.send(i).local(near, 4L * i, 4).signaled();
        }
        int posted = requester.postSend(requests);
        assertThat(posted).isGreaterThanOrEqualTo(requester.capabilities().maxSendRequests()).isLessThan(total);
        assertThat(requester.postSend(requests, posted)).as("to a full queue").isZero();
        pair.expectNone(pair.requesterQueue);

        int received = 0;
        for (int completed = 0; completed < total; completed++) {
            if (received == completed) {
                pair.receive(received, far, 4L * received, 4);
                received++;
            }
            pair.expect(pair.requesterQueue, completed, CompletionStatus.SUCCESS);
            posted += requester.postSend(requests, posted);
        }
        assertThat(posted).isEqualTo(total);
        Payload.expect(far.segment(), 0, Payload.part(payload, 0, 4 * total));
    }

    @Test
    void shouldPostAsManyReceivesAsTheQueueHasRoomForAndOneMoreForEachThatIsTaken() {
        int total = 200;
        byte[] payload = Payload.fill(near.segment(), 2);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(total);
        for (int i = 0; i < total; i++) {
            receives.receive(i).local(far, 4L * i, 4);
        }
        int posted = pair.responder.postReceive(receives);
        assertThat(posted).isGreaterThanOrEqualTo(pair.responder.capabilities().maxReceiveRequests()).isLessThan(total);
        assertThat(pair.responder.postReceive(receives, posted)).as("to a full queue").isZero();
        for (int i = 0; posted < total; i++) {
            pair.run(new SendWorkRequests(1).send(i).local(near, 4L * i, 4).signaled());
            pair.expect(pair.responderQueue, i, CompletionStatus.SUCCESS);
            assertThat(pair.responder.postReceive(receives, posted)).isEqualTo(1);
            posted++;
            Payload.expect(far.segment(), 4L * i, Payload.part(payload, 4 * i, 4));
        }
    }

    @Test
    void shouldPostNothingOfAnEmptyListAndRefuseAPlaceBeyondIt() {
        SendWorkRequests sends = new SendWorkRequests(4);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(4);
        assertThat(requester.postSend(sends)).isZero();
        assertThat(requester.postReceive(receives)).isZero();
        sends.send(1);
        receives.receive(1);
        assertThat(requester.postSend(sends, 1)).isZero();
        for (int from : new int[] {-1, 2}) {
            assertThatThrownBy(() -> requester.postSend(sends, from)).isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContainingAll("from=" + from, "size=1");
            assertThatThrownBy(() -> requester.postReceive(receives, from)).isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContainingAll("from=" + from, "size=1");
        }
    }

    @ParameterizedTest
    @EnumSource(value = QueuePairState.class, names = {"RESET", "INIT", "RTR"})
    void shouldRefuseSendsBeforeTheQueuePairIsReady(QueuePairState state) {
        QueuePairAddress peer = pair.responder.address();
        requester.toReset();
        if (state != QueuePairState.RESET) {
            requester.initialize(PATIENT);
        }
        if (state == QueuePairState.RTR) {
            int gidIndex = pair.context.gids().stream().filter(entry -> entry.gid().equals(peer.gid())).findFirst().orElseThrow().index();
            requester.modify(PATIENT.toReadyToReceive(peer, gidIndex, Mtu.MTU_1024, 1));
        }
        SendWorkRequests requests = new SendWorkRequests(1).write(1).local(near, 0, 8).remote(far, 0).signaled();
        assertThatThrownBy(() -> requester.postSend(requests)).isInstanceOfSatisfying(PostException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e.posted()).isZero();
            assertThat(e).hasMessageContainingAll("ibv_post_send(" + requester, "state " + state, "EINVAL (22)", "connect");
        });
        pair.reconnect(PATIENT);
        pair.run(requests);
        pair.expectNone(pair.requesterQueue); // once only
    }

    @Test
    void shouldRefuseReceivesInResetAndTakeThemInInit() {
        requester.toReset();
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1);
        assertThatThrownBy(() -> requester.postReceive(receives)).isInstanceOfSatisfying(PostException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e.posted()).isZero();
            assertThat(e).hasMessageContainingAll("ibv_post_recv(" + requester, "state RESET", "EINVAL (22)", "initialize");
        });
        requester.initialize(PATIENT);
        assertThat(requester.postReceive(receives)).isEqualTo(1);
    }

    /** What the refusal above foresees. The device's own answer, with the library's look at the state passed by. */
    @Test
    void shouldBeRefusedByTheDeviceAsWellInReset() {
        Unguarded unguarded = new Unguarded(pair.domain, requester.options());
        try (unguarded) {
            assertThatThrownBy(unguarded::postSendInReset).isInstanceOfSatisfying(PostException.class, e -> {
                assertThat(e.errno()).isEqualTo(Errno.EINVAL);
                assertThat(e.posted()).isZero();
                assertThat(e).hasMessageContainingAll("request 0", "wr_id=7", "opcode=RDMA_WRITE", "num_sge=0");
            });
            assertThatThrownBy(unguarded::postReceiveInReset).isInstanceOfSatisfying(PostException.class, e -> {
                assertThat(e.errno()).isEqualTo(Errno.EINVAL);
                assertThat(e.posted()).isZero();
                assertThat(e).hasMessageContainingAll("request 0", "wr_id=8");
            });
        }
    }

    private static final class Unguarded extends QueuePair {
        Unguarded(ProtectionDomain domain, QueuePairOptions options) {
            super(domain, options);
        }

        void postSendInReset() {
            postSendToDevice(new SendWorkRequests(1).write(7).remote(0, 0), 0, 1);
        }

        void postReceiveInReset() {
            postReceiveToDevice(new ReceiveWorkRequests(1).receive(8), 0, 1);
        }
    }

    @Test
    void shouldRefuseAListThatIsTooMuchForTheQueuePairAndPostNothingOfIt() {
        int elements = requester.capabilities().maxSendElements();
        int inline = requester.capabilities().maxInlineBytes();
        SendWorkRequests tooManyElements = new SendWorkRequests(2, elements + 1, 0).write(1).local(near, 0, 8).remote(far, 0).signaled();
        tooManyElements.write(2).remote(far, 0);
        SendWorkRequests tooMuchInline = new SendWorkRequests(2, 1, inline + 1).write(1).local(near, 0, 8).remote(far, 0).signaled();
        tooMuchInline.write(2).inline(MemorySegment.ofArray(new byte[inline + 1]), 0, inline + 1).remote(far, 0);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(2, requester.capabilities().maxReceiveElements() + 1).receive(1).receive(2);
        for (int i = 0; i <= elements; i++) {
            tooManyElements.local(near, i, 1);
        }
        for (int i = 0; i <= requester.capabilities().maxReceiveElements(); i++) {
            receives.local(near, i, 1);
        }
        assertThatThrownBy(() -> requester.postSend(tooManyElements)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(elements + 1 + " elements", "max_send_sge=" + elements);
        assertThatThrownBy(() -> requester.postSend(tooMuchInline)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(inline + 1 + " bytes inline", "max_inline_data=" + inline);
        assertThatThrownBy(() -> requester.postReceive(receives)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("max_recv_sge=");
        pair.run(new SendWorkRequests(1).write(3).local(near, 0, 8).remote(far, 0).signaled());
        pair.expectNone(pair.requesterQueue);
    }

    @Test
    void shouldRefuseMemoryWhoseKeysMove() {
        FakeMemory moving = new FakeMemory(near.address(), near.byteSize(), near.localKey(), near.remoteKey(), false);
        assertThatThrownBy(() -> requester.postSend(new SendWorkRequests(1).write(1).local(moving, 0, 8).remote(far, 0)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(requester.toString(), "RegionDomain");
        assertThatThrownBy(() -> requester.postSend(new SendWorkRequests(1).write(1).local(near, 0, 8).remote(moving, 0)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseAListWhoseLastRequestIsIncomplete() {
        SendWorkRequests requests = new SendWorkRequests(2).write(1).local(near, 0, 8).remote(far, 0).signaled().write(2);
        assertThatThrownBy(() -> requester.postSend(requests)).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("request 1", "RDMA_WRITE");
        requests.remote(far, 8).signaled();
        pair.run(requests);
        pair.expect(pair.requesterQueue, 2, CompletionStatus.SUCCESS);
    }
}
