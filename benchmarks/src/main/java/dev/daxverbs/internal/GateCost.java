package dev.daxverbs.internal;

import dev.daxverbs.benchmarks.Baseline;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;

/**
 * What it costs to guard an operation by the {@link Gate} when nobody seizes it, beside the locks of the JDK that could do the same.
 * {@link #unguarded} is the operation alone.
 *
 * <p>Each sample is a thousand guarded operations, so microseconds of a sample are nanoseconds of one. The median of samples is that of a
 * thread that nobody interrupts, on a machine that does other things as well; a mean would not be.
 *
 * <p>Left out: seizing, and what a seizure costs the owner. A break does that a few times, a poster enters millions of times.
 */
@State(Scope.Thread)
@Baseline("gate")
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class GateCost {
    private static final int OPERATIONS = 1000;

    private final Gate gate = new Gate();
    private final StampedLock stampedLock = new StampedLock();
    private final Lock readLock = new ReentrantReadWriteLock().readLock();
    private long operations;

    /** The operation alone. */
    @Benchmark
    public void unguarded(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            blackhole.consume(++operations);
        }
    }

    /** The operation as the library guards it. */
    @Benchmark
    public void gate(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            if (!gate.enter()) {
                throw new IllegalStateException("the gate is closed");
            }
            try {
                blackhole.consume(++operations);
            } finally {
                gate.exit();
            }
        }
    }

    /** The operation under a read lock that does not know its owner. */
    @Benchmark
    public void stampedReadLock(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            long stamp = stampedLock.readLock();
            try {
                blackhole.consume(++operations);
            } finally {
                stampedLock.unlockRead(stamp);
            }
        }
    }

    /** The operation under a read lock that counts its owner's holds. */
    @Benchmark
    public void reentrantReadLock(Blackhole blackhole) {
        for (int i = 0; i < OPERATIONS; i++) {
            readLock.lock();
            try {
                blackhole.consume(++operations);
            } finally {
                readLock.unlock();
            }
        }
    }
}
