package dev.daxverbs.internal;

import dev.daxverbs.benchmarks.Baseline;

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

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long a seizer needs to seize a {@link Gate} and release it: the gates of an idle owner, and of one that enters and exits without a
 * pause on another processor.
 *
 * <p>Left out: owners that are long inside, for whom it waits; other processes' work, but for what the machine happens to do.
 */
@State(Scope.Benchmark)
@Baseline("IDLE")
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class SeizeCost {
    private static final int MANY = 64;

    /** What the owner of all gates does. */
    public enum Owner {
        /** Nothing: there is no such thread. */
        IDLE,
        /** Enters each gate and exits, in turn. */
        SPINNING
    }

    /** What the owner does. */
    @Param
    public Owner owner;

    private final List<Gate> gates = Stream.generate(Gate::new).limit(MANY).toList();
    private final Gate gate = gates.getFirst();
    private volatile boolean ended;
    private Thread thread;

    /** Starts the owner. */
    @Setup
    public void start() {
        if (owner == Owner.SPINNING) {
            thread = Thread.ofPlatform().start(() -> {
                while (!ended) {
                    for (Gate one : gates) {
                        one.enter();
                        one.exit();
                    }
                }
            });
        }
    }

    /** Ends it. */
    @TearDown
    public void end() throws InterruptedException {
        ended = true;
        if (thread != null) {
            thread.join();
        }
    }

    /** One gate. */
    @Benchmark
    public void one() {
        gate.seize();
        gate.release();
    }

    /** One gate of the variant for kernels without {@code membarrier(2)}. (In a fork of its own: not with {@code -f 0}.) */
    @Benchmark
    @Fork(value = 3, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Ddev.daxverbs.gate=fence"})
    public void oneWithFence() {
        gate.seize();
        gate.release();
    }

    /** {@value #MANY} gates, as a break seizes the queue pairs of a file. */
    @Benchmark
    public void manyAtOnce() {
        Gate.seizeAll(gates);
        gates.forEach(Gate::release);
    }

    /** {@value #MANY} gates, one after the other. */
    @Benchmark
    public void manyOneByOne() {
        gates.forEach(Gate::seize);
        gates.forEach(Gate::release);
    }
}
