package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/** Asynchronous events of a device (ibv_get_async_event, ibv_ack_async_event): waiting for them, and two that can be caused. */
@RequiresDevice({"rxe0", "rxe1"})
@Timeout(120)
class AsyncEventTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Device device = Device.byName("rxe1");
    private final DeviceContext context = device.open();

    @AfterEach
    void close() {
        context.close();
    }

    /** The next event of a type; others are passed over, such as changes of the GID table. */
    private AsyncEvent next(AsyncEventType type) throws InterruptedException {
        long end = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < end) {
            Optional<AsyncEvent> event = context.awaitAsyncEvent(Duration.ofSeconds(1));
            if (event.isPresent() && event.get().type() == type) {
                return event.get();
            }
        }
        throw new AssertionError("no event " + type + " within " + LONG);
    }

    private CompletableFuture<Optional<AsyncEvent>> waiting(AtomicReference<Thread> thread) throws InterruptedException {
        CompletableFuture<Optional<AsyncEvent>> result = new CompletableFuture<>();
        thread.set(Thread.ofPlatform().start(() -> {
            try {
                result.complete(context.awaitAsyncEvent(LONG));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }));
        Thread.sleep(200); // most likely in the wait then; the result is the same if it is not yet
        return result;
    }

    @Test
    void shouldReturnNothingWhenThereIsNoEvent() throws Exception {
        assertThat(context.pollAsyncEvent()).isEmpty();
        assertThat(context.awaitAsyncEvent(Duration.ZERO)).isEmpty();
        long start = System.nanoTime();
        assertThat(context.awaitAsyncEvent(Duration.ofMillis(150))).isEmpty();
        assertThat(System.nanoTime() - start).isBetween(150_000_000L, LONG.toNanos() / 2);
        assertThatThrownBy(() -> context.awaitAsyncEvent(Duration.ofMillis(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldWakeAWaiterWhenItIsClosed() throws Exception {
        CompletableFuture<Optional<AsyncEvent>> result = waiting(new AtomicReference<>());
        context.close();
        assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalStateException.class).hasMessageContaining("context of rxe1 is closed");
    }

    @Test
    void shouldNoticeAnInterruption() throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        CompletableFuture<Optional<AsyncEvent>> result = waiting(thread);
        thread.get().interrupt();
        assertThatThrownBy(result::get).hasCauseInstanceOf(InterruptedException.class);
        assertThat(context.attributes().maxQp()).isPositive();
    }

    @Test
    void shouldReportThatAPortWentDownAndCameUp() throws Exception {
        String netDevice = context.gids().getFirst().netDevice().orElseThrow();
        try {
            ip("link", "set", netDevice, "down");
            assertThat(next(AsyncEventType.PORT_ERR)).isEqualTo(
                    new AsyncEvent(AsyncEventType.PORT_ERR, OptionalInt.of(1), Optional.empty()));
            assertThat(context.port(1).state()).isEqualTo(PortState.DOWN);
        } finally {
            ip("link", "set", netDevice, "up");
        }
        assertThat(next(AsyncEventType.PORT_ACTIVE).port()).hasValue(1);
        assertThat(context.port(1).state()).isEqualTo(PortState.ACTIVE);
    }

    private static void ip(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = "ip";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }

    @Test
    void shouldReportTheQueueThatOverflowedAndLetItBeClosed() throws Exception {
        try (ProtectionDomain domain = context.allocateProtectionDomain(); CompletionQueue queue = context.createCompletionQueue(1)) {
            int receives = queue.entries() + 8;
            QueuePairOptions options = QueuePairOptions.of(queue).withRequests(1, receives);
            try (QueuePair pair = domain.createQueuePair(options)) {
                pair.connect(pair.address());
                ReceiveWorkRequests requests = new ReceiveWorkRequests(receives);
                for (int i = 0; i < receives; i++) {
                    requests.receive(i);
                }
                assertThat(pair.postReceive(requests)).isEqualTo(receives);
                pair.toError(); // flushes more than the completion queue holds
                assertThat(next(AsyncEventType.CQ_ERR)).isEqualTo(
                        new AsyncEvent(AsyncEventType.CQ_ERR, OptionalInt.empty(), Optional.of(queue)));
            }
        }
    }
}
