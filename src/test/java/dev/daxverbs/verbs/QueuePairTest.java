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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.EnumSet;
import java.util.function.Function;

/** Queue pairs: how they are made, moved through their states, connected and queried, on a device. */
@RequiresDevice
class QueuePairTest {
    private RcPair pair;
    private QueuePair queuePair;

    @BeforeEach
    void open() {
        pair = RcPair.unconnected(Function.identity());
        queuePair = pair.requester;
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void shouldBeMadeInReset() {
        assertThat(queuePair.state()).isEqualTo(QueuePairState.RESET);
        assertThat(queuePair.query().state()).isEqualTo(QueuePairState.RESET);
        assertThat(queuePair.number()).isBetween(1, QueuePairAddress.MAX_24_BITS).isNotEqualTo(pair.responder.number());
        assertThat(queuePair.domain()).isSameAs(pair.domain);
        assertThat(queuePair).asString().contains("queue pair " + queuePair.number(), pair.context.device().name());
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 0", "100, 3, 2, 30, 60", "1000, 500, 32, 1, 256", "0, 1, 0, 1, 0"})
    void shouldGrantAtLeastTheCapacitiesThatAreAskedFor(int sends, int receives, int sendElements, int receiveElements, int inline) {
        QueuePairOptions options = QueuePairOptions.of(pair.requesterQueue).withRequests(sends, receives)
                .withElements(sendElements, receiveElements).withInline(inline);
        try (QueuePair other = pair.domain.createQueuePair(options)) {
            for (QueuePairCapabilities granted : new QueuePairCapabilities[] {other.capabilities(), other.query().capabilities()}) {
                assertThat(granted.maxSendRequests()).isGreaterThanOrEqualTo(sends);
                assertThat(granted.maxReceiveRequests()).isGreaterThanOrEqualTo(receives);
                assertThat(granted.maxSendElements()).isGreaterThanOrEqualTo(sendElements);
                assertThat(granted.maxReceiveElements()).isGreaterThanOrEqualTo(receiveElements);
                assertThat(granted.maxInlineBytes()).isGreaterThanOrEqualTo(inline);
            }
            assertThat(other.options()).isEqualTo(options);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0, 0, 0", "0, 1, 0, 0, 0", "0, 0, 1, 0, 0", "0, 0, 0, 1, 0", "0, 0, 0, 0, 1000000"})
    void shouldRefuseMoreThanTheDeviceHas(int sends, int receives, int sendElements, int receiveElements, int inline) {
        DeviceAttributes device = pair.context.attributes();
        QueuePairCapabilities asked = new QueuePairCapabilities(1 + sends * device.maxQpWr(), 1 + receives * device.maxQpWr(),
                1 + sendElements * device.maxSge(), 1 + receiveElements * device.maxSge(), inline);
        QueuePairOptions options = new QueuePairOptions(pair.requesterQueue, pair.requesterQueue, asked, false);
        assertThatThrownBy(() -> pair.domain.createQueuePair(options)).isInstanceOfSatisfying(VerbsException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e).hasMessageContainingAll("ibv_create_qp(", pair.domain.toString(), "maxSendRequests=" + asked.maxSendRequests(),
                    "maxReceiveElements=" + asked.maxReceiveElements(), "EINVAL (22)", "max_qp_wr=" + device.maxQpWr(),
                    "max_sge=" + device.maxSge());
        });
    }

    @Test
    void shouldRefuseNegativeCapacitiesAndMissingQueues() {
        QueuePairOptions options = QueuePairOptions.of(pair.requesterQueue);
        assertThatThrownBy(() -> options.withRequests(-1, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("maxSendRequests=-1");
        assertThatThrownBy(() -> options.withElements(1, -2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxReceiveElements=-2");
        assertThatThrownBy(() -> options.withInline(-3)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("maxInlineBytes=-3");
        assertThatThrownBy(() -> options.withQueues(null, pair.requesterQueue)).isInstanceOf(NullPointerException.class)
                .hasMessageContaining("sendQueue");
    }

    @Test
    void shouldRefuseACompletionQueueOfAnotherContext() {
        try (RcPair other = RcPair.unconnected(Function.identity())) {
            QueuePairOptions mixed = QueuePairOptions.of(pair.requesterQueue).withQueues(pair.requesterQueue, other.requesterQueue);
            assertThatThrownBy(() -> pair.domain.createQueuePair(mixed)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("queue=" + other.requesterQueue, "domain=" + pair.domain);
        } // which closes, so nothing holds its queue
    }

    @Test
    void shouldTellEveryAttributeThatWasSetOnItsWayThroughTheStates() {
        QueuePairAddress peer = new QueuePairAddress(pair.responder.address().gid(), 0, pair.responder.number(), 0xfedcba);
        queuePair.modify(new QueuePairAttributes().state(QueuePairState.INIT).partitionKeyIndex(0).port(1)
                .access(EnumSet.of(AccessFlag.REMOTE_READ)));
        QueuePairAttributes told = expectState(QueuePairState.INIT);
        assertThat(told.port()).isEqualTo(1);
        assertThat(told.accessMask()).isEqualTo(AccessFlag.REMOTE_READ.bit());

        int gidIndex = pair.context.gids().stream().filter(entry -> entry.gid().equals(peer.gid())).findFirst().orElseThrow().index();
        queuePair.modify(new QueuePairAttributes().state(QueuePairState.RTR).pathMtu(Mtu.MTU_512).peer(peer, 1, gidIndex, 3, 0x68, 0)
                .maxPeerReads(5).minRnrTimer(17));
        told = expectState(QueuePairState.RTR);
        assertThat(told.pathMtu()).isEqualTo(Mtu.MTU_512);
        assertThat(told.peerQueuePairNumber()).isEqualTo(peer.queuePairNumber());
        assertThat(told.receivePacketSequenceNumber()).isEqualTo(0xfedcba);
        assertThat(told.maxPeerReads()).isBetween(5, 8); // rxe rounds up to a power of two
        assertThat(told.minRnrTimer()).isEqualTo(17);

        queuePair.modify(new QueuePairAttributes().state(QueuePairState.RTS).sendPacketSequenceNumber(0xabcdef).maxReads(7).timeout(19)
                .retryCount(4).rnrRetryCount(5));
        told = expectState(QueuePairState.RTS);
        assertThat(told.sendPacketSequenceNumber()).isEqualTo(0xabcdef);
        assertThat(told.maxReads()).isBetween(7, 8);
        assertThat(told.timeout()).isEqualTo(19);
        assertThat(told.retryCount()).isEqualTo(4);
        assertThat(told.rnrRetryCount()).isEqualTo(5);

        queuePair.modify(new QueuePairAttributes().access(EnumSet.noneOf(AccessFlag.class)).minRnrTimer(3)); // without a change of state
        told = expectState(QueuePairState.RTS);
        assertThat(told.accessMask()).isZero();
        assertThat(told.minRnrTimer()).isEqualTo(3);

        queuePair.toError();
        expectState(QueuePairState.ERR);
        queuePair.toReset();
        expectState(QueuePairState.RESET);
    }

    private QueuePairAttributes expectState(QueuePairState state) {
        QueuePairAttributes told = queuePair.query();
        assertThat(told.state()).isEqualTo(queuePair.state()).isEqualTo(state);
        return told;
    }

    @Test
    void shouldRefuseTransitionsThatDoNotExistAndStayAsItWas() {
        ConnectOptions connect = new ConnectOptions();
        refused(connect.toReadyToSend(1, 1), "state RESET", "state=RTS", "sq_psn=1");
        refused(connect.toReadyToReceive(pair.responder.address(), 0, Mtu.MTU_256, 1), "state RESET", "state=RTR", "path_mtu=1");
        expectState(QueuePairState.RESET);
        refused(new QueuePairAttributes().state(QueuePairState.INIT).partitionKeyIndex(0).access(EnumSet.noneOf(AccessFlag.class)),
                "state=INIT", "qp_access_flags=0x0"); // no port
        pair.connect(connect);
        assertThatThrownBy(() -> queuePair.connect(pair.responder.address())).isInstanceOfSatisfying(VerbsException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e).hasMessageContainingAll("state RTS", "state=RTR", "dest_qp_num=" + pair.responder.number());
        });
        expectState(QueuePairState.RTS);
        pair.run(new SendWorkRequests(1).write(1).local(pair.memory(8), 0, 8).remote(pair.memory(8), 0).signaled());
    }

    private void refused(QueuePairAttributes attributes, String... what) {
        assertThatThrownBy(() -> queuePair.modify(attributes)).isInstanceOfSatisfying(VerbsException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e).hasMessageContainingAll("ibv_modify_qp(" + queuePair, "EINVAL (22)").hasMessageContainingAll(what);
        });
    }

    @Test
    void shouldRefuseAttributesThatTheirFieldCannotHold() {
        QueuePairAttributes attributes = new QueuePairAttributes();
        QueuePairAddress peer = pair.responder.address();
        refusedAsOutOfRange("port_num=256", () -> attributes.port(256));
        refusedAsOutOfRange("pkey_index=65536", () -> attributes.partitionKeyIndex(65536));
        refusedAsOutOfRange("timeout=32", () -> attributes.timeout(32));
        refusedAsOutOfRange("retry_cnt=8", () -> attributes.retryCount(8));
        refusedAsOutOfRange("rnr_retry=-1", () -> attributes.rnrRetryCount(-1));
        refusedAsOutOfRange("min_rnr_timer=32", () -> attributes.minRnrTimer(32));
        refusedAsOutOfRange("max_rd_atomic=256", () -> attributes.maxReads(256));
        refusedAsOutOfRange("max_dest_rd_atomic=-1", () -> attributes.maxPeerReads(-1));
        refusedAsOutOfRange("sq_psn=16777216", () -> attributes.sendPacketSequenceNumber(1 << 24));
        refusedAsOutOfRange("sgid_index=256", () -> attributes.peer(peer, 1, 256, 1, 0, 0));
        refusedAsOutOfRange("hop_limit=256", () -> attributes.peer(peer, 1, 0, 256, 0, 0));
        refusedAsOutOfRange("traffic_class=-1", () -> attributes.peer(peer, 1, 0, 1, -1, 0));
        refusedAsOutOfRange("sl=16", () -> attributes.peer(peer, 1, 0, 1, 0, 16));
        refusedAsOutOfRange("queuePairNumber=16777216", () -> new QueuePairAddress(peer.gid(), 0, 1 << 24, 0));
        refusedAsOutOfRange("packetSequenceNumber=-1", () -> new QueuePairAddress(peer.gid(), 0, 1, -1));
        refusedAsOutOfRange("lid=65536", () -> new QueuePairAddress(peer.gid(), 65536, 1, 1));
        assertThat(attributes.mask()).as("nothing is set").isZero();
    }

    private static void refusedAsOutOfRange(String what, Runnable set) {
        assertThatThrownBy(set::run).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(what);
    }

    @Test
    void shouldCarryMessagesAcrossTheEndOfThePacketNumbers() {
        int number = QueuePairAddress.MAX_24_BITS - 1; // the third packet is number 0
        for (QueuePair each : new QueuePair[] {pair.requester, pair.responder}) {
            QueuePair other = each == pair.requester ? pair.responder : pair.requester;
            QueuePairAddress peer = new QueuePairAddress(other.address().gid(), 0, other.number(), number);
            ConnectOptions connect = new ConnectOptions();
            each.modify(connect.toInit());
            int gidIndex = pair.context.gids().stream().filter(entry -> entry.gid().equals(peer.gid())).findFirst().orElseThrow().index();
            each.modify(connect.toReadyToReceive(peer, gidIndex, Mtu.MTU_256, 8));
            each.modify(connect.toReadyToSend(number, 8));
        }
        MemoryRegistration near = pair.memory(2048);
        MemoryRegistration far = pair.memory(2048);
        byte[] payload = Payload.fill(near.segment(), 1);
        SendWorkRequests requests = new SendWorkRequests(2).write(1).local(near, 0, 1000).remote(far, 0);
        pair.run(requests.read(2).local(near, 1024, 1000).remote(far, 0).signaled());
        Payload.expect(far.segment(), 0, Payload.part(payload, 0, 1000));
        Payload.expect(near.segment(), 1024, Payload.part(payload, 0, 1000));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldConnectToAnotherPeerAfterReset(boolean afterError) {
        pair.connect(new ConnectOptions());
        if (afterError) {
            queuePair.toError();
        }
        queuePair.toReset();
        try (QueuePair third = pair.domain.createQueuePair(QueuePairOptions.of(pair.responderQueue))) {
            queuePair.connect(third.address());
            third.connect(queuePair.address());
            MemoryRegistration far = pair.memory(8);
            third.postReceive(new ReceiveWorkRequests(1).receive(1).local(far, 0, 8));
            pair.run(new SendWorkRequests(1).send(2).local(pair.memory(8), 0, 8).signaled());
            assertThat(pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS).queuePairNumber(0)).isEqualTo(third.number());
        }
    }
}
