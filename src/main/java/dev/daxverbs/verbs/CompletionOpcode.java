package dev.daxverbs.verbs;

/**
 * What a completed work request was ({@code enum ibv_wc_opcode}; {@code ibv_poll_cq(3)}). Only meaningful when the completion's
 * status is {@link CompletionStatus#SUCCESS}.
 */
public enum CompletionOpcode {
    /** A send, with or without immediate data. */
    SEND(0),
    /** A write to the peer's memory, with or without immediate data. */
    RDMA_WRITE(1),
    /** A read of the peer's memory. */
    RDMA_READ(2),
    /** An atomic compare-and-swap on the peer's memory. */
    COMP_SWAP(3),
    /** An atomic fetch-and-add on the peer's memory. */
    FETCH_ADD(4),
    /** The binding of a memory window. */
    BIND_MW(5),
    /** The invalidation of a local key. */
    LOCAL_INV(6),
    /** A send that the device cut into TCP segments. */
    TSO(7),
    /** A flush of what was written to the peer's memory. */
    FLUSH(8),
    /** A write of eight bytes that the peer sees as one. */
    ATOMIC_WRITE(9),
    /** A message arrived in a receive. */
    RECV(0x80),
    /** The peer wrote to this side's memory with immediate data, which took a receive. */
    RECV_RDMA_WITH_IMM(0x81),
    /** Another: of tag matching, of one driver, or unknown to this library. */
    OTHER(-1);

    private static final int RECEIVES = RECV.code;
    private static final CompletionOpcode[] BY_CODE = new CompletionOpcode[ATOMIC_WRITE.code + 1];

    static {
        for (CompletionOpcode opcode : values()) {
            if (opcode.code >= 0 && opcode.code < BY_CODE.length) {
                BY_CODE[opcode.code] = opcode;
            }
        }
    }

    private final int code;

    CompletionOpcode(int code) {
        this.code = code;
    }

    /**
     * The value of {@code enum ibv_wc_opcode}.
     *
     * @return the code; -1 for {@link #OTHER}
     */
    public int code() {
        return code;
    }

    /**
     * What the completion of a send work request says.
     *
     * @param opcode the request's
     * @return the completion's
     */
    public static CompletionOpcode of(SendOpcode opcode) {
        return switch (opcode) {
            case SEND, SEND_WITH_IMM -> SEND;
            case RDMA_WRITE, RDMA_WRITE_WITH_IMM -> RDMA_WRITE;
            case RDMA_READ -> RDMA_READ;
            case ATOMIC_CMP_AND_SWP -> COMP_SWAP;
            case ATOMIC_FETCH_AND_ADD -> FETCH_ADD;
        };
    }

    /**
     * Whether the work request came from the receive queue.
     *
     * @return true for {@link #RECV} and {@link #RECV_RDMA_WITH_IMM}
     */
    public boolean isReceive() {
        return code >= RECEIVES;
    }

    /**
     * The opcode of a code; allocates nothing.
     *
     * @param code a value of {@code enum ibv_wc_opcode}
     * @return the opcode, {@link #OTHER} for any that has no name here
     */
    public static CompletionOpcode of(int code) {
        if (code >= 0 && code < BY_CODE.length) {
            return BY_CODE[code];
        }
        return code == RECV.code ? RECV : code == RECV_RDMA_WITH_IMM.code ? RECV_RDMA_WITH_IMM : OTHER;
    }
}
