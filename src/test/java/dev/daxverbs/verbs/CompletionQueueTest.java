package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Completion queues: their sizes, and polling, on a device. */
@RequiresDevice
class CompletionQueueTest {
    private RcPair pair;

    @BeforeEach
    void open() {
        pair = RcPair.unconnected(Function.identity());
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 100, 4096})
    void shouldHoldAtLeastAsManyAsAreAskedFor(int entries) {
        try (CompletionQueue queue = pair.context.createCompletionQueue(entries)) {
            assertThat(queue.entries()).isGreaterThanOrEqualTo(entries);
            assertThat(queue.context()).isSameAs(pair.context);
            assertThat(queue.poll(new WorkCompletions(1))).isZero();
            assertThat(queue).asString().contains("completion queue", pair.context.device().name());
        }
    }

    @Test
    void shouldHoldAsManyAsTheDeviceCanAndRefuseMore() {
        int most = pair.context.attributes().maxCqe();
        pair.context.createCompletionQueue(most).close();
        for (int entries : new int[] {most + 1, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> pair.context.createCompletionQueue(entries)).isInstanceOfSatisfying(VerbsException.class, e -> {
                assertThat(e.errno()).isEqualTo(Errno.EINVAL);
                assertThat(e).hasMessageContainingAll("ibv_create_cq(cqe=" + entries, "EINVAL (22)", "max_cqe=" + most);
            });
        }
    }

    @Test
    void shouldRefuseNoEntriesAndAVectorThatIsNotThere() {
        for (int entries : new int[] {0, -1}) {
            assertThatThrownBy(() -> pair.context.createCompletionQueue(entries)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cqe=" + entries);
        }
        try (CompletionChannel channel = pair.context.createCompletionChannel()) {
            for (int vector : new int[] {-1, pair.context.completionVectors()}) {
                assertThatThrownBy(() -> pair.context.createCompletionQueue(1, channel, vector)).isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("comp_vector=" + vector);
            }
            pair.context.createCompletionQueue(1, channel, pair.context.completionVectors() - 1).close();
        } // and it closes: what was refused holds nothing
    }

    @Test
    void shouldServeAQueuePairWithRoomForOneCompletion() {
        try (CompletionQueue one = pair.context.createCompletionQueue(1);
                QueuePair queuePair = pair.domain.createQueuePair(QueuePairOptions.of(one))) {
            queuePair.connect(pair.responder.address());
            pair.responder.connect(queuePair.address());
            MemoryRegistration memory = pair.memory(64);
            SendWorkRequests requests = new SendWorkRequests(1);
            for (int i = 0; i < 20; i++) {
                requests.clear();
                queuePair.postSend(requests.write(i).local(memory, 0, 8).remote(memory, 8).signaled());
                pair.expect(one, i, CompletionStatus.SUCCESS);
                pair.expectNone(one);
            }
        }
    }

    @Test
    void shouldReportThatACompletionFoundNoRoom() throws InterruptedException {
        try (CompletionQueue one = pair.context.createCompletionQueue(1);
                QueuePair queuePair = pair.domain.createQueuePair(QueuePairOptions.of(one))) {
            queuePair.connect(pair.responder.address());
            pair.responder.connect(queuePair.address());
            SendWorkRequests requests = new SendWorkRequests(8);
            for (int i = 0; i < 8; i++) {
                requests.write(i).remote(0, 0).signaled();
            }
            queuePair.postSend(requests);
            Optional<AsyncEvent> event = pair.context.awaitAsyncEvent(RcPair.LIMIT);
            assertThat(event).map(AsyncEvent::type).contains(AsyncEventType.CQ_ERR);
        } // and both close
    }

    @Test
    void shouldGiveAtMostACapacityAtOnceOldestFirst() {
        pair.connect(new ConnectOptions());
        MemoryRegistration memory = pair.memory(64);
        SendWorkRequests requests = new SendWorkRequests(10);
        for (int i = 0; i < 10; i++) {
            requests.write(i).local(memory, 0, 8).remote(memory, 8).signaled();
        }
        pair.post(requests);
        WorkCompletions completions = new WorkCompletions(4);
        long next = 0;
        long deadline = System.nanoTime() + RcPair.LIMIT.toNanos();
        while (next < 10) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            int count = pair.requesterQueue.poll(completions);
            assertThat(count).isBetween(0, 4).isEqualTo(completions.size());
            for (int i = 0; i < count; i++) {
                assertThat(completions.wrId(i)).isEqualTo(next++);
            }
        }
    }

    @Test
    void shouldTellWhichOfItsQueuePairsACompletionIsOf() {
        Map<Integer, Long> seen = new HashMap<>();
        try (QueuePair first = pair.domain.createQueuePair(QueuePairOptions.of(pair.requesterQueue));
                QueuePair second = pair.domain.createQueuePair(QueuePairOptions.of(pair.requesterQueue))) {
            first.connect(second.address());
            second.connect(first.address());
            first.postSend(new SendWorkRequests(1).write(100).remote(0, 0).signaled());
            second.postSend(new SendWorkRequests(1).write(200).remote(0, 0).signaled());
            for (int i = 0; i < 2; i++) {
                WorkCompletions next = pair.next(pair.requesterQueue);
                seen.put(next.queuePairNumber(0), next.wrId(0));
            }
            assertThat(seen).containsExactlyInAnyOrderEntriesOf(Map.of(first.number(), 100L, second.number(), 200L));
        }
    }

    @Test
    void shouldTakeReceivesAndSendsApartIfToldTo() {
        try (CompletionQueue sends = pair.context.createCompletionQueue(8); CompletionQueue receives = pair.context.createCompletionQueue(8);
                QueuePair queuePair = pair.domain.createQueuePair(QueuePairOptions.of(sends).withQueues(sends, receives))) {
            queuePair.connect(pair.responder.address());
            pair.responder.connect(queuePair.address());
            queuePair.postReceive(new ReceiveWorkRequests(1).receive(1));
            pair.responder.postSend(new SendWorkRequests(1).send(2));
            pair.expect(receives, 1, CompletionStatus.SUCCESS);
            queuePair.postSend(new SendWorkRequests(1).write(3).remote(0, 0).signaled());
            pair.expect(sends, 3, CompletionStatus.SUCCESS);
            pair.expectNone(receives);
        }
    }
}
