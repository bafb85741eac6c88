package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;

/** The state of a queue pair ({@code enum ibv_qp_state}; InfiniBand specification, 10.3.1). */
public enum QueuePairState {
    /** As created: nothing can be posted. */
    RESET(LibIbverbs.IBV_QPS_RESET()),
    /** Receives can be posted; nothing moves. */
    INIT(LibIbverbs.IBV_QPS_INIT()),
    /** Ready to receive. */
    RTR(LibIbverbs.IBV_QPS_RTR()),
    /** Ready to send, and to receive. */
    RTS(LibIbverbs.IBV_QPS_RTS()),
    /** The send queue is drained. */
    SQD(LibIbverbs.IBV_QPS_SQD()),
    /** The send queue had an error; only of unreliable transports. */
    SQE(LibIbverbs.IBV_QPS_SQE()),
    /** In error: what is or was posted completes with {@code WR_FLUSH_ERR}. The way out is RESET. */
    ERR(LibIbverbs.IBV_QPS_ERR()),
    /** A state that this enumeration does not have. */
    UNKNOWN(LibIbverbs.IBV_QPS_UNKNOWN());

    private final int code;

    QueuePairState(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static QueuePairState of(int code) {
        for (QueuePairState state : values()) {
            if (state.code == code) {
                return state;
            }
        }
        return UNKNOWN;
    }
}
