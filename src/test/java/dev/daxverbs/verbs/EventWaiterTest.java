package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.Eventually;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Waiting for events of a native object, and closing it meanwhile; an eventfd stands for the native events, so no device is needed. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventWaiterTest {
    private static final Duration LONG = Duration.ofSeconds(50);

    private final int events = blockingEventfd();
    private final EventWaiter waiter = new EventWaiter(new Owner(), events);

    private static int blockingEventfd() {
        int fd = Posix.eventfd();
        assertThat(fd).isNotNegative();
        assertThat(Posix.fcntl(fd, LibC.F_SETFL(), 0)).isZero();
        return fd;
    }

    /** Something with a name. */
    private static final class Owner extends VerbsObject {
        @Override
        int destroy() {
            return 0;
        }

        @Override
        String destroyCall() {
            return "destroy()";
        }

        @Override
        public String toString() {
            return "owner";
        }
    }

    @AfterEach
    void close() {
        waiter.shut();
        waiter.dispose();
        Posix.close(events);
    }

    private void makeEvent() {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Posix.write(events, arena.allocateFrom(ValueLayout.JAVA_LONG, 1))).isEqualTo(Long.BYTES);
        }
    }

    /** What no descriptor tells of: without a nudge both would sleep for the rest of 100 ms. */
    @Test
    void shouldWakeAllWhoWaitForWhatNoDescriptorTellsOf() throws Exception {
        Queue<Integer> things = new ConcurrentLinkedQueue<>();
        Supplier<Optional<Integer>> take = () -> {
            Optional<Integer> thing = Optional.ofNullable(things.poll());
            if (!things.isEmpty()) {
                waiter.nudge();
            }
            return thing;
        };
        long quickestNs = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            CompletableFuture<Optional<Integer>> one = CompletableFuture.supplyAsync(() -> await(take), task -> Thread.ofPlatform().start(task));
            CompletableFuture<Optional<Integer>> other = CompletableFuture.supplyAsync(() -> await(take), task -> Thread.ofPlatform().start(task));
            Eventually.pause(20); // both are asleep, most likely
            long beganNs = System.nanoTime();
            things.addAll(List.of(1, 2));
            waiter.nudge();
            assertThat(List.of(one.get().orElseThrow(), other.get().orElseThrow())).containsExactlyInAnyOrder(1, 2);
            quickestNs = Math.min(quickestNs, System.nanoTime() - beganNs);
        }
        assertThat(Duration.ofNanos(quickestNs)).as("the quickest of ten").isLessThan(Duration.ofMillis(40));
    }

    private <T> Optional<T> await(Supplier<Optional<T>> take) {
        try {
            return waiter.await(LONG, take);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Optional<Long> takeEvent() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
            return Posix.read(events, number) < 0 ? Optional.empty() : Optional.of(number.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /** A thread in {@link EventWaiter#await}; returns once it is in there. */
    private CompletableFuture<Optional<Long>> waiting(Thread[] thread) throws InterruptedException {
        CompletableFuture<Optional<Long>> result = new CompletableFuture<>();
        CountDownLatch inside = new CountDownLatch(1);
        thread[0] = Thread.ofPlatform().start(() -> {
            try {
                result.complete(waiter.await(LONG, () -> {
                    inside.countDown();
                    return takeEvent();
                }));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        inside.await();
        return result;
    }

    @Test
    void shouldGiveAnEventThatIsThere() throws Exception {
        makeEvent();
        assertThat(waiter.await(Duration.ZERO, this::takeEvent)).contains(1L);
        assertThat(waiter.await(Duration.ZERO, this::takeEvent)).isEmpty();
    }

    @Test
    void shouldReturnNothingAfterTheTimeoutAndNotBefore() throws Exception {
        for (Duration timeout : List.of(Duration.ofNanos(1), Duration.ofMillis(30), Duration.ofMillis(150))) {
            long start = System.nanoTime();
            assertThat(waiter.await(timeout, this::takeEvent)).isEmpty();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(timeout.toNanos());
        }
    }

    @Test
    void shouldWakeForAnEventThatComes() throws Exception {
        CompletableFuture<Optional<Long>> result = waiting(new Thread[1]);
        makeEvent();
        assertThat(result.get()).contains(1L);
    }

    @Test
    void shouldTakeAnyDurationForATimeout() throws Exception {
        makeEvent();
        assertThat(waiter.await(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999), this::takeEvent)).contains(1L);
        assertThatThrownBy(() -> waiter.await(Duration.ofNanos(-1), this::takeEvent)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("timeout=PT-0.000000001S");
        assertThatThrownBy(() -> waiter.await(Duration.ofSeconds(Long.MIN_VALUE), this::takeEvent))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldGiveEachEventToOneOfManyWaiters() throws Exception {
        List<CompletableFuture<Optional<Long>>> results = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            results.add(waiting(new Thread[1]));
        }
        for (int done = 1; done <= results.size(); done++) {
            makeEvent();
            int expected = done;
            while (results.stream().filter(CompletableFuture::isDone).count() < expected) {
                Thread.sleep(1);
            }
            Thread.sleep(20);
            assertThat(results.stream().filter(CompletableFuture::isDone)).hasSize(expected);
        }
        for (CompletableFuture<Optional<Long>> result : results) {
            assertThat(result.get()).contains(1L);
        }
    }

    @Test
    void shouldNoticeAnInterruptionDuringAndBeforeTheWait() throws Exception {
        Thread[] thread = new Thread[1];
        CompletableFuture<Optional<Long>> result = waiting(thread);
        thread[0].interrupt();
        assertThatThrownBy(result::get).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(InterruptedException.class);

        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> waiter.await(Duration.ZERO, this::takeEvent)).isInstanceOf(InterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void shouldWakeWaitersWhenItIsShutAndRefuseUseAfterwards() throws Exception {
        List<CompletableFuture<Optional<Long>>> results = List.of(waiting(new Thread[1]), waiting(new Thread[1]));
        waiter.shut();
        for (CompletableFuture<Optional<Long>> result : results) {
            assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalStateException.class).hasMessageContaining("owner is closed");
        }
        assertThatThrownBy(() -> waiter.use(() -> 1)).isInstanceOf(IllegalStateException.class).hasMessage("owner is closed");
        assertThatThrownBy(() -> waiter.await(Duration.ZERO, this::takeEvent)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldNotBeShutBeforeAllHaveLeft() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch mayLeave = new CountDownLatch(1);
        AtomicBoolean left = new AtomicBoolean();
        Thread user = Thread.ofPlatform().start(() -> waiter.use(() -> {
            inside.countDown();
            try {
                mayLeave.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            left.set(true);
            return null;
        }));
        inside.await();
        CompletableFuture<Boolean> leftWhenShut = CompletableFuture.supplyAsync(() -> {
            Thread.currentThread().interrupt(); // which must not let it go early, nor get lost
            waiter.shut();
            return left.get() && Thread.interrupted();
        });
        assertThatThrownBy(() -> leftWhenShut.get(50, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        mayLeave.countDown();
        user.join();
        assertThat(leftWhenShut.get()).isTrue();
    }

    @Test
    void shouldWorkAgainWhenItIsReopened() throws Exception {
        waiter.shut();
        waiter.reopen();
        assertThat(waiter.use(() -> 1)).isEqualTo(1);
        AtomicInteger looks = new AtomicInteger();
        assertThat(waiter.await(Duration.ofMillis(250), () -> {
            looks.incrementAndGet();
            return takeEvent();
        })).isEmpty();
        assertThat(looks).as("it sleeps in between").hasValueLessThan(50);
    }

    @Test
    void shouldWakeWaitersAtOnceWhenItIsShut() throws Exception {
        long fastestNs = Long.MAX_VALUE;
        for (int i = 0; i < 10; i++) { // some attempts may meet a busy machine
            CompletableFuture<Optional<Long>> result = waiting(new Thread[1]);
            long start = System.nanoTime();
            waiter.shut();
            fastestNs = Math.min(fastestNs, System.nanoTime() - start);
            assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalStateException.class);
            waiter.reopen();
        }
        assertThat(fastestNs).as("less than what a thread sleeps otherwise").isLessThan(50_000_000);
    }

    @Test
    void shouldLetOthersInWhenACallThrows() {
        assertThatThrownBy(() -> waiter.use(() -> {
            throw new VerbsException("call", 5);
        })).isInstanceOf(VerbsException.class);
        waiter.shut(); // hangs if the failed call counts as inside
    }
}
