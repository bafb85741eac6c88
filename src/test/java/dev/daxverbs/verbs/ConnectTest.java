package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.Payload;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Connecting in one call: its defaults, its options, and the addresses and packet sizes that a port has. */
@RequiresDevice
class ConnectTest {
    /** Gives up soon where packets do not arrive. */
    private static ConnectOptions impatient() {
        return new ConnectOptions().retries(10, 2);
    }

    private static void expectAWriteToArrive(RcPair pair) {
        MemoryRegistration near = pair.memory(5000);
        MemoryRegistration far = pair.memory(5000);
        byte[] payload = Payload.fill(near.segment(), 1);
        pair.post(new SendWorkRequests(1).write(1).local(near, 0, 5000).remote(far, 0).signaled());
        pair.expect(pair.requesterQueue, 1, CompletionStatus.SUCCESS);
        Payload.expect(far.segment(), 0, payload);
    }

    @Test
    void shouldConnectInOneCallWithDefaultsThatSuit() {
        try (RcPair pair = RcPair.connected()) {
            QueuePairAttributes told = pair.requester.query();
            assertThat(told.state()).isEqualTo(QueuePairState.RTS);
            assertThat(told.port()).isEqualTo(1);
            assertThat(told.pathMtu()).isEqualTo(pair.context.port(1).activeMtu());
            assertThat(told.peerQueuePairNumber()).isEqualTo(pair.responder.number());
            assertThat(told.accessMask() & 0xe).as("remote writes, reads, atomics").isEqualTo(0xe);
            assertThat(told.timeout()).isEqualTo(14);
            assertThat(told.retryCount()).isEqualTo(7);
            assertThat(told.rnrRetryCount()).isEqualTo(7);
            assertThat(told.minRnrTimer()).isEqualTo(12);
            assertThat(told.maxReads()).isEqualTo(Math.min(16, pair.context.attributes().maxQpInitRdAtom()));
            assertThat(told.maxPeerReads()).isEqualTo(Math.min(16, pair.context.attributes().maxQpRdAtom()));
            expectAWriteToArrive(pair);
        }
    }

    @Test
    void shouldConnectWithEveryOptionThatWasSet() {
        ConnectOptions connect = new ConnectOptions().port(1).pathMtu(Mtu.MTU_512).access(Set.of(AccessFlag.REMOTE_WRITE))
                .partitionKeyIndex(0).reads(2, 4).retries(18, 3).receiverNotReady(20, 5).route(9, 0x20, 0);
        try (RcPair pair = RcPair.connected(connect)) {
            QueuePairAttributes told = pair.requester.query();
            assertThat(told.pathMtu()).isEqualTo(Mtu.MTU_512);
            assertThat(told.accessMask()).isEqualTo(AccessFlag.REMOTE_WRITE.bit());
            assertThat(told.maxReads()).isEqualTo(2);
            assertThat(told.maxPeerReads()).isEqualTo(4);
            assertThat(told.timeout()).isEqualTo(18);
            assertThat(told.retryCount()).isEqualTo(3);
            assertThat(told.minRnrTimer()).isEqualTo(20);
            assertThat(told.rnrRetryCount()).isEqualTo(5);
            expectAWriteToArrive(pair);
        }
    }

    @Test
    void shouldChooseAnIpv4AddressOfRoceV2First() {
        for (Device device : Device.list()) {
            try (RcPair pair = RcPair.unconnected(device, Function.identity())) {
                List<GidEntry> entries = pair.context.gids();
                QueuePairAddress address = pair.requester.address();
                assertThat(entries).as("gids of %s", device.name())
                        .anyMatch(entry -> entry.type() == GidType.ROCE_V2 && entry.gid().isIpv4Mapped());
                assertThat(entries.getFirst().gid().isIpv4Mapped()).as("the choice is not simply the first").isFalse();
                assertThat(address.gid().isIpv4Mapped()).isTrue();
                assertThat(address.queuePairNumber()).isEqualTo(pair.requester.number());
                assertThat(address.lid()).isEqualTo(pair.context.port(1).lid());
                assertThat(pair.requester.address()).as("asked again").isEqualTo(address);
            }
        }
    }

    /** Each entry of each device's GID table: what arrives over IPv4, over IPv6 and over link-local addresses. */
    @TestFactory
    List<DynamicTest> shouldConnectWithEveryGidOrSayWhyNot() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Device device : Device.list()) {
            try (DeviceContext context = device.open()) {
                for (GidEntry entry : context.gids()) {
                    tests.add(dynamicTest("%s, index %d: %s".formatted(device.name(), entry.index(), entry.gid()), () -> {
                        ConnectOptions connect = impatient().gidIndex(entry.index());
                        try (RcPair pair = RcPair.unconnected(device, Function.identity())) {
                            assertThat(pair.requester.address(connect).gid()).isEqualTo(entry.gid());
                            if (isReachable(entry)) {
                                pair.connect(connect);
                                expectAWriteToArrive(pair);
                            } else {
                                assertThatThrownBy(() -> pair.connect(connect)).isInstanceOf(VerbsException.class).hasMessageContainingAll(
                                        "ibv_modify_qp(", "state=RTR", "dgid=" + entry.gid(), "sgid_index=" + entry.index(), "ENETUNREACH");
                            }
                        }
                    }));
                }
            }
        }
        return tests;
    }

    /** rxe makes up a link-local GID for a network device that has no such address, as the loopback device has none. */
    private static boolean isReachable(GidEntry entry) throws SocketException {
        return NetworkInterface.getByInetAddress(entry.gid().toInetAddress()) != null
                || NetworkInterface.getByName(entry.netDevice().orElseThrow()).inetAddresses()
                        .anyMatch(address -> Arrays.equals(address.getAddress(), entry.gid().bytes()));
    }

    @Test
    void shouldRefuseAGidIndexOrPortThatIsNotThere() {
        try (RcPair pair = RcPair.unconnected(Function.identity())) {
            QueuePairAddress peer = pair.responder.address();
            ConnectOptions empty = new ConnectOptions().gidIndex(255);
            assertThatThrownBy(() -> pair.requester.address(empty)).isInstanceOf(VerbsException.class)
                    .hasMessageContainingAll("gid_index=255", "port_num=1");
            assertThatThrownBy(() -> pair.requester.connect(peer, empty)).isInstanceOf(VerbsException.class)
                    .hasMessageContaining("gid_index=255");
            ConnectOptions port2 = new ConnectOptions().port(2);
            assertThatThrownBy(() -> pair.requester.address(port2)).isInstanceOf(VerbsException.class).hasMessageContaining("port_num=2");
            // What was refused has not spoilt the queue pair, wherever on its way it was refused.
            pair.connect(new ConnectOptions());
            expectAWriteToArrive(pair);
        }
    }

    /**
     * ibv_modify_qp(3) has {@code EINVAL} for a path MTU above the port's active one. rxe compares with the largest that the port could do.
     * The ports of the guest do the largest of all, so one of them is made to do less for a while.
     */
    @Test
    @RequiresDevice("rxe1")
    void shouldAcceptOnRxeAPathMtuAboveThePortsActiveOneButNotChooseItItself() throws Exception {
        if (!Guest.isHere()) {
            Guest.skip("changes the MTU of a network device");
        }
        setMtu("1500");
        try (RcPair pair = RcPair.unconnected(Device.byName("rxe1"), Function.identity())) {
            assertThat(pair.context.port(1).activeMtu()).isEqualTo(Mtu.MTU_1024);
            pair.connect(new ConnectOptions().pathMtu(Mtu.MTU_2048));
            assertThat(pair.requester.query().pathMtu()).isEqualTo(Mtu.MTU_2048);
            pair.reconnect(impatient());
            assertThat(pair.requester.query().pathMtu()).as("the default").isEqualTo(Mtu.MTU_1024);
            expectAWriteToArrive(pair);
        } finally {
            setMtu("9000");
        }
    }

    private static void setMtu(String mtu) throws IOException, InterruptedException {
        Process ip = new ProcessBuilder("ip", "link", "set", "dax1", "mtu", mtu).inheritIO().start();
        assertThat(ip.waitFor(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(ip.exitValue()).isZero();
    }

    @Test
    void shouldKeepItsOptionsToItself() {
        Set<AccessFlag> flags = EnumSet.of(AccessFlag.REMOTE_READ);
        ConnectOptions connect = new ConnectOptions().access(flags);
        flags.add(AccessFlag.REMOTE_WRITE);
        connect.access().clear();
        assertThat(connect.access()).containsExactly(AccessFlag.REMOTE_READ);
        assertThat(new ConnectOptions().gidIndex()).isEmpty();
        assertThat(new ConnectOptions().pathMtu()).isEmpty();
    }
}
