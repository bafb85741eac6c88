package dev.daxverbs.internal;

import dev.daxverbs.benchmarks.Baseline;
import dev.daxverbs.benchmarks.OperationsASample;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;

/**
 * What it costs to guard an operation by the {@link Gate} when nobody seizes it, beside what else could do the same.
 *
 * <p>The operation fills a request of 64 bytes in a ring, as a poster does: eight stores, each time elsewhere, so that the compiler can
 * neither leave it out nor do it once for many, guarded or not. {@link #unguarded} is that operation alone. Two more pairs of methods show the gate
 * around a call that the compiler does not see through, and around a single store: this is the least that an operation can be, which
 * the compiler unrolls and moves as it likes where nothing guards it, so the difference of that pair is the most that the gate can cost.
 *
 * <p>Each sample is of a thousand operations. The median of samples is that of a
 * thread that nobody interrupts, on a machine that does other things as well; a mean would not be.
 *
 * <p>Left out: seizing ({@link SeizeCost}), and what a seizure costs the owner. A break does that a few times, a poster enters millions of
 * times. Finding the gate: each loop has it in a local variable. Neighbours that write to the same cache lines, from which the gate keeps
 * away by padding.
 */
@State(Scope.Thread)
@Baseline("unguarded")
@OperationsASample(GateCost.OPERATIONS)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class GateCost {
    static final int OPERATIONS = 1000;
    private static final int REQUESTS = 64;
    private static final int LONGS = 8;

    private final Gate gate = new Gate();
    private final StampedLock stampedLock = new StampedLock();
    private final Lock readLock = new ReentrantReadWriteLock().readLock();
    private final AtomicLong inFlight = new AtomicLong();
    private final long[] ring = new long[REQUESTS * LONGS];

    private static void fill(long[] ring, int value) {
        int at = (value & REQUESTS - 1) * LONGS;
        ring[at] = value;
        ring[at + 1] = value + 1;
        ring[at + 2] = value * 3L;
        ring[at + 3] = value ^ 5;
        ring[at + 4] = value | 7;
        ring[at + 5] = value - 9;
        ring[at + 6] = -value;
        ring[at + 7] = ~value;
    }

    @CompilerControl(CompilerControl.Mode.DONT_INLINE)
    private static void call(long[] ring, int value) {
        store(ring, value);
    }

    private static void store(long[] ring, int value) {
        ring[value & REQUESTS - 1] = value;
    }

    /** The operation alone. */
    @Benchmark
    public void unguarded() {
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            fill(ring, i);
        }
    }

    /** The operation as the library guards it: where the kernel has {@code membarrier(2)}, without a fence. */
    @Benchmark
    public void gate() {
        guardByGate();
    }

    /** The gate's variant for other kernels. (In a fork of its own: not with {@code -f 0}.) */
    @Benchmark
    @Fork(value = 3, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Ddev.daxverbs.gate=fence"})
    public void gateWithFence() {
        guardByGate();
    }

    private void guardByGate() {
        Gate gate = this.gate;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            if (!gate.enter()) {
                throw new IllegalStateException("the gate is closed");
            }
            try {
                fill(ring, i);
            } finally {
                gate.exit();
            }
        }
    }

    /** The operation under a read lock that does not know its owner. */
    @Benchmark
    public void stampedReadLock() {
        StampedLock lock = stampedLock;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            long stamp = lock.readLock();
            try {
                fill(ring, i);
            } finally {
                lock.unlockRead(stamp);
            }
        }
    }

    /** The operation under a read lock that counts its owner's holds. */
    @Benchmark
    public void reentrantReadLock() {
        Lock lock = readLock;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            lock.lock();
            try {
                fill(ring, i);
            } finally {
                lock.unlock();
            }
        }
    }

    /** The operation counted while it is in flight: the least that atomic instructions can do, as nothing here would wait for a seizer. */
    @Benchmark
    public void atomicCount() {
        AtomicLong count = inFlight;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            count.getAndIncrement();
            try {
                fill(ring, i);
            } finally {
                count.getAndDecrement();
            }
        }
    }

    /** A call alone. */
    @Benchmark
    public void unguardedCall() {
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            call(ring, i);
        }
    }

    /** A call in the gate. */
    @Benchmark
    public void gateCall() {
        Gate gate = this.gate;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            if (!gate.enter()) {
                throw new IllegalStateException("the gate is closed");
            }
            try {
                call(ring, i);
            } finally {
                gate.exit();
            }
        }
    }

    /** A store alone. */
    @Benchmark
    public void unguardedStore() {
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            store(ring, i);
        }
    }

    /** A store in the gate. */
    @Benchmark
    public void gateStore() {
        Gate gate = this.gate;
        long[] ring = this.ring;
        for (int i = 0; i < OPERATIONS; i++) {
            if (!gate.enter()) {
                throw new IllegalStateException("the gate is closed");
            }
            try {
                store(ring, i);
            } finally {
                gate.exit();
            }
        }
    }
}
