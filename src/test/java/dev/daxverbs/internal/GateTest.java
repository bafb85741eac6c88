package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Gate under load, and what its methods say. Its interleavings are the business of jcstress; this finds gross mistakes in a second. The
 * shared values are plain fields: without the gate's ordering the checks would fail.
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
        assertThat(seizer.join(java.time.Duration.ofMillis(100))).as("waits").isFalse();
        gate.exit();
        assertThat(seizer.join(java.time.Duration.ofSeconds(20))).isTrue();
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
        assertThat(owner.join(java.time.Duration.ofMillis(100))).as("waits").isFalse();
        gate.release();
        assertThat(owner.join(java.time.Duration.ofSeconds(20))).isTrue();
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
        assertThat(owner.join(java.time.Duration.ofSeconds(20))).isTrue();
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
}
