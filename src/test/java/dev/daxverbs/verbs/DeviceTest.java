package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.RequiresDevice;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Listing, opening and querying a device (ibv_get_device_list, ibv_open_device, ibv_query_device_ex, ibv_query_port,
 * ibv_query_gid_ex, ibv_query_gid_table, ibv_close_device), compared with what {@code ibv_devinfo} and the kernel say.
 */
@RequiresDevice
@Timeout(120)
class DeviceTest {
    private static final String NAME = "rxe0";

    private final DeviceContext context = Device.byName(NAME).open();

    @AfterEach
    void close() {
        context.close();
    }

    private static void assertErrno(int errno, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(VerbsException.class,
                e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno)).hasMessageContaining("device=" + NAME);
    }

    @Test
    void shouldListTheDeviceAndFindItByName() throws Exception {
        Device device = Device.byName(NAME);
        assertThat(Device.list()).contains(device);
        assertThat(Device.find(NAME)).contains(device);
        assertThat(device.nodeType()).isEqualTo(NodeType.CA);
        assertThat(device.transportType()).isEqualTo(TransportType.INFINIBAND);
        assertThat(device.index()).isNotNegative();
        assertThat(device.uverbsName()).matches("uverbs\\d+");
        assertThat(device.fileSystemPath()).isDirectory();
        assertThat(device.guidText()).isEqualTo(Files.readString(Path.of("/sys/class/infiniband", NAME, "node_guid")).strip());
        assertThat(context.device()).isEqualTo(device);
    }

    @Test
    void shouldAgreeWithIbvDevinfoOnTheDevice() throws Exception {
        DevinfoReport report = DevinfoReport.of(NAME);
        DeviceAttributes attributes = context.attributes();
        assertThat(attributes.fwVer()).isEqualTo(report.text("fw_ver"));
        assertThat(Gid.text(attributes.nodeGuid())).isEqualTo(report.text("node_guid")).isEqualTo(context.device().guidText());
        assertThat(Gid.text(attributes.sysImageGuid())).isEqualTo(report.text("sys_image_guid"));
        Map<String, Long> numbers = Map.ofEntries(
                Map.entry("vendor_id", (long) attributes.vendorId()),
                Map.entry("vendor_part_id", (long) attributes.vendorPartId()),
                Map.entry("hw_ver", (long) attributes.hwVer()),
                Map.entry("phys_port_cnt", (long) attributes.physPortCnt()),
                Map.entry("max_mr_size", attributes.maxMrSize()),
                Map.entry("page_size_cap", attributes.pageSizeCap()),
                Map.entry("max_qp", (long) attributes.maxQp()),
                Map.entry("max_qp_wr", (long) attributes.maxQpWr()),
                Map.entry("device_cap_flags", Integer.toUnsignedLong(attributes.deviceCapFlags())),
                Map.entry("device_cap_flags_ex", attributes.deviceCapFlagsEx()),
                Map.entry("max_sge", (long) attributes.maxSge()),
                Map.entry("max_sge_rd", (long) attributes.maxSgeRd()),
                Map.entry("max_cq", (long) attributes.maxCq()),
                Map.entry("max_cqe", (long) attributes.maxCqe()),
                Map.entry("max_mr", (long) attributes.maxMr()),
                Map.entry("max_pd", (long) attributes.maxPd()),
                Map.entry("max_qp_rd_atom", (long) attributes.maxQpRdAtom()),
                Map.entry("max_res_rd_atom", (long) attributes.maxResRdAtom()),
                Map.entry("max_qp_init_rd_atom", (long) attributes.maxQpInitRdAtom()),
                Map.entry("atomic_cap", (long) attributes.atomicCap().code()),
                Map.entry("max_mw", (long) attributes.maxMw()),
                Map.entry("max_raw_ethy_qp", (long) attributes.maxRawEthyQp()),
                Map.entry("max_mcast_grp", (long) attributes.maxMcastGrp()),
                Map.entry("max_mcast_qp_attach", (long) attributes.maxMcastQpAttach()),
                Map.entry("max_total_mcast_qp_attach", (long) attributes.maxTotalMcastQpAttach()),
                Map.entry("max_ah", (long) attributes.maxAh()),
                Map.entry("max_srq", (long) attributes.maxSrq()),
                Map.entry("max_srq_wr", (long) attributes.maxSrqWr()),
                Map.entry("max_srq_sge", (long) attributes.maxSrqSge()),
                Map.entry("max_pkeys", (long) attributes.maxPkeys()),
                Map.entry("local_ca_ack_delay", (long) attributes.localCaAckDelay()),
                Map.entry("num_comp_vectors", (long) context.completionVectors()));
        numbers.forEach((key, value) -> assertThat(value).as(key).isEqualTo(report.number(key)));
    }

    @Test
    void shouldAgreeWithIbvDevinfoOnOnDemandPaging() throws Exception {
        DevinfoReport report = DevinfoReport.of(NAME);
        OnDemandCapabilities capabilities = context.attributes().onDemand();
        assertThat(capabilities.supported()).isEqualTo(report.list("general_odp_caps").contains("ODP_SUPPORT"));
        assertThat(capabilities.implicit()).isEqualTo(report.list("general_odp_caps").contains("ODP_SUPPORT_IMPLICIT"));
        assertOperations("rc_odp_caps", report, capabilities.reliableConnection());
        assertOperations("uc_odp_caps", report, capabilities.unreliableConnection());
        assertOperations("ud_odp_caps", report, capabilities.unreliableDatagram());
        assertOperations("xrc_odp_caps", report, capabilities.extendedReliableConnection());
        if (!capabilities.supported()) { // rxe before Linux 6.15
            assertThat(capabilities).isEqualTo(OnDemandCapabilities.of(0, 0, 0, 0, 0));
        }
    }

    private static void assertOperations(String key, DevinfoReport report, Set<OnDemandCapabilities.Operation> operations) {
        for (OnDemandCapabilities.Operation operation : OnDemandCapabilities.Operation.values()) {
            String name = "SUPPORT_" + switch (operation) {
                case RECEIVE -> "RECV";
                case SHARED_RECEIVE -> "SRQ";
                default -> operation.name();
            };
            assertThat(operations.contains(operation)).as(key + " " + operation).isEqualTo(report.list(key).contains(name));
        }
    }

    @Test
    void shouldAgreeWithIbvDevinfoOnThePort() throws Exception {
        DevinfoReport report = DevinfoReport.of(NAME);
        PortAttributes port = context.port(1);
        assertThat(port.linkLayer()).isEqualTo(LinkLayer.ETHERNET);
        assertThat(report.text("link_layer")).isEqualTo("Ethernet");
        Map<String, Long> numbers = Map.ofEntries(
                Map.entry("state", (long) port.state().code()),
                Map.entry("max_mtu", (long) port.maxMtu().code()),
                Map.entry("active_mtu", (long) port.activeMtu().code()),
                Map.entry("sm_lid", (long) port.subnetManagerLid()),
                Map.entry("port_lid", (long) port.lid()),
                Map.entry("port_lmc", (long) port.lidMaskControl()),
                Map.entry("max_msg_sz", port.maxMessageBytes()),
                Map.entry("port_cap_flags", Integer.toUnsignedLong(port.capabilityFlags())),
                Map.entry("port_cap_flags2", (long) port.capabilityFlags2()),
                Map.entry("max_vl_num", (long) port.maxVirtualLanes()),
                Map.entry("bad_pkey_cntr", port.badPkeyCounter()),
                Map.entry("qkey_viol_cntr", port.qkeyViolationCounter()),
                Map.entry("sm_sl", (long) port.subnetManagerServiceLevel()),
                Map.entry("pkey_tbl_len", (long) port.pkeyTableLength()),
                Map.entry("gid_tbl_len", (long) port.gidTableLength()),
                Map.entry("subnet_timeout", (long) port.subnetTimeout()),
                Map.entry("init_type_reply", (long) port.initTypeReply()),
                Map.entry("active_width", (long) port.activeWidth()),
                Map.entry("active_speed", port.activeSpeed()),
                Map.entry("phys_state", (long) port.physicalState()));
        numbers.forEach((key, value) -> assertThat(value).as(key).isEqualTo(report.number(key)));
    }

    @Test
    void shouldAgreeWithIbvDevinfoOnTheGidTable() throws Exception {
        List<GidEntry> entries = context.gids();
        assertThat(entries).isNotEmpty().allSatisfy(entry -> assertThat(entry.type()).isEqualTo(GidType.ROCE_V2));
        List<String> expected = new ArrayList<>();
        for (String line : DevinfoReport.of(NAME).gids()) { // 1 ::ffff:127.0.0.1, RoCE v2
            String[] words = line.split("[ ,]+", 3);
            expected.add(words[0] + " " + Gid.parse(words[1]) + " " + words[2]);
        }
        assertThat(entries).extracting(entry -> entry.index() + " " + entry.gid() + " RoCE v2").containsExactlyElementsOf(expected);
        for (GidEntry entry : entries) {
            assertThat(entry.port()).isEqualTo(1);
            assertThat(context.gid(1, entry.index())).isEqualTo(entry);
        }
    }

    @Test
    void shouldNameTheNetworkInterfaceOfAGid() throws Exception {
        GidEntry loopback = context.gids().stream().filter(entry -> entry.gid().equals(Gid.parse("::ffff:127.0.0.1"))).findFirst()
                .orElseThrow();
        assertThat(loopback.netDevice()).isEqualTo(Optional.of("lo"));
        assertThat(loopback.interfaceIndex()).isEqualTo(NetworkInterface.getByName("lo").getIndex());
        assertThat(loopback.gid().toInetAddress()).isEqualTo(InetAddress.getByName("127.0.0.1"));
    }

    @Test
    void shouldRefuseAPortThatTheDeviceDoesNotHave() {
        for (int port : new int[] {0, 2, 255}) {
            assertErrno(Errno.EINVAL, () -> context.port(port));
            assertErrno(Errno.EINVAL, () -> context.gid(port, 0));
        }
        for (int port : new int[] {-1, 256, 257, Integer.MIN_VALUE, Integer.MAX_VALUE}) { // 257 would be port 1 in eight bits
            assertThatThrownBy(() -> context.port(port)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("port_num=" + port);
            assertThatThrownBy(() -> context.gid(port, 0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldRefuseAGidIndexThatIsEmptyOrOutsideTheTable() {
        int length = context.port(1).gidTableLength();
        assertErrno(Errno.ENODATA, () -> context.gid(1, length - 1));
        assertErrno(Errno.EINVAL, () -> context.gid(1, length));
        assertErrno(Errno.EINVAL, () -> context.gid(1, Integer.MAX_VALUE));
        assertThatThrownBy(() -> context.gid(1, -1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gid_index=-1");
    }

    @Test
    void shouldOpenADeviceAnyNumberOfTimesAndCloseTwice() throws Exception {
        Set<Path> before = descriptors();
        DeviceContext second = Device.byName(NAME).open();
        DeviceContext third = Device.byName(NAME).open();
        assertThat(second.attributes().maxQp()).isEqualTo(third.attributes().maxQp());
        second.close();
        second.close();
        assertThat(second.isOpen()).isFalse();
        assertThat(third.attributes().maxQp()).isPositive();
        third.close();
        assertThat(descriptors()).isEqualTo(before);
    }

    private static Set<Path> descriptors() throws Exception {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return Set.copyOf(files.filter(Files::exists).toList());
        }
    }

    @Test
    void shouldRefuseUseAfterClose() {
        CompletionChannel channel = context.createCompletionChannel();
        channel.close();
        context.close();
        List<ThrowingCallable> uses = List.of(context::attributes, () -> context.port(1), () -> context.gid(1, 0), context::gids,
                context::pollAsyncEvent, () -> context.awaitAsyncEvent(Duration.ZERO), context::allocateProtectionDomain,
                context::createCompletionChannel, () -> context.createCompletionQueue(1),
                () -> context.createCompletionQueue(1, channel, 0));
        for (ThrowingCallable use : uses) {
            assertThatThrownBy(use).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
        assertThat(context.device().name()).isEqualTo(NAME);
        assertThatCode(context::close).doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseToCloseUnderWhatIsMadeFromIt() {
        try (CompletionChannel channel = context.createCompletionChannel()) {
            assertThatThrownBy(context::close).isInstanceOfSatisfying(VerbsException.class,
                    e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY)).hasMessageContaining(channel.toString());
            assertThat(context.attributes().maxQp()).isPositive();
        }
    }

    @Test
    void shouldWaitForQueriesOfOtherThreadsBeforeItCloses() throws Exception {
        AtomicReference<Throwable> unexpected = new AtomicReference<>();
        AtomicInteger answers = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        context.attributes();
                        context.port(1);
                        context.gid(1, 0);
                        context.pollAsyncEvent();
                        answers.incrementAndGet();
                    }
                } catch (IllegalStateException e) { // closed: the only end that is right
                } catch (Throwable e) {
                    unexpected.set(e);
                }
            }));
        }
        while (answers.get() < 20) {
            Thread.sleep(1);
        }
        context.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(unexpected.get()).isNull();
    }
}
