package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_qp_cap;

import java.lang.foreign.MemorySegment;

/**
 * The capacities of a queue pair ({@code struct ibv_qp_cap}), asked for or granted.
 *
 * @param maxSendRequests how many send work requests can be outstanding
 * @param maxReceiveRequests how many receives can be outstanding
 * @param maxSendElements how many scatter/gather elements a send work request can have
 * @param maxReceiveElements how many a receive can have
 * @param maxInlineBytes how many bytes of inline data a send work request can have
 */
public record QueuePairCapabilities(int maxSendRequests, int maxReceiveRequests, int maxSendElements, int maxReceiveElements,
        int maxInlineBytes) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public QueuePairCapabilities {
        if (maxSendRequests < 0 || maxReceiveRequests < 0 || maxSendElements < 0 || maxReceiveElements < 0 || maxInlineBytes < 0) {
            throw new IllegalArgumentException(("maxSendRequests=%d, maxReceiveRequests=%d, maxSendElements=%d, maxReceiveElements=%d,"
                    + " maxInlineBytes=%d: none may be negative").formatted(maxSendRequests, maxReceiveRequests, maxSendElements,
                    maxReceiveElements, maxInlineBytes));
        }
    }

    static QueuePairCapabilities read(MemorySegment cap) {
        return new QueuePairCapabilities(ibv_qp_cap.max_send_wr(cap), ibv_qp_cap.max_recv_wr(cap), ibv_qp_cap.max_send_sge(cap),
                ibv_qp_cap.max_recv_sge(cap), ibv_qp_cap.max_inline_data(cap));
    }

    void write(MemorySegment cap) {
        ibv_qp_cap.max_send_wr(cap, maxSendRequests);
        ibv_qp_cap.max_recv_wr(cap, maxReceiveRequests);
        ibv_qp_cap.max_send_sge(cap, maxSendElements);
        ibv_qp_cap.max_recv_sge(cap, maxReceiveElements);
        ibv_qp_cap.max_inline_data(cap, maxInlineBytes);
    }
}
