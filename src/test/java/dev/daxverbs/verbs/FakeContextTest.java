package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_async_event;
import dev.daxverbs.bindings.ibverbs.ibv_context;
import dev.daxverbs.bindings.ibverbs.ibv_device_attr;
import dev.daxverbs.bindings.ibverbs.ibv_device_attr_ex;
import dev.daxverbs.bindings.ibverbs.ibv_odp_caps;
import dev.daxverbs.bindings.ibverbs.ibv_pci_atomic_caps;
import dev.daxverbs.bindings.ibverbs.ibv_port_attr;
import dev.daxverbs.bindings.ibverbs.verbs_context;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a device context makes of structs that no device here gives: of older libraries, and with values at the limits. The
 * context lies in memory of the test, and its provider is Java. Needs libibverbs but no device.
 */
class FakeContextTest {
    private final Arena arena = Arena.ofConfined();
    private final int asyncFd = Posix.eventfd();
    private MemorySegment extended;

    @BeforeAll
    static void requireLibrary() {
        Ibverbs.missing().ifPresent(Guest::skip); // the generated classes load it
    }

    @BeforeEach
    void allocate() {
        extended = verbs_context.allocate(arena);
        verbs_context.sz(extended, verbs_context.sizeof());
        MemorySegment context = verbs_context.context(extended);
        ibv_context.abi_compat(context, LibIbverbs.__VERBS_ABI_IS_EXTENDED());
        ibv_context.async_fd(context, asyncFd);
        ibv_context.num_comp_vectors(context, 3);
    }

    @AfterEach
    void free() {
        Posix.close(asyncFd);
        arena.close();
    }

    /** Never closed, as libibverbs would be asked to: its eventfd remains until the process ends. */
    private DeviceContext context() {
        return new DeviceContext(new Device("fake0", 1, NodeType.CA, TransportType.INFINIBAND, 0, "uverbs0", Path.of("/nowhere")),
                verbs_context.context(extended));
    }

    private MemorySegment port(verbs_context.query_port.Function function) {
        MemorySegment stub = verbs_context.query_port.allocate(function, arena);
        verbs_context.query_port(extended, stub);
        return stub;
    }

    @Test
    void shouldFindTheExtendedContextAroundThePlainOne() {
        MemorySegment stub = port((context, port, attributes, size) -> 0);
        DeviceContext context = context();
        assertThat(context.extended().address()).isEqualTo(extended.address());
        assertThat(context.operation(verbs_context.query_port$offset()).address()).isEqualTo(stub.address());
        assertThat(context.operation(verbs_context.query_device_ex$offset())).as("a null pointer").isNull();
        assertThat(context.completionVectors()).isEqualTo(3);
    }

    @Test
    void shouldNotTakeAPlainContextForAnExtendedOne() {
        port((context, port, attributes, size) -> 0);
        ibv_context.abi_compat(verbs_context.context(extended), MemorySegment.NULL);
        assertThat(context().extended()).isNull();
        assertThat(context().operation(verbs_context.query_port$offset())).isNull();
        assertThatThrownBy(() -> context().port(1)).isInstanceOfSatisfying(VerbsException.class,
                e -> assertThat(e.errno()).isEqualTo(Errno.EOPNOTSUPP));
    }

    @Test
    void shouldNotReadWhatAnOlderLibraryDoesNotHave() {
        port((context, port, attributes, size) -> 0);
        long distanceFromEnd = verbs_context.sizeof() - verbs_context.query_port$offset();
        verbs_context.sz(extended, distanceFromEnd - 1);
        assertThat(context().operation(verbs_context.query_port$offset())).isNull();
        verbs_context.sz(extended, distanceFromEnd);
        assertThat(context().operation(verbs_context.query_port$offset())).isNotNull();
    }

    @Test
    void shouldReadPortAttributesAtTheirLimits() {
        List<Long> arguments = new ArrayList<>(); // an exception in there would end the JVM, so they are looked at later
        port((context, port, attributes, size) -> {
            arguments.addAll(List.of(context.address(), (long) port, size));
            attributes.asSlice(0, size).fill((byte) 0xff);
            ibv_port_attr.active_mtu(attributes, 0);
            return 0;
        });
        PortAttributes attributes = context().port(255);
        assertThat(arguments).containsExactly(verbs_context.context(extended).address(), -1L, ibv_port_attr.sizeof());
        assertThat(attributes).isEqualTo(new PortAttributes(PortState.UNKNOWN, Mtu.MTU_256, Mtu.MTU_256, -1, -1, 0xffff, 0xffff_ffffL,
                0xffff_ffffL, 0xffff_ffffL, 0xffff, 0xffff, 0xffff, 255, 255, 255, 255, 255, 255, 0xffff_ffffL, 255,
                LinkLayer.UNSPECIFIED, 255));
    }

    @Test
    void shouldReportTheErrnoThatAProviderReturns() {
        for (int returned : new int[] {Errno.EINVAL, -Errno.EINVAL}) { // providers differ in the sign
            port((context, port, attributes, size) -> returned);
            assertThatThrownBy(() -> context().port(1)).isInstanceOfSatisfying(VerbsException.class,
                    e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                    .hasMessageStartingWith("ibv_query_port(device=fake0, port_num=1): EINVAL (22): ");
        }
    }

    @Test
    void shouldReadDeviceAttributesThatNoSoftwareDeviceHas() {
        List<Long> arguments = new ArrayList<>();
        verbs_context.query_device_ex(extended, verbs_context.query_device_ex.allocate((context, input, attributes, size) -> {
            arguments.addAll(List.of(context.address(), input.address(), size));
            ibv_device_attr.fw_ver(ibv_device_attr_ex.orig_attr(attributes)).setString(0, "16.35.4030");
            ibv_device_attr.max_pkeys(ibv_device_attr_ex.orig_attr(attributes), (short) 0xffff);
            ibv_device_attr.phys_port_cnt(ibv_device_attr_ex.orig_attr(attributes), (byte) 0xff);
            ibv_odp_caps.general_caps(ibv_device_attr_ex.odp_caps(attributes), 3);
            ibv_odp_caps.per_transport_caps.uc_odp_caps(ibv_odp_caps.per_transport_caps(ibv_device_attr_ex.odp_caps(attributes)), 4);
            ibv_device_attr_ex.xrc_odp_caps(attributes, 8);
            ibv_device_attr_ex.completion_timestamp_mask(attributes, -1L);
            ibv_device_attr_ex.hca_core_clock(attributes, 1_000_000);
            ibv_device_attr_ex.max_dm_size(attributes, 1L << 33);
            ibv_pci_atomic_caps.fetch_add(ibv_device_attr_ex.pci_atomic_caps(attributes), (short) 1);
            ibv_pci_atomic_caps.swap(ibv_device_attr_ex.pci_atomic_caps(attributes), (short) 2);
            ibv_pci_atomic_caps.compare_swap(ibv_device_attr_ex.pci_atomic_caps(attributes), (short) 7);
            return 0;
        }, arena));
        DeviceAttributes attributes = context().attributes();
        assertThat(arguments).containsExactly(verbs_context.context(extended).address(), 0L, ibv_device_attr_ex.sizeof());
        assertThat(attributes.fwVer()).isEqualTo("16.35.4030");
        assertThat(attributes.maxPkeys()).isEqualTo(0xffff);
        assertThat(attributes.physPortCnt()).isEqualTo(255);
        assertThat(attributes.onDemand()).isEqualTo(new OnDemandCapabilities(true, true, Set.of(),
                Set.of(OnDemandCapabilities.Operation.WRITE), Set.of(), Set.of(OnDemandCapabilities.Operation.READ)));
        assertThat(attributes.completionTimestampMask()).isEqualTo(-1L);
        assertThat(attributes.hcaCoreClock()).isEqualTo(1_000_000);
        assertThat(attributes.maxDmSize()).isEqualTo(1L << 33);
        assertThat(attributes.pciAtomicFetchAdd()).isEqualTo(1);
        assertThat(attributes.pciAtomicSwap()).isEqualTo(2);
        assertThat(attributes.pciAtomicCompareSwap()).isEqualTo(7);
        assertThat(attributes).asString().contains("fw_ver=16.35.4030", "max_mr_size=0");
    }

    @Test
    void shouldFindTheObjectOfAnEventByItsAddress() {
        DeviceContext object = context();
        MemorySegment event = ibv_async_event.allocate(arena);
        for (AsyncEventType type : AsyncEventType.values()) {
            event.fill((byte) 0);
            ibv_async_event.event_type(event, type.code());
            ibv_async_event.element.qp(ibv_async_event.element(event), MemorySegment.ofAddress(0x7000_0000_1002L));
            AsyncEvent found = AsyncEvent.read(event, address -> address == 0x7000_0000_1002L ? object : null);
            assertThat(found.type()).isEqualTo(type);
            switch (type.subject()) {
                case PORT -> assertThat(found.port()).hasValue(0x1002);
                case QUEUE_PAIR, COMPLETION_QUEUE -> assertThat(found.object().orElseThrow()).isSameAs(object);
                case DEVICE, OTHER -> assertThat(found).isEqualTo(new AsyncEvent(type, OptionalInt.empty(), found.object()));
            }
            assertThat(AsyncEvent.read(event, address -> null).object()).as("one that is being closed").isEmpty();
        }
        ibv_async_event.event_type(event, 1000);
        assertThat(AsyncEvent.read(event, address -> object).type()).isSameAs(AsyncEventType.UNKNOWN);
    }
}
