package dev.daxverbs.connection;

import dev.daxverbs.verbs.SendOpcode;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What a peer may do with a region that is exported to it. */
public enum Right {
    /** RDMA READ. */
    READ(1),
    /** RDMA WRITE, with and without immediate data. */
    WRITE(1 << 1),
    /** Compare and swap, fetch and add: eight bytes, at offsets divisible by eight. */
    ATOMIC(1 << 2);

    private static final int ALL_BITS = 7;

    private final int bit;

    Right(int bit) {
        this.bit = bit;
    }

    /** The requests that it is needed for. */
    Set<SendOpcode> opcodes() {
        return switch (this) {
            case READ -> EnumSet.of(SendOpcode.RDMA_READ);
            case WRITE -> EnumSet.of(SendOpcode.RDMA_WRITE, SendOpcode.RDMA_WRITE_WITH_IMM);
            case ATOMIC -> EnumSet.of(SendOpcode.ATOMIC_CMP_AND_SWP, SendOpcode.ATOMIC_FETCH_AND_ADD);
        };
    }

    /** As a set. */
    static Set<Right> setOf(Right... rights) {
        Set<Right> set = EnumSet.noneOf(Right.class);
        set.addAll(List.of(rights));
        return set;
    }

    /** As bits of a message. */
    static int mask(Set<Right> rights) {
        int mask = 0;
        for (Right right : rights) {
            mask |= right.bit;
        }
        return mask;
    }

    /** From the bits of a message. */
    static Set<Right> ofMask(int mask) throws ProtocolException {
        if ((mask & ~ALL_BITS) != 0) {
            throw ProtocolException.malformed("rights=0x%x: there are bits 0 to 2".formatted(mask));
        }
        Set<Right> rights = EnumSet.noneOf(Right.class);
        for (Right right : values()) {
            if ((mask & right.bit) != 0) {
                rights.add(right);
            }
        }
        return rights;
    }
}
