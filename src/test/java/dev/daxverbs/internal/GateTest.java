package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Gate under load, and what its methods say. Its interleavings are the business of jcstress (the folder {@code stress}); this finds gross
 * mistakes in a second. The shared values are plain fields: without the gate's ordering the checks would fail. Variants other than this
 * process's, and kernels that refuse, are in processes of their own ({@link GateChild}).
 */
@Timeout(600)
class GateTest {
    private static final long STRESS_NS = TimeUnit.MILLISECONDS.toNanos(1200);

    private final Gate gate = new Gate();
    /** Plain on purpose. Odd while somebody is at work on it. */
    private long first;
    private long second;

    @Test
    void shouldKeepOwnerAndSeizersApartAndShowEachWhatTheOtherDid() throws Exception {
        AtomicLong torn = new AtomicLong();
        AtomicLong seizures = new AtomicLong();
        long endNs = System.nanoTime() + STRESS_NS;
        List<Thread> threads = new ArrayList<>();
        long[] entered = new long[1];
        threads.add(Thread.ofPlatform().start(() -> {
            while (System.nanoTime() - endNs < 0) {
                for (int i = 0; i < 1000; i++) {
                    assertThat(gate.enter()).isTrue();
                    work(torn);
                    gate.exit();
                    entered[0]++;
                }
            }
        }));
        for (int i = 0; i < 2; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                while (System.nanoTime() - endNs < 0) {
                    gate.seize();
                    work(torn);
                    gate.release();
                    seizures.incrementAndGet();
                    if (seizures.get() % 16 == 0) {
                        LockSupport.parkNanos(1000);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(20));
        }
        assertThat(torn).hasValue(0);
        assertThat(seizures.get()).isGreaterThan(100);
        gate.seize();
        assertThat(first).as("no increment lost, so none at the same time").isEqualTo(entered[0] + seizures.get()).isEqualTo(second);
        gate.release();
    }

    /** Not atomic at all: two at a time lose increments, and see the two values differ. */
    private void work(AtomicLong torn) {
        if (first != second) {
            torn.incrementAndGet();
        }
        first++;
        second++;
    }

    @Test
    void shouldWaitForTheOwnerToLeave() throws Exception {
        assertThat(gate.enter()).isTrue();
        Thread seizer = Thread.ofPlatform().start(() -> {
            gate.seize();
            gate.release();
        });
        assertThat(seizer.join(Duration.ofMillis(100))).as("waits").isFalse();
        gate.exit();
        assertThat(seizer.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void shouldKeepTheOwnerWaitingUntilTheLastReleaseOfNestedSeizures() throws Exception {
        gate.seize();
        gate.seize();
        Thread owner = Thread.ofPlatform().start(() -> {
            assertThat(gate.enter()).isTrue();
            gate.exit();
        });
        gate.release();
        assertThat(owner.join(Duration.ofMillis(100))).as("waits").isFalse();
        gate.release();
        assertThat(owner.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void shouldTurnAwayTheOwnerOnceClosed() throws Exception {
        long[] posted = new long[1];
        Thread owner = Thread.ofPlatform().start(() -> {
            while (gate.enter()) {
                posted[0]++;
                gate.exit();
            }
        });
        Thread.sleep(50);
        gate.seize();
        long before = posted[0]; // ordered by the owner's exit
        gate.close();
        gate.release();
        assertThat(owner.join(Duration.ofSeconds(20))).isTrue();
        assertThat(posted[0]).as("nothing was posted after the seizure").isEqualTo(before).isPositive();
        assertThat(gate.enter()).isFalse();
        gate.seize(); // still possible
        gate.release();
        assertThat(gate.enter()).isFalse();
    }

    @Test
    void shouldRefuseToCloseWithoutSeizure() {
        assertThatIllegalStateException().isThrownBy(gate::close);
    }

    @Test
    void shouldSeizeAllGatesAtOnceAndReleaseEachOnItsOwn() throws Exception {
        Gate first = new Gate();
        Gate second = new Gate();
        assertThat(second.enter()).isTrue();
        Thread seizer = Thread.ofPlatform().start(() -> {
            Gate.seizeAll(List.of(second, first));
            first.release();
        });
        assertThat(seizer.join(Duration.ofMillis(100))).as("waits for the one that is inside").isFalse();
        second.exit();
        assertThat(seizer.join(Duration.ofSeconds(20))).isTrue();
        assertThat(first.enter()).as("released").isTrue();
        first.exit();
        Thread owner = Thread.ofPlatform().daemon().start(second::enter);
        assertThat(owner.join(Duration.ofMillis(100))).as("the second is still seized").isFalse();
    }

    @Test
    void shouldNestWhatIsSeizedAlreadyAndTakeClosedGatesAsWell() throws Exception {
        Gate seized = new Gate();
        Gate open = new Gate();
        Gate shut = new Gate();
        shut.seize();
        shut.close();
        shut.release();
        seized.seize();
        Gate.seizeAll(List.of(open, shut, seized, open));
        for (Gate one : List.of(seized, open, open, shut)) {
            one.release();
        }
        assertThat(open.enter()).as("released as often as it was named").isTrue();
        open.exit();
        assertThat(shut.enter()).isFalse();
        Thread owner = Thread.ofPlatform().start(() -> {
            assertThat(seized.enter()).isTrue();
            seized.exit();
        });
        assertThat(owner.join(Duration.ofMillis(100))).as("waits for the outer release").isFalse();
        seized.release();
        assertThat(owner.join(Duration.ofSeconds(20))).isTrue();
        Gate.seizeAll(List.of());
    }

    @Test
    void shouldNotDeadlockWhenTwoSeizeTheSameGatesInOppositeOrder() throws Exception {
        Gate[] gates = {new Gate(), new Gate(), new Gate()};
        long[] counts = new long[gates.length];
        List<Thread> threads = new ArrayList<>();
        for (List<Gate> order : List.of(Arrays.asList(gates), Arrays.asList(gates).reversed())) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 2000; i++) {
                    Gate.seizeAll(order);
                    for (int j = 0; j < counts.length; j++) {
                        counts[j]++;
                        gates[j].release();
                    }
                }
            }));
        }
        for (int i = 0; i < 2000; i++) {
            for (int j = 0; j < gates.length; j++) {
                assertThat(gates[j].enter()).isTrue();
                counts[j]++;
                gates[j].exit();
            }
        }
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofSeconds(120))).isTrue();
        }
        Gate.seizeAll(Arrays.asList(gates));
        assertThat(counts).containsOnly(6000);
    }

    /** Both variants on any kernel, and what a seccomp filter does: refused from the beginning, and refused later. */
    @ParameterizedTest
    @CsvSource({"as-it-is,", "fence,fence", "filtered,fence", "filtered-later,membarrier"})
    void shouldChooseTheVariantThatTheKernelAllows(String situation, String variant) {
        try (OtherProcess child = OtherProcess.java(GateChild.class, situation)) {
            int status = child.exitStatus();
            assumeFalse(status == GateChild.NO_SECCOMP, "seccomp filters: EINVAL");
            assertThat(status).as(() -> String.join("\n", child.output())).isZero();
            assertThat(child.output()).contains(variant == null ? Gate.variant() : variant);
        }
    }
}
