package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_cq;
import dev.daxverbs.bindings.ibverbs.ibv_qp;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.bindings.ibverbs.ibv_wc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The structs that a program without the library has: chained requests with their elements, and room for completions. Never freed. */
final class PreparedRequests {
    final PostShape shape;
    final int flags;
    final MemorySegment queuePair;
    final MemorySegment completionQueue;
    final MemorySegment requests;
    final MemorySegment elements;
    final MemorySegment completions;
    /** What is written, and where to: nobody moves it. */
    final long address;

    PreparedRequests(PostShape shape) {
        this.shape = shape;
        flags = LibIbverbs.IBV_SEND_SIGNALED() | (shape.isInline() ? LibIbverbs.IBV_SEND_INLINE() : 0);
        Arena arena = Arena.global();
        MemorySegment context = NullDevice.context();
        queuePair = ibv_qp.allocate(arena);
        ibv_qp.context(queuePair, context);
        completionQueue = ibv_cq.allocate(arena);
        ibv_cq.context(completionQueue, context);
        requests = ibv_send_wr.allocateArray(shape.requests(), arena);
        elements = ibv_sge.allocateArray((long) shape.requests() * shape.elements(), arena);
        completions = ibv_wc.allocateArray(shape.requests(), arena);
        address = arena.allocate((long) shape.elements() * shape.bytes()).address();
        for (int i = 0; i < shape.requests(); i++) {
            MemorySegment request = ibv_send_wr.asSlice(requests, i);
            ibv_send_wr.sg_list(request, ibv_sge.asSlice(elements, (long) i * shape.elements()));
            ibv_send_wr.next(request, i + 1 < shape.requests() ? ibv_send_wr.asSlice(requests, i + 1) : MemorySegment.NULL);
        }
        fill(0);
    }

    /** By jextract's accessors alone. */
    void fill(long wrId) {
        int count = shape.requests();
        int gathered = shape.elements();
        int bytes = shape.bytes();
        for (int i = 0; i < count; i++) {
            MemorySegment request = ibv_send_wr.asSlice(requests, i);
            ibv_send_wr.wr_id(request, wrId + i);
            ibv_send_wr.num_sge(request, gathered);
            ibv_send_wr.opcode(request, LibIbverbs.IBV_WR_RDMA_WRITE());
            ibv_send_wr.send_flags(request, flags);
            MemorySegment remote = ibv_send_wr.wr.rdma(ibv_send_wr.wr(request));
            ibv_send_wr.wr.rdma.remote_addr(remote, address);
            ibv_send_wr.wr.rdma.rkey(remote, 1);
            for (int k = 0; k < gathered; k++) {
                MemorySegment element = ibv_sge.asSlice(elements, (long) i * gathered + k);
                ibv_sge.addr(element, address + (long) k * bytes);
                ibv_sge.length(element, bytes);
                ibv_sge.lkey(element, 1);
            }
        }
    }

    /** The sum of the completions' numbers. */
    long sum() {
        long sum = 0;
        int count = shape.requests();
        for (int i = 0; i < count; i++) {
            MemorySegment completion = ibv_wc.asSlice(completions, i);
            if (ibv_wc.status(completion) != LibIbverbs.IBV_WC_SUCCESS()) {
                throw PostWay.incomplete();
            }
            sum += ibv_wc.wr_id(completion);
        }
        return sum;
    }
}
