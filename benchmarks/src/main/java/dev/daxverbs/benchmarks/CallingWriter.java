package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_context_ops;
import dev.daxverbs.bindings.ibverbs.ibv_cq;
import dev.daxverbs.bindings.ibverbs.ibv_qp;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.bindings.ibverbs.ibv_wc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes with nothing but stores to the structs and the two calls: what no binding by the FFM API can do without. */
final class CallingWriter implements BindingOverhead.Writer {
    private static final int BYTES = 8;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment queuePair = ibv_qp.allocate(arena);
    private final MemorySegment completionQueue = ibv_cq.allocate(arena);
    private final MemorySegment request = ibv_send_wr.allocate(arena);
    private final MemorySegment element = ibv_sge.allocate(arena);
    private final MemorySegment bad = arena.allocate(ValueLayout.ADDRESS);
    private final MemorySegment completion = ibv_wc.allocate(arena);
    private final MemorySegment postSend;
    private final MemorySegment pollCq;

    /**
     * A writer.
     *
     * @param operations the {@code struct ibv_context_ops} of a device
     */
    CallingWriter(MemorySegment operations) {
        postSend = ibv_context_ops.post_send(operations);
        pollCq = ibv_context_ops.poll_cq(operations);
        ibv_send_wr.sg_list(request, element);
    }

    @Override
    public void fill(long wrId) {
        ibv_send_wr.wr_id(request, wrId);
        ibv_send_wr.next(request, MemorySegment.NULL);
        ibv_send_wr.num_sge(request, 1);
        ibv_send_wr.opcode(request, LibIbverbs.IBV_WR_RDMA_WRITE());
        ibv_send_wr.send_flags(request, LibIbverbs.IBV_SEND_SIGNALED());
        MemorySegment remote = ibv_send_wr.wr.rdma(ibv_send_wr.wr(request));
        ibv_send_wr.wr.rdma.remote_addr(remote, element.address());
        ibv_send_wr.wr.rdma.rkey(remote, 1);
        ibv_sge.addr(element, element.address());
        ibv_sge.length(element, BYTES);
        ibv_sge.lkey(element, 1);
    }

    @Override
    public long postAndPoll() {
        if (ibv_context_ops.post_send.invoke(postSend, queuePair, request, bad) != 0
                || ibv_context_ops.poll_cq.invoke(pollCq, completionQueue, 1, completion) != 1 || ibv_wc.status(completion) != 0) {
            throw new IllegalStateException("the write did not complete");
        }
        return ibv_wc.wr_id(completion);
    }

    @Override
    public void close() {
        arena.close();
    }
}
