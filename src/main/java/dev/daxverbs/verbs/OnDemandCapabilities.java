package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_device_attr_ex;
import dev.daxverbs.bindings.ibverbs.ibv_odp_caps;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a device says it can do with memory that is registered on demand ({@code struct ibv_odp_caps}; ibv_query_device_ex(3)):
 * which operations may touch such memory, by transport. What a device says is not always what it does right: see the
 * device trial of the regions' layer. A value; any thread may use it.
 *
 * @param supported whether memory can be registered on demand at all
 * @param implicit whether the whole address space can be registered at once
 * @param reliableConnection operations of RC queue pairs
 * @param unreliableConnection operations of UC queue pairs
 * @param unreliableDatagram operations of UD queue pairs
 * @param extendedReliableConnection operations of XRC queue pairs
 */
public record OnDemandCapabilities(boolean supported, boolean implicit, Set<Operation> reliableConnection,
        Set<Operation> unreliableConnection, Set<Operation> unreliableDatagram, Set<Operation> extendedReliableConnection) {

    private static final long SUPPORT = 1;
    private static final long SUPPORT_IMPLICIT = 1 << 1;

    /** An operation that may touch on-demand memory ({@code enum ibv_odp_transport_cap_bits}). */
    public enum Operation {
        /** Sending from it. */
        SEND(1),
        /** Receiving into it. */
        RECEIVE(1 << 1),
        /** RDMA writing, on either side. */
        WRITE(1 << 2),
        /** RDMA reading, on either side. */
        READ(1 << 3),
        /** Atomic operations. */
        ATOMIC(1 << 4),
        /** Receiving into it from a shared receive queue. */
        SHARED_RECEIVE(1 << 5);

        private final int bit;

        Operation(int bit) {
            this.bit = bit;
        }

        /**
         * The value of {@code enum ibv_odp_transport_cap_bits}.
         *
         * @return one bit
         */
        public int bit() {
            return bit;
        }

        private static Set<Operation> of(int mask) {
            Set<Operation> operations = EnumSet.noneOf(Operation.class);
            for (Operation operation : values()) {
                if ((mask & operation.bit) != 0) {
                    operations.add(operation);
                }
            }
            return Collections.unmodifiableSet(operations);
        }
    }

    /** Reads what a {@code struct ibv_device_attr_ex} says. */
    static OnDemandCapabilities read(MemorySegment attributes) {
        MemorySegment capabilities = ibv_device_attr_ex.odp_caps(attributes);
        MemorySegment transports = ibv_odp_caps.per_transport_caps(capabilities);
        return of(ibv_odp_caps.general_caps(capabilities),
                ibv_odp_caps.per_transport_caps.rc_odp_caps(transports),
                ibv_odp_caps.per_transport_caps.uc_odp_caps(transports),
                ibv_odp_caps.per_transport_caps.ud_odp_caps(transports),
                ibv_device_attr_ex.xrc_odp_caps(attributes));
    }

    static OnDemandCapabilities of(long general, int rc, int uc, int ud, int xrc) {
        return new OnDemandCapabilities((general & SUPPORT) != 0, (general & SUPPORT_IMPLICIT) != 0,
                Operation.of(rc), Operation.of(uc), Operation.of(ud), Operation.of(xrc));
    }
}
