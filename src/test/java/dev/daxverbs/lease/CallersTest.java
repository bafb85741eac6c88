package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.testing.Eventually;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** How many threads call holders: Callers. */
@AnyKernel
@Timeout(300)
class CallersTest {
    private static final int MANY = 2000;

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final CountDownLatch end = new CountDownLatch(1);
    private final ThreadFactory factory = Thread.ofPlatform().daemon().factory();

    @AfterEach
    void stop() {
        end.countDown();
        clock.shutdownNow();
    }

    private void linger() {
        Eventually.await("the test lets go", end);
    }

    @Test
    void shouldRunManyQuickTasksOnFewThreads() {
        Callers callers = new Callers(factory, clock);
        CountDownLatch done = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            callers.call(done::countDown);
        }
        Eventually.await("all tasks have run", done);
        assertThat(callers.mostThreads()).isBetween(1, 4 * Callers.AT_ONCE); // some more where the machine stalls for 10 ms
    }

    @Test
    void shouldRunTaskThoughManyLinger() {
        Callers callers = new Callers(factory, clock);
        int slow = 300;
        for (int i = 0; i < slow; i++) {
            callers.call(this::linger);
        }
        CountDownLatch done = new CountDownLatch(100);
        for (int i = 0; i < 100; i++) {
            callers.call(done::countDown);
        }
        Eventually.await("the quick tasks have run", done);
        assertThat(callers.mostThreads()).isBetween(slow + 1, slow + 100);
    }

    @Test
    void shouldBeginWithAllOfTwoThousandSlowOnesBeforeTheShortestDeadline() {
        Callers callers = new Callers(factory, clock);
        CountDownLatch begun = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            callers.call(() -> {
                begun.countDown();
                linger();
            });
        }
        Eventually.await("all have begun", begun);
        // One each. A look counts what waits for a thread that was started and has not begun: on a busy machine a few too many are started.
        assertThat(callers.mostThreads()).isBetween(MANY, MANY + MANY / 20);
    }

    /** A pause of the machine looks like slow holders, and must not cost hundreds of threads. */
    @Test
    void shouldStartAsManyThreadsAgainAndNoMoreWhenNothingMovesForAWhile() {
        List<Runnable> looks = new ArrayList<>();
        ScheduledThreadPoolExecutor byHand = new ScheduledThreadPoolExecutor(1) {
            @Override
            public ScheduledFuture<?> schedule(Runnable look, long delay, TimeUnit unit) {
                looks.add(look);
                return null;
            }
        };
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger made = new AtomicInteger();
        Callers callers = new Callers(task -> factory.newThread(() -> {
            made.incrementAndGet();
            Eventually.await("the machine goes on", goOn);
            task.run();
        }), byHand);
        CountDownLatch done = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            callers.call(done::countDown);
        }
        assertThat(looks).hasSize(1);
        looks.getFirst().run();
        assertThat(callers.mostThreads()).isEqualTo(2 * Callers.AT_ONCE);
        looks.getLast().run();
        assertThat(callers.mostThreads()).isEqualTo(4 * Callers.AT_ONCE);
        goOn.countDown();
        Eventually.await("all tasks have run", done);
        assertThat(made.get()).isLessThanOrEqualTo(4 * Callers.AT_ONCE);
        byHand.shutdownNow();
    }

    @Test
    void shouldGoOnWithTheThreadsThatAreToBeHad() {
        AtomicInteger left = new AtomicInteger(2);
        Callers callers = new Callers(task -> {
            if (left.getAndDecrement() <= 0) {
                throw new OutOfMemoryError("unable to create native thread: as if");
            }
            return factory.newThread(task);
        }, clock);
        callers.call(this::linger);
        CountDownLatch done = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            callers.call(done::countDown);
        }
        Eventually.await("all tasks have run", done);
        assertThat(callers.mostThreads()).isEqualTo(2);
    }

    @Test
    void shouldComeBackWhenThreadsAreToBeHadAgain() {
        AtomicInteger refused = new AtomicInteger();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> { }); // it is reported there
        try {
            Callers callers = new Callers(task -> {
                if (refused.incrementAndGet() <= 5) {
                    throw new OutOfMemoryError("unable to create native thread: as if");
                }
                return factory.newThread(task);
            }, clock);
            CountDownLatch done = new CountDownLatch(1);
            callers.call(done::countDown);
            Eventually.await("the task has run", done);
            assertThat(refused).hasValue(6);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    @Test
    void shouldOutliveTaskThatThrowsOrIsInterrupted() {
        Thread.UncaughtExceptionHandler quiet = (thread, thrown) -> { };
        Callers callers = new Callers(task -> {
            Thread thread = factory.newThread(task);
            thread.setUncaughtExceptionHandler(quiet);
            return thread;
        }, clock);
        CountDownLatch done = new CountDownLatch(10);
        for (int i = 0; i < 10; i++) {
            callers.call(() -> {
                Thread.currentThread().interrupt();
                done.countDown();
                throw new IllegalStateException("a mistake of the holder's");
            });
            long left = 9 - i;
            Eventually.await("it has run", () -> done.getCount() == left);
        }
        Eventually.await("all tasks have run", done);
        assertThat(callers.mostThreads()).isLessThanOrEqualTo(10);
    }
}
