package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.Eventually;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** How many threads call holders: Callers. */
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
