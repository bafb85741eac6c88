package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Waiting for completion queues (ibv_create_comp_channel, ibv_get_cq_event, ibv_ack_cq_events, ibv_req_notify_cq,
 * ibv_destroy_comp_channel). Completions are made by flushing receives.
 */
@RequiresDevice
@Timeout(120)
class CompletionChannelTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final DeviceContext context = Device.byName("rxe0").open();
    private final CompletionChannel channel = context.createCompletionChannel();

    @AfterEach
    void close() {
        channel.close();
        context.close();
    }

    /** Makes one completion in a queue. */
    private void complete(CompletionQueue queue) {
        try (ProtectionDomain domain = context.allocateProtectionDomain();
                QueuePair pair = domain.createQueuePair(QueuePairOptions.of(queue))) {
            pair.connect(pair.address());
            assertThat(pair.postReceive(new ReceiveWorkRequests(1).receive(7))).isEqualTo(1);
            pair.toError();
            WorkCompletions completions = new WorkCompletions(1);
            while (queue.poll(completions) == 0) {
                Thread.onSpinWait();
            }
            assertThat(completions.status(0)).isEqualTo(CompletionStatus.WR_FLUSH_ERR);
        }
    }

    private CompletableFuture<Optional<CompletionQueue>> waiting(AtomicReference<Thread> thread) throws InterruptedException {
        CompletableFuture<Optional<CompletionQueue>> result = new CompletableFuture<>();
        thread.set(Thread.ofPlatform().start(() -> {
            try {
                result.complete(channel.await(LONG));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }));
        Thread.sleep(200); // most likely in the wait then; the result is the same if it is not yet
        return result;
    }

    @Test
    void shouldReturnNothingAfterTheTimeout() throws Exception {
        assertThat(channel.await(Duration.ZERO)).isEmpty();
        long start = System.nanoTime();
        assertThat(channel.await(Duration.ofMillis(150))).isEmpty();
        assertThat(System.nanoTime() - start).isBetween(150_000_000L, LONG.toNanos() / 2);
        assertThatThrownBy(() -> channel.await(Duration.ofMillis(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNameTheQueueThatHasSomethingOncePerRequest() throws Exception {
        try (CompletionQueue silent = context.createCompletionQueue(4, channel, 0);
                CompletionQueue queue = context.createCompletionQueue(4, channel, context.completionVectors() - 1)) {
            silent.requestNotification(false);
            complete(queue);
            assertThat(channel.await(Duration.ofMillis(50))).as("without a request").isEmpty();
            queue.requestNotification(false);
            complete(queue);
            complete(queue);
            assertThat(channel.await(LONG)).containsSame(queue);
            assertThat(channel.await(Duration.ofMillis(50))).as("the second completion").isEmpty();
        } // closes although the report was given: it has been acknowledged
    }

    @Test
    void shouldWakeAWaiterWhenAQueueReports() throws Exception {
        try (CompletionQueue queue = context.createCompletionQueue(4, channel, 0)) {
            queue.requestNotification(false);
            CompletableFuture<Optional<CompletionQueue>> result = waiting(new AtomicReference<>());
            complete(queue);
            assertThat(result.get()).containsSame(queue);
        }
    }

    @Test
    void shouldForgetTheReportOfAQueueThatIsClosed() throws Exception {
        CompletionQueue queue = context.createCompletionQueue(4, channel, 0);
        queue.requestNotification(false);
        complete(queue);
        queue.close(); // does not wait for somebody to take the report
        assertThat(channel.await(Duration.ofMillis(50))).isEmpty();
    }

    @Test
    void shouldWakeAWaiterWhenItIsClosed() throws Exception {
        CompletableFuture<Optional<CompletionQueue>> result = waiting(new AtomicReference<>());
        channel.close();
        assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalStateException.class).hasMessageContaining(channel + " is closed");
        assertThatThrownBy(() -> channel.await(Duration.ZERO)).isInstanceOf(IllegalStateException.class);
        channel.close();
    }

    @Test
    void shouldNoticeAnInterruption() throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        CompletableFuture<Optional<CompletionQueue>> result = waiting(thread);
        thread.get().interrupt();
        assertThatThrownBy(result::get).hasCauseInstanceOf(InterruptedException.class);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void shouldRefuseToCloseUnderAQueue() throws Exception {
        try (CompletionQueue queue = context.createCompletionQueue(4, channel, 0)) {
            assertThatThrownBy(channel::close).isInstanceOfSatisfying(VerbsException.class,
                    e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY)).hasMessageContaining(queue.toString());
            queue.requestNotification(false);
            complete(queue);
            assertThat(channel.await(LONG)).as("it goes on working").containsSame(queue);
        }
    }

    @Test
    void shouldRefuseAChannelOfAnotherContext() {
        try (DeviceContext other = context.device().open()) {
            assertThatThrownBy(() -> other.createCompletionQueue(4, channel, 0)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(channel.toString());
        }
    }
}
