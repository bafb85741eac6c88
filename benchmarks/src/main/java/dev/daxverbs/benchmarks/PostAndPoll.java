package dev.daxverbs.benchmarks;

import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * A transfer from its work request to its completion, over a device, by one thread that fills the list, posts and polls: as a whole, in time and
 * in bytes that it allocates. Run it with {@code -prof gc}; with {@code -bm sample} it gives percentiles.
 *
 * <p>Left out: a network (both queue pairs are on one device), lease breaks, completion channels, more than one thread. With a software
 * device most of the time is the kernel's; what the library adds is in {@link BindingOverhead}.
 */
@State(Scope.Thread)
@AllocatesNothing
@Baseline("PLAIN")
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 10)
@Measurement(iterations = 5, time = 5)
public class PostAndPoll {
    private static final int SMALL_BYTES = 8;

    /** What memory the transfers name. */
    @Param
    public TransferMemory memory;

    private final SendWorkRequests requests = new SendWorkRequests(Loopback.DEPTH);
    private final ReceiveWorkRequests receives = new ReceiveWorkRequests(1);
    private final WorkCompletions completions = new WorkCompletions(Loopback.DEPTH);
    private Loopback loopback;
    private long posted;

    /** Connects. */
    @Setup
    public void open() throws Exception {
        loopback = new Loopback(memory);
    }

    /** Disconnects. */
    @TearDown
    public void close() throws Exception {
        loopback.close();
    }

    /** One RDMA write of 8 bytes. */
    @Benchmark
    public long write8() {
        return write(SMALL_BYTES);
    }

    /** One RDMA write of a page. */
    @Benchmark
    public long write4096() {
        return write(Loopback.PAGE_BYTES);
    }

    private long write(long bytes) {
        requests.clear();
        requests.write(++posted).local(loopback.buffer(), 0, bytes).remote(loopback.target(), 0).signaled();
        loopback.requester().postSend(requests);
        return await(loopback.requesterQueue(), posted);
    }

    /** RDMA writes of 8 bytes, 16 with one doorbell, of which the last is signaled: time and bytes of one. */
    @Benchmark
    @OperationsPerInvocation(Loopback.DEPTH)
    public long write8InBatch() {
        requests.clear();
        for (int i = 0; i < Loopback.DEPTH; i++) {
            long offset = (long) i * Loopback.PAGE_BYTES;
            requests.write(++posted).local(loopback.buffer(), offset, SMALL_BYTES).remote(loopback.target(), offset);
        }
        requests.signaled();
        loopback.requester().postSend(requests);
        return await(loopback.requesterQueue(), posted);
    }

    /** One receive, and a send of 8 bytes from the memory that completes it, polled on both sides. */
    @Benchmark
    public long sendAndReceive8() {
        receives.clear();
        receives.receive(++posted).local(loopback.buffer(), Loopback.PAGE_BYTES, SMALL_BYTES);
        loopback.responder().postReceive(receives);
        requests.clear();
        requests.send(posted).local(loopback.target(), 0, SMALL_BYTES).signaled();
        loopback.requester().postSend(requests);
        return await(loopback.responderQueue(), posted) + await(loopback.requesterQueue(), posted);
    }

    /** Polls until the one completion that is due is there. */
    private long await(CompletionQueue queue, long wrId) {
        while (queue.poll(completions) == 0) {
            Thread.onSpinWait();
        }
        if (completions.wrId(0) != wrId || !completions.isSuccess(0)) {
            throw new IllegalStateException("wr_id=%d, expected %d: %s".formatted(completions.wrId(0), wrId, completions.status(0)));
        }
        return wrId;
    }
}
