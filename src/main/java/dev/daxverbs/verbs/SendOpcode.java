package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;

/** What a send work request does ({@code enum ibv_wr_opcode}), as far as a reliable connection has it. */
public enum SendOpcode {
    /** Send to a receive that the peer has posted. */
    SEND(LibIbverbs.IBV_WR_SEND()),
    /** Send, with 32 bits of immediate data for the peer's completion. */
    SEND_WITH_IMM(LibIbverbs.IBV_WR_SEND_WITH_IMM()),
    /** Write to the peer's memory. */
    RDMA_WRITE(LibIbverbs.IBV_WR_RDMA_WRITE()),
    /** Write to the peer's memory, then complete one of its receives with 32 bits of immediate data. */
    RDMA_WRITE_WITH_IMM(LibIbverbs.IBV_WR_RDMA_WRITE_WITH_IMM()),
    /** Read the peer's memory. */
    RDMA_READ(LibIbverbs.IBV_WR_RDMA_READ()),
    /** Compare eight bytes of the peer's memory and swap them if equal; the old value comes back. */
    ATOMIC_CMP_AND_SWP(LibIbverbs.IBV_WR_ATOMIC_CMP_AND_SWP()),
    /** Add to eight bytes of the peer's memory; the old value comes back. */
    ATOMIC_FETCH_AND_ADD(LibIbverbs.IBV_WR_ATOMIC_FETCH_AND_ADD());

    private static final SendOpcode[] BY_CODE = new SendOpcode[16];

    static {
        for (SendOpcode opcode : values()) {
            BY_CODE[opcode.code] = opcode;
        }
    }

    private final int code;

    SendOpcode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static SendOpcode of(int code) {
        return BY_CODE[code];
    }

    /**
     * Whether it names memory of the peer.
     *
     * @return true for writes, reads and atomics
     */
    public boolean isRemote() {
        return this != SEND && this != SEND_WITH_IMM;
    }

    /**
     * Whether it is an atomic operation.
     *
     * @return true for compare-and-swap and fetch-and-add
     */
    public boolean isAtomic() {
        return this == ATOMIC_CMP_AND_SWP || this == ATOMIC_FETCH_AND_ADD;
    }

    /**
     * Whether its data goes from here to the peer.
     *
     * @return true for sends and writes
     */
    public boolean sendsData() {
        return this != RDMA_READ && !isAtomic();
    }
}
