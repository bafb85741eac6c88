package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.ibv_context_ops;

import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * As {@link CallWay}, by critical downcalls: the thread stays "in Java", so a collector that wants it at a safepoint waits until the call
 * returns. Wrong for a provider that makes a system call.
 */
final class CriticalCallWay extends CallWay {
    @SuppressWarnings("restricted")
    private static final MethodHandle POST_SEND =
            Linker.nativeLinker().downcallHandle(ibv_context_ops.post_send.descriptor(), Linker.Option.critical(false));
    @SuppressWarnings("restricted")
    private static final MethodHandle POLL_CQ =
            Linker.nativeLinker().downcallHandle(ibv_context_ops.poll_cq.descriptor(), Linker.Option.critical(false));

    CriticalCallWay(PostShape shape) {
        super(shape);
    }

    @Override
    int post() {
        try {
            return (int) POST_SEND.invokeExact(postSend, prepared.queuePair, prepared.requests, bad);
        } catch (Throwable e) {
            throw new AssertionError(e); // a downcall throws nothing
        }
    }

    @Override
    int poll(int entries) {
        try {
            return (int) POLL_CQ.invokeExact(pollCq, prepared.completionQueue, entries, prepared.completions);
        } catch (Throwable e) {
            throw new AssertionError(e); // a downcall throws nothing
        }
    }
}
