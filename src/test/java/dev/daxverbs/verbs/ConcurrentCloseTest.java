package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Closing under a thread that posts or polls without pause: it gets an exception, and nothing worse. On a device. */
@RequiresDevice
class ConcurrentCloseTest {
    private static final int TIMES = 50;

    private RcPair pair;

    @BeforeEach
    void open() {
        pair = RcPair.unconnected(Function.identity());
    }

    @AfterEach
    void close() {
        pair.close();
    }

    /** Runs a use in a loop on another thread, closes, and expects that the loop ends with an exception that says why. */
    private static void closeUnder(VerbsObject object, Runnable use) throws Exception {
        CountDownLatch running = new CountDownLatch(20);
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            long deadline = System.nanoTime() + RcPair.LIMIT.toNanos();
            try {
                while (System.nanoTime() - deadline < 0) {
                    use.run();
                    running.countDown();
                }
                ended.complete(new AssertionError("still running after " + RcPair.LIMIT));
            } catch (Throwable t) {
                ended.complete(t);
            }
        });
        if (!running.await(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("does not run", ended.getNow(null));
        }
        object.close();
        Throwable end = ended.get(2 * RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(end).isExactlyInstanceOf(IllegalStateException.class).hasMessage(object + " is closed");
    }

    @Test
    void shouldEndAThreadThatPostsSends() throws Exception {
        for (int i = 0; i < TIMES; i++) {
            QueuePair closing = connected();
            MemoryRegistration memory = pair.memory(64);
            SendWorkRequests requests = new SendWorkRequests(2).write(1).local(memory, 0, 8).remote(memory, 8).write(2).remote(0, 0);
            closeUnder(closing, () -> closing.postSend(requests)); // a full queue is 0
            memory.close();
        }
    }

    @Test
    void shouldEndAThreadThatPostsReceives() throws Exception {
        for (int i = 0; i < TIMES; i++) {
            QueuePair closing = connected();
            ReceiveWorkRequests receives = new ReceiveWorkRequests(2).receive(1).receive(2);
            closeUnder(closing, () -> closing.postReceive(receives));
        }
    }

    /** Connected to itself. */
    private QueuePair connected() {
        QueuePair queuePair = pair.domain.createQueuePair(QueuePairOptions.of(pair.requesterQueue));
        queuePair.connect(queuePair.address());
        return queuePair;
    }

    @Test
    void shouldEndAThreadThatPolls() throws Exception {
        for (int i = 0; i < TIMES; i++) {
            CompletionQueue closing = pair.context.createCompletionQueue(16);
            WorkCompletions completions = new WorkCompletions(4);
            closeUnder(closing, () -> closing.poll(completions));
        }
    }

    @Test
    void shouldEndAThreadThatQueries() throws Exception {
        for (int i = 0; i < 5; i++) {
            QueuePair closing = connected();
            closeUnder(closing, closing::query);
        }
    }
}
