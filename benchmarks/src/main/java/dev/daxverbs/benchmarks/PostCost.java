package dev.daxverbs.benchmarks;

import dev.daxverbs.internal.DeviceCalls;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * What posting and polling cost, by the ways that there are from Java, beside a loop in C. All go to the same {@link NullDevice}, a stand-in that
 * completes everything at once and moves nothing: so the ratios are the worst that there can be, and it runs on any machine.
 *
 * <p>An operation is one call that posts all requests of the {@link PostShape} and one that polls all their completions, whose statuses
 * and numbers are looked at; {@link #fillPostAndPoll} describes the requests anew before each.
 *
 * <p>Left out: what a device and its provider do (a provider copies inline data, and reads the elements); on-demand regions, whose ranges are
 * checked for alignment as well; lease breaks; several threads; garbage collections, which a critical downcall holds up.
 *
 * <p>Each sample is of a thousand operations. The median of samples is that of a thread that nobody interrupts, on a machine that does other
 * things as well; a mean would not be. The compiler is waited for ({@code -Xbatch}), or on a busy machine it would have its turn only when the
 * warm-up is over.
 */
@State(Scope.Thread)
@AllocatesNothing
@Baseline(value = "C_LOOP", parameter = "way")
@OperationsASample(PostCost.OPERATIONS)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xbatch"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class PostCost {
    static final int OPERATIONS = 1000;

    /** How it is posted and polled. */
    public enum Way {
        /** A loop in C. */
        C_LOOP,
        /** jextract's downcalls alone. */
        CALLS,
        /** jextract's downcalls alone, critical ones. */
        CRITICAL_CALLS,
        /** Two native methods, prepared requests. */
        JNI,
        /** The library's plain queue pair and completion queue, by ordinary downcalls. */
        UNTRACKED,
        /** The same by critical ones, as for a provider that is known to make no system call. */
        UNTRACKED_CRITICAL,
        /** The library's tracked ones, with a leased file on tmpfs; every transfer direct; by ordinary downcalls. */
        TRACKED,
        /** The same by critical ones. */
        TRACKED_CRITICAL
    }

    /** What is posted. */
    @Param
    public PostShape shape;

    /** How it is posted and polled. */
    @Param
    public Way way;

    private PostWay path;

    /** Connects. */
    @Setup
    public void open() throws Exception {
        NullDevice.load();
        System.setProperty(DeviceCalls.PROPERTY, way.name().endsWith("CRITICAL") ? DeviceCalls.CRITICAL : DeviceCalls.ORDINARY);
        path = switch (way) {
            case C_LOOP -> new LoopWay(shape);
            case CALLS -> new CallWay(shape);
            case CRITICAL_CALLS -> new CriticalCallWay(shape);
            case JNI -> new JniWay(shape);
            case UNTRACKED, UNTRACKED_CRITICAL -> new LibraryWay(shape, false);
            case TRACKED, TRACKED_CRITICAL -> new LibraryWay(shape, true);
        };
        path.fill(0);
    }

    /** Disconnects. */
    @TearDown
    public void close() throws Exception {
        path.close();
    }

    /**
     * Requests that were filled in before are posted and polled.
     *
     * @return a sum, so that nothing is left out
     */
    @Benchmark
    public long postAndPoll() {
        return path.run(OPERATIONS);
    }

    /**
     * Requests are filled in, posted and polled.
     *
     * @return a sum, so that nothing is left out
     */
    @Benchmark
    public long fillPostAndPoll() {
        return path.runFilling(OPERATIONS);
    }
}
