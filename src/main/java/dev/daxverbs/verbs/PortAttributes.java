package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_port_attr;

import java.lang.foreign.MemorySegment;

/**
 * A port's state and limits at one moment ({@code struct ibv_port_attr}; ibv_query_port(3)). A value; any thread may use it.
 * On Ethernet the fields of InfiniBand's subnet management are zero or fixed.
 *
 * @param state the logical state: only an active port carries messages
 * @param maxMtu the largest packets that the port can do
 * @param activeMtu the largest packets that it does now; {@link Mtu#MTU_256}, which every port can do, if the device gives no valid
 *         value, as some do while there is no link
 * @param gidTableLength entries of the GID table, empty ones included
 * @param capabilityFlags {@code IBV_PORT_*_SUP} flags, for instance {@code IBV_PORT_IP_BASED_GIDS} (1 &lt;&lt; 26)
 * @param capabilityFlags2 further flags of {@code port_cap_flags2}
 * @param maxMessageBytes the longest message, in bytes
 * @param badPkeyCounter packets that came with a wrong partition key, since a reset
 * @param qkeyViolationCounter packets that came with a wrong queue key, since a reset
 * @param pkeyTableLength entries of the table of partition keys
 * @param lid the local identifier in the subnet, 0 on Ethernet
 * @param subnetManagerLid the subnet manager's local identifier
 * @param lidMaskControl how many low bits of the LID the port leaves open: it answers to 2 to the power of it LIDs
 * @param maxVirtualLanes code of the greatest number of virtual lanes (1: one, 2: two, 3: four, 4: eight, 5: fifteen)
 * @param subnetManagerServiceLevel the service level that the subnet manager is reached with
 * @param subnetTimeout the subnet's propagation delay, as 4.096 µs times 2 to the power of it
 * @param initTypeReply what kind of initialization the subnet manager did
 * @param activeWidth code of the link's width (1: one lane, 2: four, 4: eight, 8: twelve, 16: two)
 * @param activeSpeed code of a lane's speed, one bit (1: 2.5 Gb/s, 2: 5, 4 and 8: 10, 16: 14, 32: 25, 64: 50, 128: 100 and further)
 * @param physicalState code of the physical state (1: sleep, 2: polling, 3: disabled, 4: training, 5: link up, 6: error recovery,
 *         7: test)
 * @param linkLayer what carries the packets
 * @param flags {@code IBV_QPF_*} flags: bit 0 says that every message needs a global route (a GID)
 */
public record PortAttributes(PortState state, Mtu maxMtu, Mtu activeMtu, int gidTableLength, int capabilityFlags,
        int capabilityFlags2, long maxMessageBytes, long badPkeyCounter, long qkeyViolationCounter, int pkeyTableLength, int lid,
        int subnetManagerLid, int lidMaskControl, int maxVirtualLanes, int subnetManagerServiceLevel, int subnetTimeout,
        int initTypeReply, int activeWidth, long activeSpeed, int physicalState, LinkLayer linkLayer, int flags) {

    /** Reads a {@code struct ibv_port_attr}. */
    static PortAttributes read(MemorySegment port) {
        int speedExtended = ibv_port_attr.active_speed_ex(port); // zero from a library or kernel that does not know it
        return new PortAttributes(
                PortState.of(ibv_port_attr.state(port)),
                mtu(ibv_port_attr.max_mtu(port)),
                mtu(ibv_port_attr.active_mtu(port)),
                ibv_port_attr.gid_tbl_len(port),
                ibv_port_attr.port_cap_flags(port),
                Short.toUnsignedInt(ibv_port_attr.port_cap_flags2(port)),
                Integer.toUnsignedLong(ibv_port_attr.max_msg_sz(port)),
                Integer.toUnsignedLong(ibv_port_attr.bad_pkey_cntr(port)),
                Integer.toUnsignedLong(ibv_port_attr.qkey_viol_cntr(port)),
                Short.toUnsignedInt(ibv_port_attr.pkey_tbl_len(port)),
                Short.toUnsignedInt(ibv_port_attr.lid(port)),
                Short.toUnsignedInt(ibv_port_attr.sm_lid(port)),
                Byte.toUnsignedInt(ibv_port_attr.lmc(port)),
                Byte.toUnsignedInt(ibv_port_attr.max_vl_num(port)),
                Byte.toUnsignedInt(ibv_port_attr.sm_sl(port)),
                Byte.toUnsignedInt(ibv_port_attr.subnet_timeout(port)),
                Byte.toUnsignedInt(ibv_port_attr.init_type_reply(port)),
                Byte.toUnsignedInt(ibv_port_attr.active_width(port)),
                speedExtended != 0 ? Integer.toUnsignedLong(speedExtended) : Byte.toUnsignedInt(ibv_port_attr.active_speed(port)),
                Byte.toUnsignedInt(ibv_port_attr.phys_state(port)),
                LinkLayer.of(Byte.toUnsignedInt(ibv_port_attr.link_layer(port))),
                Byte.toUnsignedInt(ibv_port_attr.flags(port)));
    }

    private static Mtu mtu(int code) {
        return code >= Mtu.MTU_256.code() && code <= Mtu.MTU_4096.code() ? Mtu.of(code) : Mtu.MTU_256;
    }
}
