package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.ibv_context_ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** jextract's accessors and downcalls with nothing around them: what no binding by the FFM API can do without. */
class CallWay extends PostWay {
    final PreparedRequests prepared;
    final MemorySegment postSend;
    final MemorySegment pollCq;
    final MemorySegment bad = Arena.global().allocate(ValueLayout.ADDRESS);

    CallWay(PostShape shape) {
        prepared = new PreparedRequests(shape);
        MemorySegment operations = NullDevice.operations();
        postSend = ibv_context_ops.post_send(operations);
        pollCq = ibv_context_ops.poll_cq(operations);
    }

    int post() {
        return ibv_context_ops.post_send.invoke(postSend, prepared.queuePair, prepared.requests, bad);
    }

    int poll(int entries) {
        return ibv_context_ops.poll_cq.invoke(pollCq, prepared.completionQueue, entries, prepared.completions);
    }

    @Override
    final void fill(long wrId) {
        prepared.fill(wrId);
    }

    @Override
    final long postAndPoll() {
        int count = prepared.shape.requests();
        if (post() != 0 || poll(count) != count) {
            throw incomplete();
        }
        return prepared.sum();
    }
}
