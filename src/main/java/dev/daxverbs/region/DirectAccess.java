package dev.daxverbs.region;

import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.Mtu;

/** By what kind of registration, and for which transfers, a device can be let at a region's memory while the lease is held. */
enum DirectAccess {
    /** Pinned: any transfer. */
    PINNED,
    /** On demand, on a device that was found exact at any offset. */
    ON_DEMAND,
    /** On demand, on a device that was found exact only where each packet begins at a page boundary (facts: rxe). */
    ON_DEMAND_ALIGNED,
    /** Not at all: neither can the memory be pinned, nor the device's on-demand paging be trusted. */
    NONE;

    private static final int PACKET_BYTES = 4096;

    boolean isOnDemand() {
        return this == ON_DEMAND || this == ON_DEMAND_ALIGNED;
    }

    /** Whether it moves right bytes wherever a transfer begins. */
    boolean allowsAny() {
        return this == PINNED || this == ON_DEMAND;
    }

    /**
     * Whether the device moves right bytes.
     *
     * @param address the virtual address
     * @param before how many bytes of the message come before it
     * @param pathMtu the queue pair's
     */
    boolean allows(long address, long before, Mtu pathMtu) {
        return switch (this) {
            case PINNED, ON_DEMAND -> true;
            case ON_DEMAND_ALIGNED -> pathMtu == Mtu.MTU_4096 && Posix.PAGE_SIZE == PACKET_BYTES
                    && ((address | before) & (PACKET_BYTES - 1)) == 0;
            case NONE -> false;
        };
    }

    /** Whether the device may do atomics there: never in a mode in which some transfers are staged, as those know nothing of the device's. */
    boolean allowsAtomics() {
        return allowsAny();
    }
}
