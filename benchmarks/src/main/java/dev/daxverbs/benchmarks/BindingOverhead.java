package dev.daxverbs.benchmarks;

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
import org.openjdk.jmh.infra.Blackhole;

import java.util.concurrent.TimeUnit;

/**
 * What the library costs before a provider begins: one write posted and polled, over a {@link NullDevice}, a stand-in that does nothing, so
 * this runs on any machine. The baseline makes the same two calls through the same function pointers with nothing around them.
 *
 * <p>Left out: everything that a device and its provider do, so these ratios are the worst that there can be; requests with several elements;
 * on-demand regions, whose ranges are checked for alignment as well; lease breaks. The lease on the file is real.
 *
 * <p>Each sample is of a thousand operations. The median of samples is that of a thread that nobody interrupts, on a machine that does other
 * things as well; a mean would not be.
 */
@State(Scope.Thread)
@AllocatesNothing
@Baseline("CALLS_ALONE")
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
public class BindingOverhead {
    private static final int OPERATIONS = 1000;

    /** What a write goes through. */
    public enum Way {
        /** Two downcalls. */
        CALLS_ALONE,
        /** A plain queue pair and completion queue. */
        PLAIN,
        /** Tracked ones, with anonymous memory on both sides. */
        TRACKED_ANONYMOUS,
        /** Tracked ones, with a file on tmpfs on one side. */
        TRACKED_FILE
    }

    /** What the write goes through. */
    @Param
    public Way way;

    private Writer writer;

    /** Connects. */
    @Setup
    public void open() throws Exception {
        NullDevice.load();
        writer = switch (way) {
            case CALLS_ALONE -> new CallingWriter(NullDevice.operations());
            case PLAIN -> new LibraryWriter(new Loopback(TransferMemory.PLAIN));
            case TRACKED_ANONYMOUS -> new LibraryWriter(new Loopback(TransferMemory.ANONYMOUS));
            case TRACKED_FILE -> new LibraryWriter(new Loopback(TransferMemory.TMPFS));
        };
        writer.fill(0);
    }

    /** Disconnects. */
    @TearDown
    public void close() throws Exception {
        writer.close();
    }

    /** A request that was filled in before is posted and polled. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public void postAndPoll(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            blackhole.consume(writer.postAndPoll());
        }
    }

    /** A request is filled in, posted and polled. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public void fillPostAndPoll(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            writer.fill(i);
            blackhole.consume(writer.postAndPoll());
        }
    }

    /** One implementation is loaded in each run, so the compiler sees through it. */
    interface Writer extends AutoCloseable {
        /** Describes a signaled write of 8 bytes. */
        void fill(long wrId);

        /** Gives the number that the completion has. */
        long postAndPoll();
    }
}
