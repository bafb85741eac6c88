package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.Payload;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.MemorySegment;

/** Sends into receives, over a device. */
@RequiresDevice
class SendAndReceiveTest {
    private static final int BYTES = 8192;
    private static final int INLINE = 64;

    private RcPair pair;
    private MemoryRegistration source;
    private MemoryRegistration target;
    private byte[] payload;
    private final SendWorkRequests requests = new SendWorkRequests(16, 3, INLINE);
    private final ReceiveWorkRequests receives = new ReceiveWorkRequests(16, 3);

    @BeforeEach
    void connect() {
        pair = RcPair.connected(options -> options.withElements(3, 3).withInline(INLINE), new ConnectOptions());
        source = pair.memory(BYTES);
        target = pair.memory(BYTES);
        payload = Payload.fill(source.segment(), 1);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void shouldDeliverASendIntoAReceive() {
        pair.receive(22, target, 100, 2000);
        pair.post(requests.send(11).local(source, 7, 1501).signaled());

        WorkCompletions sent = pair.expect(pair.requesterQueue, 11, CompletionStatus.SUCCESS);
        assertThat(sent.opcode(0)).isEqualTo(CompletionOpcode.SEND);
        assertThat(sent.queuePairNumber(0)).isEqualTo(pair.requester.number());
        WorkCompletions received = pair.expect(pair.responderQueue, 22, CompletionStatus.SUCCESS);
        assertThat(received.opcode(0)).isEqualTo(CompletionOpcode.RECV);
        assertThat(received.byteLength(0)).isEqualTo(1501);
        assertThat(received.hasImmediate(0)).isFalse();
        assertThat(received.queuePairNumber(0)).isEqualTo(pair.responder.number());

        Payload.expect(target.segment(), 100, Payload.part(payload, 7, 1501));
        Payload.expectZero(target.segment(), 0, 100);
        Payload.expectZero(target.segment(), 1601, BYTES - 1601);
        Payload.expect(source.segment(), 0, payload);
    }

    @Test
    void shouldDeliverASendOfZeroLength() {
        pair.receive(1, target, 0, 0);
        pair.receive(2, target, 0, 100);
        requests.send(3).signaled();
        requests.send(4).local(source, 5, 0).signaled();
        pair.post(requests);
        pair.expect(pair.requesterQueue, 3, CompletionStatus.SUCCESS);
        pair.expect(pair.requesterQueue, 4, CompletionStatus.SUCCESS);
        assertThat(pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS).byteLength(0)).isZero();
        assertThat(pair.expect(pair.responderQueue, 2, CompletionStatus.SUCCESS).byteLength(0)).isZero();
        Payload.expectZero(target.segment(), 0, 100);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, -1, 0x01020304, Integer.MIN_VALUE})
    void shouldDeliverImmediateDataWithASend(int immediate) {
        pair.receive(1, target, 0, BYTES);
        pair.run(requests.sendWithImmediate(2, immediate).local(source, 0, 333).signaled());
        WorkCompletions received = pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS);
        assertThat(received.opcode(0)).isEqualTo(CompletionOpcode.RECV);
        assertThat(received.hasImmediate(0)).isTrue();
        assertThat(received.immediate(0)).isEqualTo(immediate);
        assertThat(received.byteLength(0)).isEqualTo(333);
        Payload.expect(target.segment(), 0, Payload.part(payload, 0, 333));
    }

    @Test
    void shouldGatherFromSeveralElementsAndScatterToSeveral() {
        pair.post(receives.receive(1).local(target, 4000, 1).local(target, 0, 1200).local(target, 2000, 900));
        pair.run(requests.send(2).local(source, 3000, 701).local(source, 10, 3).local(source, 100, 1296).signaled());
        assertThat(pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS).byteLength(0)).isEqualTo(2000);
        MemorySegment gathered = MemorySegment.ofArray(new byte[2000]);
        MemorySegment.copy(source.segment(), 3000, gathered, 0, 701);
        MemorySegment.copy(source.segment(), 10, gathered, 701, 3);
        MemorySegment.copy(source.segment(), 100, gathered, 704, 1296);
        byte[] message = (byte[]) gathered.heapBase().orElseThrow();
        Payload.expect(target.segment(), 4000, Payload.part(message, 0, 1));
        Payload.expect(target.segment(), 0, Payload.part(message, 1, 1200));
        Payload.expect(target.segment(), 2000, Payload.part(message, 1201, 799));
        Payload.expectZero(target.segment(), 2799, 1201);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, INLINE})
    void shouldSendInlineDataAsItWasWhenTheRequestWasMade(int length) {
        byte[] heap = Payload.of(7, INLINE + 5);
        pair.receive(1, target, 0, BYTES);
        requests.send(2).inline(MemorySegment.ofArray(heap), 5, length).signaled();
        byte[] expected = Payload.part(heap, 5, length);
        MemorySegment.ofArray(heap).fill((byte) 0); // before it is posted
        pair.run(requests);
        assertThat(pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS).byteLength(0)).isEqualTo(length);
        Payload.expect(target.segment(), 0, expected);
        Payload.expectZero(target.segment(), length, INLINE);
    }

    @Test
    void shouldKeepTheOrderOfABatchPostedAtOnce() {
        for (int i = 0; i < 16; i++) {
            receives.receive(100 + i).local(target, i * 100L, 100);
            requests.send(200 + i).local(source, i * 50L, 50 + i).signaled();
        }
        assertThat(pair.responder.postReceive(receives)).isEqualTo(16);
        assertThat(pair.requester.postSend(requests)).isEqualTo(16);
        for (int i = 0; i < 16; i++) {
            pair.expect(pair.requesterQueue, 200 + i, CompletionStatus.SUCCESS);
            assertThat(pair.expect(pair.responderQueue, 100 + i, CompletionStatus.SUCCESS).byteLength(0)).isEqualTo(50 + i);
            Payload.expect(target.segment(), i * 100L, Payload.part(payload, i * 50, 50 + i));
        }
        pair.expectNone(pair.requesterQueue);
        pair.expectNone(pair.responderQueue);
    }

    @Test
    void shouldCompleteNoRequestThatIsNotSignaled() {
        for (int i = 0; i < 4; i++) {
            receives.receive(i).local(target, i, 1);
            requests.send(10 + i).local(source, i, 1);
        }
        requests.signaled(); // the last one
        pair.post(receives);
        pair.post(requests);
        pair.expect(pair.requesterQueue, 13, CompletionStatus.SUCCESS);
        for (int i = 0; i < 4; i++) {
            pair.expect(pair.responderQueue, i, CompletionStatus.SUCCESS);
        }
        pair.expectNone(pair.requesterQueue);
        Payload.expect(target.segment(), 0, Payload.part(payload, 0, 4));
    }

    @Test
    void shouldRefillAListAsSoonAsItWasPosted() {
        byte[] expected = new byte[16 * INLINE];
        for (int i = 0; i < 16; i++) {
            pair.receive(i, target, (long) i * INLINE, INLINE);
        }
        for (int i = 0; i < 16; i++) {
            byte[] piece = Payload.of(30 + i, INLINE);
            System.arraycopy(piece, 0, expected, i * INLINE, INLINE);
            requests.clear();
            pair.post(requests.send(i).inline(MemorySegment.ofArray(piece), 0, INLINE).signaled());
        }
        for (int i = 0; i < 16; i++) {
            pair.expect(pair.responderQueue, i, CompletionStatus.SUCCESS);
        }
        Payload.expect(target.segment(), 0, expected);
    }

    @Test
    void shouldSendInBothDirections() {
        byte[] back = Payload.fill(target.segment().asSlice(4096), 2);
        pair.receive(1, target, 0, 4096);
        assertThat(pair.requester.postReceive(receives.receive(2).local(source, 4096, 4096))).isEqualTo(1);
        pair.post(requests.send(3).local(source, 0, 4096).signaled());
        assertThat(pair.responder.postSend(new SendWorkRequests(1).send(4).local(target, 4096, 4096).signaled())).isEqualTo(1);
        assertThat(wrIds(pair.requesterQueue)).containsExactlyInAnyOrder(2L, 3L);
        assertThat(wrIds(pair.responderQueue)).containsExactlyInAnyOrder(1L, 4L);
        Payload.expect(target.segment(), 0, Payload.part(payload, 0, 4096));
        Payload.expect(source.segment(), 4096, back);
    }

    private long[] wrIds(CompletionQueue queue) {
        long[] ids = new long[2];
        for (int i = 0; i < ids.length; i++) {
            WorkCompletions next = pair.next(queue);
            assertThat(next.status(0)).isEqualTo(CompletionStatus.SUCCESS);
            ids[i] = next.wrId(0);
        }
        return ids;
    }

    @Test
    void shouldPollSeveralCompletionsIntoOneFlyweightAgainAndAgain() {
        for (int i = 0; i < 5; i++) {
            receives.receive(i).local(target, 0, BYTES);
        }
        pair.post(receives);
        pair.run(requests.send(1).local(source, 0, 10).send(2).local(source, 0, 20).send(3).local(source, 0, 30)
                .send(4).local(source, 0, 40).send(5).local(source, 0, 50).signaled()); // when it completes, so have all receives
        WorkCompletions completions = new WorkCompletions(3);
        assertThat(pair.responderQueue.poll(completions)).isEqualTo(3).isEqualTo(completions.size());
        for (int i = 0; i < 3; i++) {
            assertThat(completions.wrId(i)).isEqualTo(i);
            assertThat(completions.byteLength(i)).isEqualTo(10 * (i + 1));
        }
        assertThat(pair.responderQueue.poll(completions)).isEqualTo(2);
        assertThat(completions.wrId(0)).isEqualTo(3);
        assertThat(completions.wrId(1)).isEqualTo(4);
        assertThatThrownBy(() -> completions.wrId(2)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("size=2");
        assertThat(pair.responderQueue.poll(completions)).isZero();
        assertThatThrownBy(() -> completions.wrId(0)).as("what it had is gone").isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldDeliverAMessageOfManyPackets() {
        int length = (3 << 20) + 13;
        MemoryRegistration from = pair.memory(length);
        MemoryRegistration to = pair.memory(length + 10);
        byte[] expected = Payload.fill(from.segment(), 3);
        pair.receive(1, to, 5, length);
        pair.run(requests.send(2).local(from, 0, length).signaled());
        assertThat(pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS).byteLength(0)).isEqualTo(length);
        Payload.expect(to.segment(), 5, expected);
        Payload.expectZero(to.segment(), 0, 5);
        Payload.expectZero(to.segment(), length + 5, 5);
    }

    @Test
    void shouldDeliverIntoAReceiveThatWasPostedBeforeThePeerWasKnown() {
        pair.requester.toReset();
        pair.responder.toReset();
        pair.responder.initialize(new ConnectOptions());
        pair.receive(1, target, 0, BYTES);
        pair.connect(new ConnectOptions());
        pair.run(requests.send(2).local(source, 0, 64).signaled());
        pair.expect(pair.responderQueue, 1, CompletionStatus.SUCCESS);
        Payload.expect(target.segment(), 0, Payload.part(payload, 0, 64));
    }

    @Test
    void shouldCompleteEveryRequestOfAQueuePairMadeSo() {
        try (RcPair all = RcPair.connected(options -> options.withAllSignaled(true), new ConnectOptions())) {
            all.receive(1, all.memory(64), 0, 64);
            all.receive(2, all.memory(64), 0, 64);
            all.post(new SendWorkRequests(2).send(3).send(4));
            all.expect(all.requesterQueue, 3, CompletionStatus.SUCCESS);
            all.expect(all.requesterQueue, 4, CompletionStatus.SUCCESS);
        }
    }
}
