package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * The codes of the enumerations are those of the C headers, as the bindings have them, and none is left out. They are written by
 * hand, as the bindings can only be loaded where libibverbs is, and {@link Mtu} and others are of use without it.
 * Needs libibverbs but no device.
 */
class NativeCodesTest {
    private static Map<String, Integer> constants;

    @BeforeAll
    static void readConstants() throws ReflectiveOperationException {
        Ibverbs.missing().ifPresent(Guest::skip);
        constants = new TreeMap<>();
        for (Method method : LibIbverbs.class.getMethods()) {
            if (method.getName().startsWith("IBV_") && method.getParameterCount() == 0 && method.getReturnType() == int.class) {
                constants.put(method.getName(), (int) method.invoke(null));
            }
        }
    }

    private static <E extends Enum<E>> Map<String, Integer> codes(Class<E> type, ToIntFunction<E> code, Function<E, String> name,
            Set<E> ours) {
        Map<String, Integer> codes = new TreeMap<>();
        Arrays.stream(type.getEnumConstants()).filter(e -> !ours.contains(e)).forEach(e -> codes.put(name.apply(e), code.applyAsInt(e)));
        return codes;
    }

    private static Map<String, Integer> inBindings(String pattern) {
        Map<String, Integer> matching = new TreeMap<>(constants);
        matching.keySet().removeIf(name -> !name.matches(pattern));
        return matching;
    }

    @Test
    void shouldHaveTheCodesOfStatuses() {
        assertThat(codes(CompletionStatus.class, CompletionStatus::code, e -> "IBV_WC_" + e,
                Set.of(CompletionStatus.FILE_TRUNCATED, CompletionStatus.UNKNOWN)))
                .isEqualTo(inBindings("IBV_WC_(SUCCESS|.*_ERR|TM_RNDV_INCOMPLETE)"));
    }

    @Test
    void shouldFindEveryStatusByItsCode() {
        for (CompletionStatus status : CompletionStatus.values()) {
            assertThat(CompletionStatus.of(status.code())).isSameAs(status);
            assertThat(status.text()).isNotBlank();
        }
        for (int unknown : new int[] {24, 0xfff, 0x1001, -1, -2, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertThat(CompletionStatus.of(unknown)).isSameAs(CompletionStatus.UNKNOWN);
        }
        assertThat(CompletionStatus.FILE_TRUNCATED.code()).isEqualTo(0x1000);
    }

    @Test
    void shouldHaveTheCodesOfOpcodes() {
        assertThat(codes(CompletionOpcode.class, CompletionOpcode::code, e -> "IBV_WC_" + e, Set.of(CompletionOpcode.OTHER)))
                .isEqualTo(inBindings("IBV_WC_(SEND|RDMA_WRITE|RDMA_READ|COMP_SWAP|FETCH_ADD|BIND_MW|LOCAL_INV|TSO|FLUSH|ATOMIC_WRITE"
                        + "|RECV|RECV_RDMA_WITH_IMM)"));
    }

    @Test
    void shouldFindEveryOpcodeByItsCode() {
        for (CompletionOpcode opcode : CompletionOpcode.values()) {
            assertThat(CompletionOpcode.of(opcode.code())).isSameAs(opcode);
        }
        for (int other : new int[] {10, 0x7f, 0x82, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertThat(CompletionOpcode.of(other)).isSameAs(CompletionOpcode.OTHER);
        }
        assertThat(Arrays.stream(CompletionOpcode.values()).filter(CompletionOpcode::isReceive))
                .containsExactly(CompletionOpcode.RECV, CompletionOpcode.RECV_RDMA_WITH_IMM);
    }

    @Test
    void shouldHaveTheCodesOfEvents() {
        assertThat(codes(AsyncEventType.class, AsyncEventType::code, e -> "IBV_EVENT_" + e, Set.of(AsyncEventType.UNKNOWN)))
                .isEqualTo(inBindings("IBV_EVENT_.*"));
        for (AsyncEventType type : AsyncEventType.values()) {
            assertThat(AsyncEventType.of(type.code())).isSameAs(type);
        }
        assertThat(AsyncEventType.of(99)).isSameAs(AsyncEventType.UNKNOWN);
    }

    @Test
    void shouldHaveTheBitsOfAccessFlags() {
        assertThat(codes(AccessFlag.class, AccessFlag::bit, e -> "IBV_ACCESS_" + e, Set.of()))
                .isEqualTo(inBindings("IBV_ACCESS_(?!OPTIONAL_).*"));
    }

    @Test
    void shouldPutAccessFlagsTogether() {
        assertThat(AccessFlag.mask()).isZero();
        assertThat(AccessFlag.mask(Set.of())).isZero();
        assertThat(AccessFlag.mask(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_READ, AccessFlag.LOCAL_WRITE)).isEqualTo(5);
        assertThat(AccessFlag.mask(EnumSet.allOf(AccessFlag.class))).isEqualTo(0x1003ff);
    }

    @Test
    void shouldHaveTheCodesOfMtus() {
        assertThat(codes(Mtu.class, Mtu::code, e -> "IBV_" + e, Set.of())).isEqualTo(inBindings("IBV_MTU_.*"));
        for (Mtu mtu : Mtu.values()) {
            assertThat(Mtu.of(mtu.code())).isSameAs(mtu);
            assertThat(mtu).hasToString("MTU_" + mtu.bytes());
        }
        for (int wrong : new int[] {0, 6, -1}) {
            assertThatThrownBy(() -> Mtu.of(wrong)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("code=" + wrong);
        }
    }

    @Test
    void shouldHaveTheCodesOfDevicesAndPorts() {
        assertThat(codes(NodeType.class, NodeType::code, e -> "IBV_NODE_" + e, Set.of())).isEqualTo(inBindings("IBV_NODE_.*"));
        assertThat(codes(TransportType.class, TransportType::code, e -> "IBV_TRANSPORT_" + (e == TransportType.INFINIBAND ? "IB" : e),
                Set.of())).isEqualTo(inBindings("IBV_TRANSPORT_.*"));
        assertThat(codes(PortState.class, PortState::code, e -> "IBV_PORT_" + e, Set.of(PortState.UNKNOWN)))
                .isEqualTo(inBindings("IBV_PORT_(NOP|DOWN|INIT|ARMED|ACTIVE|ACTIVE_DEFER)"));
        assertThat(codes(LinkLayer.class, LinkLayer::code, e -> "IBV_LINK_LAYER_" + e, Set.of()))
                .isEqualTo(inBindings("IBV_LINK_LAYER_.*"));
        assertThat(codes(GidType.class, GidType::code, e -> "IBV_GID_TYPE_" + (e == GidType.INFINIBAND ? "IB" : e),
                Set.of(GidType.UNKNOWN))).isEqualTo(inBindings("IBV_GID_TYPE_.*"));
        assertThat(codes(AtomicCapability.class, AtomicCapability::code, e -> "IBV_ATOMIC_" + switch (e) {
            case NONE -> "NONE";
            case DEVICE -> "HCA";
            case GLOBAL -> "GLOB";
        }, Set.of())).isEqualTo(inBindings("IBV_ATOMIC_.*"));
    }

    @Test
    void shouldTakeCodesItDoesNotKnowForUnknown() {
        assertThat(NodeType.of(99)).isSameAs(NodeType.UNKNOWN);
        assertThat(TransportType.of(99)).isSameAs(TransportType.UNKNOWN);
        assertThat(PortState.of(99)).isSameAs(PortState.UNKNOWN);
        assertThat(LinkLayer.of(99)).isSameAs(LinkLayer.UNSPECIFIED);
        assertThat(GidType.of(99)).isSameAs(GidType.UNKNOWN);
        assertThat(AtomicCapability.of(99)).isSameAs(AtomicCapability.NONE);
    }

    @Test
    void shouldHaveTheBitsOfOnDemandOperations() {
        assertThat(codes(OnDemandCapabilities.Operation.class, OnDemandCapabilities.Operation::bit, e -> "IBV_ODP_SUPPORT_" + switch (e) {
            case RECEIVE -> "RECV";
            case SHARED_RECEIVE -> "SRQ_RECV";
            default -> e.name();
        }, Set.of())).isEqualTo(inBindings("IBV_ODP_SUPPORT_(?!IMPLICIT).*"));
        OnDemandCapabilities some = OnDemandCapabilities.of(constants.get("IBV_ODP_SUPPORT"), 0xf, 0, 1 << 1, 1 << 30);
        assertThat(some).isEqualTo(new OnDemandCapabilities(true, false, Set.of(OnDemandCapabilities.Operation.SEND,
                OnDemandCapabilities.Operation.RECEIVE, OnDemandCapabilities.Operation.WRITE, OnDemandCapabilities.Operation.READ),
                Set.of(), Set.of(OnDemandCapabilities.Operation.RECEIVE), Set.of()));
        assertThat(OnDemandCapabilities.of(constants.get("IBV_ODP_SUPPORT_IMPLICIT"), 0, 0, 0, 0).implicit()).isTrue();
    }

    @Test
    void shouldWriteAndReadAGidInMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Gid.SIZE_BYTES);
            Gid gid = Gid.parse("fe80::5054:ff:fe12:3456");
            gid.write(memory);
            assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(gid.bytes());
            assertThat(Gid.read(memory)).isEqualTo(gid);
        }
    }
}
