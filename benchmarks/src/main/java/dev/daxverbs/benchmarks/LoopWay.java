package dev.daxverbs.benchmarks;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicReference;

/** A loop in C: one downcall for a whole run. */
final class LoopWay extends PostWay {
    private static final MethodHandle LOOP = load();

    private final PreparedRequests prepared;

    LoopWay(PostShape shape) {
        prepared = new PreparedRequests(shape);
    }

    @SuppressWarnings("restricted")
    private static MethodHandle load() {
        AtomicReference<SymbolLookup> symbols = new AtomicReference<>();
        try {
            NativeLibrary.load("post-loop.c", "libpost-loop.so", file -> symbols.set(SymbolLookup.libraryLookup(file, Arena.global())));
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
        // uint64_t post_loop(struct ibv_qp *qp, struct ibv_cq *cq, struct ibv_send_wr *requests, struct ibv_wc *completions,
        //                    int count, int elements, uint32_t length, int flags, int filling, int times)
        return Linker.nativeLinker().downcallHandle(symbols.get().find("post_loop").orElseThrow(), FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
    }

    @Override
    void fill(long wrId) {
        prepared.fill(wrId);
    }

    @Override
    long postAndPoll() {
        return loop(0, 1);
    }

    @Override
    long run(int times) {
        return loop(0, times);
    }

    @Override
    long runFilling(int times) {
        return loop(1, times);
    }

    private long loop(int filling, int times) {
        PostShape shape = prepared.shape;
        long sum;
        try {
            sum = (long) LOOP.invokeExact(prepared.queuePair, prepared.completionQueue, prepared.requests, prepared.completions,
                    shape.requests(), shape.elements(), shape.bytes(), prepared.flags, filling, times);
        } catch (Throwable e) {
            throw new AssertionError(e); // a downcall throws nothing
        }
        if (sum == -1) {
            throw incomplete();
        }
        return sum;
    }
}
