package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Completion queues that report through a channel: what makes an event, and what does not, on a device. */
@RequiresDevice
class CompletionEventsTest {
    /** Long enough for an event that should not come. */
    private static final Duration A_WHILE = Duration.ofMillis(300);

    private RcPair pair;
    private CompletionChannel channel;
    private CompletionQueue queue;
    private QueuePair queuePair;
    private final SendWorkRequests requests = new SendWorkRequests(4);

    /** A queue pair whose queue reports, as the peer of one whose queue does not. */
    @BeforeEach
    void open() {
        pair = RcPair.unconnected(Function.identity());
        channel = pair.context.createCompletionChannel();
        queue = pair.context.createCompletionQueue(64, channel, 0);
        queuePair = pair.domain.createQueuePair(QueuePairOptions.of(queue));
        queuePair.connect(pair.requester.address());
        pair.requester.connect(queuePair.address());
    }

    @AfterEach
    void close() {
        queuePair.close();
        queue.close();
        channel.close();
        pair.close();
    }

    private void receives(int count) {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(count);
        for (int i = 0; i < count; i++) {
            receives.receive(i);
        }
        assertThat(queuePair.postReceive(receives)).isEqualTo(count);
    }

    /** Sends to the queue pair, and waits until that is done. */
    private void send(boolean solicited) {
        requests.clear();
        requests.send(9).signaled();
        if (solicited) {
            requests.solicited();
        }
        pair.post(requests);
        pair.expect(pair.requesterQueue, 9, CompletionStatus.SUCCESS);
    }

    private void expectEvent() throws InterruptedException {
        assertThat(channel.await(RcPair.LIMIT)).containsSame(queue);
    }

    private void expectNoEvent() throws InterruptedException {
        assertThat(channel.await(A_WHILE)).isEmpty();
    }

    @Test
    void shouldReportOnceForEachTimeItIsAskedTo() throws InterruptedException {
        receives(6);
        send(false);
        expectNoEvent(); // nobody has asked
        pair.expect(queue, 0, CompletionStatus.SUCCESS);

        queue.requestNotification(false);
        pair.expectNone(queue);
        send(false);
        expectEvent();
        pair.expect(queue, 1, CompletionStatus.SUCCESS);
        send(false);
        expectNoEvent(); // not asked again
        pair.expect(queue, 2, CompletionStatus.SUCCESS);

        queue.requestNotification(false);
        send(false);
        send(false);
        expectEvent();
        expectNoEvent(); // one event for both
        pair.expect(queue, 3, CompletionStatus.SUCCESS);
        pair.expect(queue, 4, CompletionStatus.SUCCESS);
        pair.expectNone(queue);
    }

    @Test
    void shouldNotReportWhatArrivedBeforeItWasAsked() throws InterruptedException {
        receives(1);
        send(false);
        queue.requestNotification(false);
        expectNoEvent();
        pair.expect(queue, 0, CompletionStatus.SUCCESS); // which is why one polls once more after asking
    }

    @Test
    void shouldReportSolicitedMessagesOnlyIfAskedForThose() throws InterruptedException {
        receives(3);
        queue.requestNotification(true);
        send(false);
        expectNoEvent();
        send(true);
        expectEvent();
        queue.requestNotification(false);
        send(true);
        expectEvent();
    }

    /** The specification counts a completion with an error as a solicited one (11.4.2.2). rxe does not, when it flushes. */
    @Test
    void shouldNotReportFlushesOnRxeToThoseWhoAskForSolicitedMessagesOnly() throws InterruptedException {
        receives(1);
        queue.requestNotification(true);
        queuePair.toError();
        expectNoEvent();
        pair.expect(queue, 0, CompletionStatus.WR_FLUSH_ERR);
    }

    @Test
    void shouldReportFlushesToThoseWhoAskForEverything() throws InterruptedException {
        receives(1);
        queue.requestNotification(false);
        queuePair.toError();
        expectEvent();
        pair.expect(queue, 0, CompletionStatus.WR_FLUSH_ERR);
    }

    @Test
    void shouldReportWhatTheQueuePairSendsAsWell() throws InterruptedException {
        queue.requestNotification(false);
        queuePair.postSend(requests.write(1).remote(0, 0).signaled());
        expectEvent();
        pair.expect(queue, 1, CompletionStatus.SUCCESS);
    }

    @Test
    void shouldWakeAThreadThatWaits() throws Exception {
        receives(1);
        queue.requestNotification(false);
        CompletableFuture<CompletionQueue> reported = CompletableFuture.supplyAsync(() -> {
            try {
                return channel.await(RcPair.LIMIT).orElseThrow();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        Thread.sleep(50);
        assertThat(reported).isNotDone();
        send(false);
        assertThat(reported.get(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS)).isSameAs(queue);
    }

    @Test
    void shouldTellWhichOfTheQueuesOfAChannelReports() throws InterruptedException {
        try (CompletionQueue second = pair.context.createCompletionQueue(8, channel, 0);
                QueuePair other = pair.domain.createQueuePair(QueuePairOptions.of(second))) {
            other.connect(pair.responder.address());
            pair.responder.connect(other.address());
            queue.requestNotification(false);
            second.requestNotification(false);
            other.postSend(requests.write(1).remote(0, 0).signaled());
            assertThat(channel.await(RcPair.LIMIT)).containsSame(second);
            queuePair.postSend(requests);
            expectEvent();
            expectNoEvent();
        }
    }

    @Test
    void shouldCloseWithAnEventThatNobodyHasTaken() throws InterruptedException {
        CompletionQueue second = pair.context.createCompletionQueue(8, channel, 0);
        try (second; QueuePair other = pair.domain.createQueuePair(QueuePairOptions.of(second))) {
            other.connect(pair.responder.address());
            pair.responder.connect(other.address());
            second.requestNotification(false);
            other.postSend(requests.write(1).remote(0, 0).signaled());
            pair.expect(second, 1, CompletionStatus.SUCCESS);
        }
        assertThat(second.isOpen()).isFalse();
        expectNoEvent();
        queue.requestNotification(false);
        queuePair.postSend(requests);
        expectEvent(); // the channel goes on
    }

    @Test
    void shouldSayThatAQueueHasNoChannel() {
        assertThatThrownBy(() -> pair.requesterQueue.requestNotification(false)).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll(pair.requesterQueue.toString(), "no completion channel");
    }

    @Test
    void shouldRefuseToAskAClosedQueue() {
        CompletionQueue closed = pair.context.createCompletionQueue(8, channel, 0);
        closed.close();
        assertThatThrownBy(() -> closed.requestNotification(false)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
    }
}
