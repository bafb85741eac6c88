package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.Payload;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes and reads of the peer's memory, over a device: each with its payload checked on both sides. */
@RequiresDevice
class RdmaTransferTest {
    private static final int BYTES = 16384;
    private static final int INLINE = 64;

    private RcPair pair;
    private MemoryRegistration near;
    private MemoryRegistration far;
    private final SendWorkRequests requests = new SendWorkRequests(64, 3, INLINE);

    @BeforeEach
    void connect() {
        pair = RcPair.connected(options -> options.withElements(3, 1).withInline(INLINE), new ConnectOptions());
        near = pair.memory(BYTES);
        far = pair.memory(BYTES);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private void runToSuccess(CompletionOpcode opcode) {
        pair.post(requests);
        long last = requests.wrId(requests.size() - 1);
        assertThat(pair.expect(pair.requesterQueue, last, CompletionStatus.SUCCESS).opcode(0)).isEqualTo(opcode);
        requests.clear();
    }

    @Test
    void shouldWriteToThePeersMemoryAndNoByteBeside() {
        byte[] payload = Payload.fill(near.segment(), 1);
        requests.write(1).local(near, 3, 9001).remote(far, 777).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expectZero(far.segment(), 0, 777);
        Payload.expect(far.segment(), 777, Payload.part(payload, 3, 9001));
        Payload.expectZero(far.segment(), 777 + 9001, BYTES - 777 - 9001);
        Payload.expect(near.segment(), 0, payload);
        pair.expectNone(pair.responderQueue); // which hears nothing of it
    }

    @Test
    void shouldReadThePeersMemoryAndNoByteBeside() {
        byte[] payload = Payload.fill(far.segment(), 2);
        requests.read(1).local(near, 555, 9001).remote(far, 11).signaled();
        runToSuccess(CompletionOpcode.RDMA_READ);
        Payload.expectZero(near.segment(), 0, 555);
        Payload.expect(near.segment(), 555, Payload.part(payload, 11, 9001));
        Payload.expectZero(near.segment(), 555 + 9001, BYTES - 555 - 9001);
        Payload.expect(far.segment(), 0, payload);
        pair.expectNone(pair.responderQueue);
    }

    @Test
    void shouldReachMemoryThatIsNamedByAddressAndKey() {
        byte[] payload = Payload.fill(near.segment(), 1);
        requests.write(1).local(near, 0, 100).remote(far.address() + 8000, far.remoteKey()).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expect(far.segment(), 8000, Payload.part(payload, 0, 100));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5000})
    void shouldWriteAndCompleteAReceiveWithImmediateData(int length) {
        byte[] payload = Payload.fill(near.segment(), 3);
        MemoryRegistration untouched = pair.memory(64);
        pair.receive(22, untouched, 0, 64);
        requests.writeWithImmediate(11, 0xdeadbeef).local(near, 0, length).remote(far, 40).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        WorkCompletions received = pair.expect(pair.responderQueue, 22, CompletionStatus.SUCCESS);
        assertThat(received.opcode(0)).isEqualTo(CompletionOpcode.RECV_RDMA_WITH_IMM);
        assertThat(received.hasImmediate(0)).isTrue();
        assertThat(received.immediate(0)).isEqualTo(0xdeadbeef);
        assertThat(received.byteLength(0)).isEqualTo(length);
        Payload.expect(far.segment(), 40, Payload.part(payload, 0, length));
        Payload.expectZero(far.segment(), 40 + length, 64);
        Payload.expectZero(untouched.segment(), 0, 64);
    }

    @Test
    void shouldMoveNothingWithZeroLengthWhateverTheKey() {
        // The specification has no key checked for zero length (C9-88), so that of nothing will do.
        requests.write(1).remote(0x1000, 0x77).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        requests.read(2).local(near, 0, 0).remote(0x1000, 0x77).signaled();
        runToSuccess(CompletionOpcode.RDMA_READ);
        requests.write(3).inline(MemorySegment.ofArray(new byte[0]), 0, 0).remote(far, BYTES).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expectZero(near.segment(), 0, BYTES);
        Payload.expectZero(far.segment(), 0, BYTES);
    }

    @Test
    void shouldWriteInlineDataFromAnyMemory() {
        byte[] payload = Payload.of(4, INLINE);
        requests.write(1).inline(MemorySegment.ofArray(payload), 0, INLINE).remote(far, 1).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expect(far.segment(), 1, payload);
        Payload.expectZero(far.segment(), 1 + INLINE, 64);
    }

    @Test
    void shouldGatherAWriteAndScatterARead() {
        byte[] payload = Payload.fill(near.segment(), 5);
        requests.write(1).local(near, 9000, 5000).local(near, 1, 2).local(near, 0, 1).remote(far, 10).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expect(far.segment(), 10, Payload.part(payload, 9000, 5000));
        Payload.expect(far.segment(), 5010, new byte[] {payload[1], payload[2], payload[0]});

        byte[] there = Payload.fill(far.segment(), 6);
        requests.read(2).local(near, 9000, 1).local(near, 100, 4500).local(near, 0, 99).remote(far, 3).signaled();
        runToSuccess(CompletionOpcode.RDMA_READ);
        Payload.expect(near.segment(), 9000, Payload.part(there, 3, 1));
        Payload.expect(near.segment(), 100, Payload.part(there, 4, 4500));
        Payload.expect(near.segment(), 0, Payload.part(there, 4504, 99));
        Payload.expect(near.segment(), 99, Payload.part(payload, 99, 1));
        Payload.expect(near.segment(), 4600, Payload.part(payload, 4600, 4400));
    }

    @Test
    void shouldMoveMegabytes() {
        int length = (4 << 20) + 1;
        MemoryRegistration from = pair.memory(length + 3);
        MemoryRegistration to = pair.memory(length + 7);
        byte[] payload = Payload.fill(from.segment(), 7);
        requests.write(1).local(from, 3, length).remote(to, 5).signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        Payload.expect(to.segment(), 5, Payload.part(payload, 3, length));
        Payload.expectZero(to.segment(), 0, 5);
        Payload.expectZero(to.segment(), length + 5, 2);
        from.segment().fill((byte) 0);
        requests.read(2).local(from, 1, length).remote(to, 5).signaled();
        runToSuccess(CompletionOpcode.RDMA_READ);
        Payload.expect(from.segment(), 1, Payload.part(payload, 3, length));
        Payload.expectZero(from.segment(), length + 1, 2);
    }

    @ParameterizedTest
    @EnumSource(Mtu.class)
    void shouldMoveTheSameBytesInPacketsOfAnySize(Mtu mtu) {
        pair.reconnect(new ConnectOptions().pathMtu(mtu));
        assertThat(pair.requester.query().pathMtu()).isEqualTo(mtu);
        byte[] payload = Payload.fill(near.segment(), mtu.code());
        requests.write(1).local(near, 1, 10_000).remote(far, 2);
        requests.read(2).local(near, 0, 10_000).remote(far, 1).signaled();
        runToSuccess(CompletionOpcode.RDMA_READ);
        Payload.expect(far.segment(), 2, Payload.part(payload, 1, 10_000));
        Payload.expectZero(near.segment(), 0, 1);
        Payload.expect(near.segment(), 1, Payload.part(payload, 1, 9999));
    }

    /** What a fence is for: the send takes its data from memory that the read before it fills. Without one it would take old data. */
    @Test
    void shouldBeginAFencedRequestOnlyWhenTheReadBeforeHasItsData() {
        byte[] payload = Payload.fill(far.segment(), 8);
        MemoryRegistration received = pair.memory(BYTES);
        for (int i = 0; i < 50; i++) {
            near.segment().fill((byte) i);
            pair.receive(i, received, 0, BYTES);
            requests.read(100 + i).local(near, 0, BYTES).remote(far, 0);
            requests.send(200 + i).local(near, 0, BYTES).fenced().signaled();
            runToSuccess(CompletionOpcode.SEND);
            pair.expect(pair.responderQueue, i, CompletionStatus.SUCCESS);
            Payload.expect(received.segment(), 0, payload);
        }
    }

    @Test
    void shouldDoTheRequestsOfABatchInTheirOrder() {
        for (int i = 0; i < 64; i++) {
            near.segment().set(ValueLayout.JAVA_INT, 4L * i, i + 1);
            requests.write(i).local(near, 4L * i, 4).remote(far, 0); // all to the same place: the last one stays
        }
        requests.signaled();
        runToSuccess(CompletionOpcode.RDMA_WRITE);
        assertThat(far.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(64);
        pair.expectNone(pair.requesterQueue);
    }

    @Test
    void shouldDoTenThousandWritesInBatches() {
        int writes = 10_000;
        MemoryRegistration from = pair.memory(8L * writes);
        MemoryRegistration to = pair.memory(8L * writes);
        byte[] payload = Payload.fill(from.segment(), 9);
        WorkCompletions completions = new WorkCompletions(64);
        int made = 0;
        int completed = 0;
        long deadline = System.nanoTime() + 3 * RcPair.LIMIT.toNanos();
        while (completed < writes) {
            if (made < writes && made - completed <= 64) { // 128 fit
                requests.clear();
                for (int i = 0; i < 64 && made < writes; i++, made++) {
                    requests.write(made).local(from, 8L * made, 8).remote(to, 8L * made).signaled();
                }
                pair.post(requests);
            }
            pair.requesterQueue.poll(completions);
            for (int i = 0; i < completions.size(); i++, completed++) {
                if (!completions.isSuccess(i) || completions.wrId(i) != completed) {
                    throw new AssertionError("completion %d is %d, %s".formatted(completed, completions.wrId(i), completions.status(i)));
                }
            }
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
        Payload.expect(to.segment(), 0, payload);
        pair.expectNone(pair.requesterQueue);
    }
}
