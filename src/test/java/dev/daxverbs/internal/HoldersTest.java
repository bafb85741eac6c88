package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.daxverbs.testing.AnyKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Holders, by one thread; and by many, in bulk. Interleavings are tested in stress/. */
@AnyKernel
@Timeout(60)
class HoldersTest {
    private static final int TIMES = 2000;

    private static final class Thing extends Holders {
        final AtomicInteger ended = new AtomicInteger();
        volatile boolean usable = true;

        Thing(boolean shared) {
            super(shared);
        }

        void endIf(boolean told) {
            if (told) {
                usable = false;
                ended.incrementAndGet();
            }
        }
    }

    @Test
    void shouldEndWithTheLastHolder() {
        Thing thing = new Thing(true);
        assertThat(thing.hold()).isTrue();
        assertThat(thing.holders()).isEqualTo(2);
        assertThat(thing.retire()).as("it is held").isFalse();
        assertThat(thing.isRetired()).isTrue();
        assertThat(thing.hold()).isFalse();
        assertThat(thing.retire()).as("again").isFalse();
        assertThat(thing.release()).isFalse();
        assertThat(thing.release()).as("the last").isTrue();
        assertThatIllegalStateException().isThrownBy(thing::release).withMessageContaining("more often");
        assertThat(thing.holds()).isEqualTo(1);
    }

    @Test
    void shouldRetireWhatNobodyHolds() {
        Thing thing = new Thing(true);
        assertThat(thing.retireIdle()).isFalse();
        assertThat(thing.release()).isFalse();
        assertThatIllegalStateException().isThrownBy(thing::release);
        assertThat(thing.retireIdle()).isTrue();
        assertThat(thing.retireIdle()).isFalse();
        assertThat(thing.retire()).isFalse();
        assertThat(thing.hold()).isFalse();
        thing.reinstate();
        assertThat(thing.hold()).isTrue();
        assertThat(thing.release()).isFalse();
        assertThat(thing.retire()).isTrue();
    }

    @Test
    void shouldNotBeSharedWhenMadeForOne() {
        Thing thing = new Thing(false);
        assertThat(thing.hold()).isFalse();
        assertThat(thing.release()).isTrue();
    }

    @Test
    void shouldCountHoldsPastTheirWrapWithoutRetiringIt() {
        assertThat(Holders.holdsBetween((1L << 39) - 1, 3)).isEqualTo(4);
        assertThat(Holders.holdsBetween(5, 5)).isZero();
        Thing thing = new Thing(true);
        for (int i = 0; i < 1000; i++) {
            assertThat(thing.hold()).isTrue();
        }
        assertThat(thing.holds()).isEqualTo(1000);
        assertThat(thing.holders()).isEqualTo(1001);
    }

    @Test
    void shouldBeEndedOnceAndNeverUnderAHolder() throws Exception {
        CyclicBarrier start = new CyclicBarrier(3);
        Thing[] now = new Thing[1];
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Runnable user = () -> {
                for (int i = 0; i < TIMES; i++) {
                    meet(start);
                    Thing thing = now[0];
                    while (thing.hold()) {
                        if (!thing.usable) {
                            throw new AssertionError("ended under a holder");
                        }
                        thing.endIf(thing.release());
                    }
                    meet(start);
                }
            };
            Future<?> one = threads.submit(user);
            Future<?> two = threads.submit(user);
            Future<?> retirer = threads.submit(() -> {
                for (int i = 0; i < TIMES; i++) {
                    Thing thing = new Thing(true);
                    thing.release();
                    now[0] = thing;
                    meet(start);
                    thing.endIf(i % 2 == 0 ? thing.retire() : thing.retireIdle() || thing.retire());
                    meet(start);
                    assertThat(thing.ended).hasValue(1);
                }
            });
            one.get();
            two.get();
            retirer.get();
        }
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
