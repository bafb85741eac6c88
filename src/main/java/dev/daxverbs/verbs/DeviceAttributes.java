package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_device_attr;
import dev.daxverbs.bindings.ibverbs.ibv_device_attr_ex;
import dev.daxverbs.bindings.ibverbs.ibv_pci_atomic_caps;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What a device can do, and how much of it ({@code struct ibv_device_attr_ex}; ibv_query_device(3), ibv_query_device_ex(3)).
 * The names are those of C. Limits on counts are upper bounds: what others on the machine use counts, too, and memory may
 * run out first. What the kernel or the device's provider library does not know reads as zero, hence as not there.
 *
 * <p>Left out: fields of reliable datagrams, fast memory regions and raw IPv6, which no device has any more, and offloads of raw
 * Ethernet and tag matching, which this library does not use. A value; any thread may use it.
 */
public final class DeviceAttributes {
    private static final ValueLayout.OfLong BIG_ENDIAN_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment extended;
    private final MemorySegment basic;

    /** Takes over a {@code struct ibv_device_attr_ex} that nobody writes to any more. */
    DeviceAttributes(MemorySegment attributes) {
        extended = attributes.asReadOnly();
        basic = ibv_device_attr_ex.orig_attr(extended);
    }

    /**
     * The version of the device's firmware.
     *
     * @return the vendor's text; empty for a device in software
     */
    public String fwVer() {
        return ibv_device_attr.fw_ver(basic).getString(0);
    }

    /**
     * The node's globally unique identifier.
     *
     * @return the number (in host order)
     */
    public long nodeGuid() {
        return basic.get(BIG_ENDIAN_LONG, ibv_device_attr.node_guid$offset());
    }

    /**
     * The identifier that all nodes of one system have in common.
     *
     * @return the number (in host order)
     */
    public long sysImageGuid() {
        return basic.get(BIG_ENDIAN_LONG, ibv_device_attr.sys_image_guid$offset());
    }

    /**
     * The longest range that one memory registration may cover.
     *
     * @return bytes; unsigned, -1 (all ones) means that there is no limit
     */
    public long maxMrSize() {
        return ibv_device_attr.max_mr_size(basic);
    }

    /**
     * The page sizes that the device can map.
     *
     * @return one bit for each size: bit 12 for pages of 4096 bytes
     */
    public long pageSizeCap() {
        return ibv_device_attr.page_size_cap(basic);
    }

    /**
     * Who made the device.
     *
     * @return the IEEE's number of the vendor, for instance 0x02c9 for Mellanox
     */
    public int vendorId() {
        return ibv_device_attr.vendor_id(basic);
    }

    /**
     * Which device of the vendor's it is.
     *
     * @return the vendor's number
     */
    public int vendorPartId() {
        return ibv_device_attr.vendor_part_id(basic);
    }

    /**
     * The hardware's revision.
     *
     * @return the vendor's number
     */
    public int hwVer() {
        return ibv_device_attr.hw_ver(basic);
    }

    /** {@return how many queue pairs there may be on the device} */
    public int maxQp() {
        return ibv_device_attr.max_qp(basic);
    }

    /**
     * How many work requests one send or receive queue may hold.
     *
     * @return a count; a queue with many pieces per request may hold fewer
     */
    public int maxQpWr() {
        return ibv_device_attr.max_qp_wr(basic);
    }

    /**
     * Capabilities of the first 32 bits.
     *
     * @return {@code IBV_DEVICE_*} flags
     */
    public int deviceCapFlags() {
        return ibv_device_attr.device_cap_flags(basic);
    }

    /**
     * How many pieces of memory one work request may name.
     *
     * @return a count; for reads see {@link #maxSgeRd}
     */
    public int maxSge() {
        return ibv_device_attr.max_sge(basic);
    }

    /** {@return how many pieces of memory an RDMA read may be scattered to (on some devices, of reliable datagrams only)} */
    public int maxSgeRd() {
        return ibv_device_attr.max_sge_rd(basic);
    }

    /** {@return how many completion queues there may be on the device} */
    public int maxCq() {
        return ibv_device_attr.max_cq(basic);
    }

    /** {@return how many completions one completion queue may hold} */
    public int maxCqe() {
        return ibv_device_attr.max_cqe(basic);
    }

    /** {@return how many memory registrations there may be on the device} */
    public int maxMr() {
        return ibv_device_attr.max_mr(basic);
    }

    /** {@return how many protection domains there may be on the device} */
    public int maxPd() {
        return ibv_device_attr.max_pd(basic);
    }

    /** {@return how many RDMA reads and atomic operations of its peer's one queue pair may have in work} */
    public int maxQpRdAtom() {
        return ibv_device_attr.max_qp_rd_atom(basic);
    }

    /** {@return how many RDMA reads and atomic operations of peers the device may have in work altogether} */
    public int maxResRdAtom() {
        return ibv_device_attr.max_res_rd_atom(basic);
    }

    /** {@return how many RDMA reads and atomic operations of its own one queue pair may have on the way} */
    public int maxQpInitRdAtom() {
        return ibv_device_attr.max_qp_init_rd_atom(basic);
    }

    /** {@return how many memory windows there may be on the device} */
    public int maxMw() {
        return ibv_device_attr.max_mw(basic);
    }

    /** {@return how many raw Ethernet queue pairs there may be on the device} */
    public int maxRawEthyQp() {
        return ibv_device_attr.max_raw_ethy_qp(basic);
    }

    /** {@return how many multicast groups the device may be in} */
    public int maxMcastGrp() {
        return ibv_device_attr.max_mcast_grp(basic);
    }

    /** {@return how many queue pairs may be attached to one multicast group} */
    public int maxMcastQpAttach() {
        return ibv_device_attr.max_mcast_qp_attach(basic);
    }

    /** {@return how many attachments of queue pairs to multicast groups there may be} */
    public int maxTotalMcastQpAttach() {
        return ibv_device_attr.max_total_mcast_qp_attach(basic);
    }

    /** {@return how many address handles there may be on the device} */
    public int maxAh() {
        return ibv_device_attr.max_ah(basic);
    }

    /** {@return how many shared receive queues there may be on the device} */
    public int maxSrq() {
        return ibv_device_attr.max_srq(basic);
    }

    /** {@return how many work requests one shared receive queue may hold} */
    public int maxSrqWr() {
        return ibv_device_attr.max_srq_wr(basic);
    }

    /** {@return how many pieces of memory one receive of a shared receive queue may name} */
    public int maxSrqSge() {
        return ibv_device_attr.max_srq_sge(basic);
    }

    /**
     * What atomic operations are atomic with.
     *
     * @return the guarantee
     */
    public AtomicCapability atomicCap() {
        return AtomicCapability.of(ibv_device_attr.atomic_cap(basic));
    }

    /** {@return how many partitions a port may be in} */
    public int maxPkeys() {
        return Short.toUnsignedInt(ibv_device_attr.max_pkeys(basic));
    }

    /**
     * How long the device may take to acknowledge, as peers need it for their timeouts.
     *
     * @return 4.096 µs times 2 to the power of it
     */
    public int localCaAckDelay() {
        return Byte.toUnsignedInt(ibv_device_attr.local_ca_ack_delay(basic));
    }

    /** {@return how many ports the device has. They count from 1} */
    public int physPortCnt() {
        return Byte.toUnsignedInt(ibv_device_attr.phys_port_cnt(basic));
    }

    /**
     * What the device says it can do with memory that is registered on demand.
     *
     * @return the capabilities; none of them where the kernel, the provider or the device has no on-demand paging
     */
    public OnDemandCapabilities onDemand() {
        return OnDemandCapabilities.read(extended);
    }

    /**
     * Which bits of a completion's timestamp count.
     *
     * @return a mask; 0 if the device has no timestamps
     */
    public long completionTimestampMask() {
        return ibv_device_attr_ex.completion_timestamp_mask(extended);
    }

    /**
     * The frequency of the clock that timestamps are taken from.
     *
     * @return kilohertz; 0 if the device has none
     */
    public long hcaCoreClock() {
        return ibv_device_attr_ex.hca_core_clock(extended);
    }

    /**
     * All capabilities.
     *
     * @return {@code IBV_DEVICE_*} flags: {@link #deviceCapFlags} and those above 32 bits
     */
    public long deviceCapFlagsEx() {
        return ibv_device_attr_ex.device_cap_flags_ex(extended);
    }

    /**
     * How much memory of the device's own can be allocated.
     *
     * @return bytes; 0 if the device has none
     */
    public long maxDmSize() {
        return ibv_device_attr_ex.max_dm_size(extended);
    }

    /**
     * Which sizes of atomic fetch-and-add the device can do on the PCI bus.
     *
     * @return {@code IBV_PCI_ATOMIC_OPERATION_*} flags: bit 0 four bytes, bit 1 eight, bit 2 sixteen
     */
    public int pciAtomicFetchAdd() {
        return Short.toUnsignedInt(ibv_pci_atomic_caps.fetch_add(ibv_device_attr_ex.pci_atomic_caps(extended)));
    }

    /**
     * Which sizes of atomic swap the device can do on the PCI bus.
     *
     * @return flags as of {@link #pciAtomicFetchAdd}
     */
    public int pciAtomicSwap() {
        return Short.toUnsignedInt(ibv_pci_atomic_caps.swap(ibv_device_attr_ex.pci_atomic_caps(extended)));
    }

    /**
     * Which sizes of atomic compare-and-swap the device can do on the PCI bus.
     *
     * @return flags as of {@link #pciAtomicFetchAdd}
     */
    public int pciAtomicCompareSwap() {
        return Short.toUnsignedInt(ibv_pci_atomic_caps.compare_swap(ibv_device_attr_ex.pci_atomic_caps(extended)));
    }

    /**
     * The limits that matter most, for people.
     *
     * @return one line
     */
    @Override
    public String toString() {
        return ("fw_ver=%s, phys_port_cnt=%d, max_mr_size=%s, max_qp=%d, max_qp_wr=%d, max_sge=%d, max_cq=%d, max_cqe=%d, max_mr=%d,"
                + " atomic_cap=%s, odp=%s").formatted(fwVer(), physPortCnt(), Long.toUnsignedString(maxMrSize()), maxQp(), maxQpWr(),
                maxSge(), maxCq(), maxCqe(), maxMr(), atomicCap(), onDemand());
    }
}
