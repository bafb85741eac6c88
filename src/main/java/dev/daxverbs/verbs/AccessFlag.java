package dev.daxverbs.verbs;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * What may be done to registered memory, or to a queue pair's peer's memory ({@code enum ibv_access_flags};
 * {@code ibv_reg_mr(3)}). Local reading is always allowed.
 */
public enum AccessFlag {
    /**
     * The device may write to the memory for this side: receives, and the results of reads and atomic operations.
     * Needed, too, with {@link #REMOTE_WRITE} and {@link #REMOTE_ATOMIC}: without it their registration fails with EINVAL.
     */
    LOCAL_WRITE(1),
    /** Peers that know the remote key may write. */
    REMOTE_WRITE(1 << 1),
    /** Peers that know the remote key may read. */
    REMOTE_READ(1 << 2),
    /** Peers that know the remote key may do atomic operations, on eight bytes at addresses divisible by eight. */
    REMOTE_ATOMIC(1 << 3),
    /** Memory windows may be bound to it. */
    MW_BIND(1 << 4),
    /** Remote addresses count from the start of the region instead of being virtual addresses. */
    ZERO_BASED(1 << 5),
    /**
     * Pages are not pinned: the device takes page faults and follows changes of the mapping (on-demand paging). The
     * device must be able to: see {@link DeviceAttributes#onDemand}.
     */
    ON_DEMAND(1 << 6),
    /** The application vouches that the memory is of huge pages; on-demand registrations of some devices use it. */
    HUGETLB(1 << 7),
    /** Peers may flush what they wrote until it is visible to every access to the memory (InfiniBand specification 1.5). */
    FLUSH_GLOBAL(1 << 8),
    /** Peers may flush what they wrote until it survives a loss of power (InfiniBand specification 1.5). */
    FLUSH_PERSISTENT(1 << 9),
    /**
     * The device's accesses may overtake each other on the bus, which is faster; the order of bytes arriving within and across
     * writes is not to be relied on then, only completions are. An optional flag: devices that cannot ignore it.
     */
    RELAXED_ORDERING(1 << 20);

    private final int bit;

    AccessFlag(int bit) {
        this.bit = bit;
    }

    /**
     * The value of {@code enum ibv_access_flags}.
     *
     * @return one bit
     */
    public int bit() {
        return bit;
    }

    /**
     * Flags as the C functions take them.
     *
     * @param flags any number of flags, none for reading by this side only
     * @return the flags' bits together
     */
    public static int mask(Set<AccessFlag> flags) {
        int mask = 0;
        for (AccessFlag flag : flags) {
            mask |= flag.bit;
        }
        return mask;
    }

    /**
     * Flags as the C functions take them.
     *
     * @param flags any number of flags, none for reading by this side only
     * @return the flags' bits together
     */
    public static int mask(AccessFlag... flags) {
        int mask = 0;
        for (AccessFlag flag : flags) {
            mask |= flag.bit;
        }
        return mask;
    }

    /**
     * A copy of a set, which may be empty.
     *
     * @param flags any number of flags
     * @return a new set, to be changed at will
     */
    public static Set<AccessFlag> copyOf(Set<AccessFlag> flags) {
        return flags.isEmpty() ? EnumSet.noneOf(AccessFlag.class) : EnumSet.copyOf(flags);
    }

    /**
     * A set of any number of flags, none included.
     *
     * @param flags the flags
     * @return a new set, to be changed at will
     */
    public static Set<AccessFlag> setOf(AccessFlag... flags) {
        Set<AccessFlag> set = EnumSet.noneOf(AccessFlag.class);
        set.addAll(Arrays.asList(flags));
        return set;
    }
}
