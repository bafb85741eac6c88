package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.Payload;
import dev.daxverbs.testing.RcPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/** Closing twice, in a wrong order, and use after close: on a device. */
@RequiresDevice
class CloseOrderTest {
    private RcPair pair;

    @BeforeEach
    void open() {
        pair = RcPair.connected(Function.identity(), new ConnectOptions());
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static void refusesToClose(VerbsObject object, String call, VerbsObject... users) {
        assertThatThrownBy(object::close).isInstanceOfSatisfying(VerbsException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EBUSY);
            assertThat(e).hasMessageContainingAll(call, "EBUSY (16)", "close first");
            for (VerbsObject user : users) {
                assertThat(e).hasMessageContaining(user.toString());
            }
        });
        assertThat(object.isOpen()).isTrue();
    }

    @Test
    void shouldCloseADomainOnlyAfterWhatWasMadeFromIt() {
        MemoryRegistration registration = pair.memory(4096);
        refusesToClose(pair.domain, "ibv_dealloc_pd(", pair.requester, pair.responder, registration);
        pair.requester.close();
        pair.responder.close();
        refusesToClose(pair.domain, "ibv_dealloc_pd(", registration);
        assertThatThrownBy(pair.domain::close).hasMessageNotContaining("queue pair");
        registration.close();
        pair.domain.close();
        assertThat(pair.domain.isOpen()).isFalse();
    }

    @Test
    void shouldCloseACompletionQueueOnlyAfterItsQueuePairs() {
        try (QueuePair second = pair.domain.createQueuePair(QueuePairOptions.of(pair.requesterQueue)
                .withQueues(pair.responderQueue, pair.requesterQueue))) {
            refusesToClose(pair.requesterQueue, "ibv_destroy_cq(", pair.requester, second);
            refusesToClose(pair.responderQueue, "ibv_destroy_cq(", pair.responder, second);
            pair.requester.close();
            refusesToClose(pair.requesterQueue, "ibv_destroy_cq(", second);
        }
        pair.requesterQueue.close();
        refusesToClose(pair.responderQueue, "ibv_destroy_cq(", pair.responder);
    }

    @Test
    void shouldGoOnWorkingAfterItHasRefusedToClose() {
        MemoryRegistration memory = pair.memory(64);
        byte[] payload = Payload.fill(memory.segment().asSlice(0, 8), 1);
        refusesToClose(pair.domain, "ibv_dealloc_pd(");
        refusesToClose(pair.requesterQueue, "ibv_destroy_cq(");
        refusesToClose(pair.context, "ibv_close_device(");
        pair.run(new SendWorkRequests(1).write(1).local(memory, 0, 8).remote(memory, 8).signaled());
        Payload.expect(memory.segment(), 8, payload);
    }

    @Test
    void shouldCloseAContextOnlyAfterAnythingOfIt() {
        CompletionChannel channel = pair.context.createCompletionChannel();
        CompletionQueue reporting = pair.context.createCompletionQueue(1, channel, 0);
        refusesToClose(pair.context, "ibv_close_device(", pair.domain, pair.requesterQueue, pair.responderQueue, channel, reporting);
        refusesToClose(channel, "ibv_destroy_comp_channel(", reporting);
        reporting.close();
        channel.close();
        try (DeviceContext other = pair.context.device().open()) {
            for (VerbsObject only : new VerbsObject[] {other.allocateProtectionDomain(), other.createCompletionQueue(1),
                other.createCompletionChannel()}) {
                refusesToClose(other, "ibv_close_device(", only);
                only.close();
            }
        }
    }

    @Test
    void shouldCloseAgainWithoutHarm() {
        MemoryRegistration registration = pair.memory(4096);
        VerbsObject[] inOrder = {registration, pair.requester, pair.responder, pair.requesterQueue, pair.responderQueue, pair.domain,
            pair.context};
        for (VerbsObject object : inOrder) {
            object.close();
            object.close();
            assertThat(object.isOpen()).isFalse();
        }
        for (VerbsObject object : inOrder) {
            object.close();
            assertThat(object).asString().as("a closed object can still be named").isNotEmpty();
        }
    }

    @Test
    void shouldRefuseEveryUseAfterClose() {
        SendWorkRequests requests = new SendWorkRequests(1).write(1).remote(0, 0);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1);
        QueuePairAddress peer = pair.responder.address();
        pair.requester.close();
        refused(pair.requester, () -> pair.requester.postSend(requests));
        refused(pair.requester, () -> pair.requester.postReceive(receives));
        refused(pair.requester, pair.requester::query);
        refused(pair.requester, pair.requester::toError);
        refused(pair.requester, pair.requester::toReset);
        refused(pair.requester, () -> pair.requester.connect(peer));
        refused(pair.requester, () -> pair.requester.initialize(new ConnectOptions()));

        pair.requesterQueue.close();
        refused(pair.requesterQueue, () -> pair.requesterQueue.poll(new WorkCompletions(1)));
        refused(pair.requesterQueue, () -> pair.domain.createQueuePair(QueuePairOptions.of(pair.requesterQueue)));
        refused(pair.requesterQueue, () -> pair.domain.createQueuePair(QueuePairOptions.of(pair.responderQueue)
                .withQueues(pair.responderQueue, pair.requesterQueue)));

        pair.responder.close();
        pair.domain.close(); // the refused queue pairs hold nothing
        MemorySegment segment = Arena.ofAuto().allocate(64);
        refused(pair.domain, () -> pair.domain.register(segment, AccessFlag.LOCAL_WRITE));
        refused(pair.domain, () -> pair.domain.createQueuePair(QueuePairOptions.of(pair.responderQueue)));

        pair.responderQueue.close();
        pair.context.close();
        refused(pair.context, () -> pair.context.createCompletionQueue(1));
        refused(pair.context, pair.context::allocateProtectionDomain);
        refused(pair.context, pair.context::createCompletionChannel);
    }

    private static void refused(VerbsObject closed, Runnable use) {
        assertThatThrownBy(use::run).isInstanceOf(IllegalStateException.class).hasMessageContainingAll(closed.toString(), "is closed");
    }

    @Test
    void shouldKeepNothingOfWhatCouldNotBeMade() {
        QueuePairOptions tooMuch = QueuePairOptions.of(pair.requesterQueue).withElements(100_000, 1);
        assertThatThrownBy(() -> pair.domain.createQueuePair(tooMuch)).isInstanceOf(VerbsException.class);
        assertThatThrownBy(() -> pair.domain.register(NativeMemory.at(0x1000, 64))).isInstanceOf(VerbsException.class);
        assertThatThrownBy(() -> pair.context.createCompletionQueue(Integer.MAX_VALUE)).isInstanceOf(VerbsException.class);
        pair.requester.close();
        pair.responder.close();
        pair.domain.close();
        pair.requesterQueue.close();
        pair.responderQueue.close();
        pair.context.close();
        assertThat(pair.context.isOpen()).isFalse();
    }

    /** So it is with mappings. Memory of {@code Arena.allocate} goes back to malloc, which gives the same pages to the next who asks. */
    @Test
    void shouldKeepToThePagesOfAMappingThatIsUnmappedTooEarly() {
        MemoryRegistration source = pair.memory(4096);
        Payload.fill(source.segment(), 1);
        Arena arena = Arena.ofShared();
        MemorySegment segment = NativeMemory.repeated(1, arena);
        MemoryRegistration registration = pair.domain.register(segment, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE);
        arena.close();
        try (registration; Arena next = Arena.ofShared()) {
            MemorySegment mappedNext = NativeMemory.repeated(1, next);
            assertThat(mappedNext.address()).as("the kernel gives the same addresses again").isEqualTo(segment.address());
            pair.post(new SendWorkRequests(1).write(1).local(source, 0, 4096).remote(registration, 4096).signaled());
            pair.expect(pair.requesterQueue, 1, CompletionStatus.SUCCESS);
            Payload.expectZero(mappedNext, 0, 1 << 20);
        }
    }
}
