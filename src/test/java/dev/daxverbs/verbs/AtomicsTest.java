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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.ValueLayout;
import java.util.EnumSet;

/** Compare-and-swap and fetch-and-add, over a device. */
@RequiresDevice
class AtomicsTest {
    private static final long BEFORE = 0x1111_2222_3333_4444L;
    private static final long BESIDE = 0x5555_5555_5555_5555L;

    private RcPair pair;
    private MemoryRegistration old;
    private MemoryRegistration word;
    private final SendWorkRequests requests = new SendWorkRequests(4);

    @BeforeEach
    void connect() {
        pair = RcPair.connected();
        old = pair.memory(64);
        word = pair.memory(64);
        old.segment().fill((byte) 0x55);
        word.segment().fill((byte) 0x55);
        set(word, 8, BEFORE);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static void set(MemoryRegistration memory, long offset, long value) {
        memory.segment().set(ValueLayout.JAVA_LONG, offset, value);
    }

    private static long get(MemoryRegistration memory, long offset) {
        return memory.segment().get(ValueLayout.JAVA_LONG, offset);
    }

    private void run(CompletionOpcode opcode) {
        pair.post(requests);
        assertThat(pair.expect(pair.requesterQueue, 1, CompletionStatus.SUCCESS).opcode(0)).isEqualTo(opcode);
        assertThat(get(old, 16)).as("the old value").isEqualTo(BEFORE);
        for (long beside : new long[] {0, 16}) {
            assertThat(get(word, beside)).as("the word at %d", beside).isEqualTo(BESIDE);
        }
        assertThat(get(old, 8)).isEqualTo(BESIDE);
        assertThat(get(old, 24)).isEqualTo(BESIDE);
        pair.expectNone(pair.responderQueue);
    }

    @Test
    void shouldSwapWhenTheValueIsTheExpectedOne() {
        requests.compareAndSwap(1, BEFORE, 0x0102_0304_0506_0708L).local(old, 16, 8).remote(word, 8).signaled();
        run(CompletionOpcode.COMP_SWAP);
        assertThat(get(word, 8)).isEqualTo(0x0102_0304_0506_0708L);
    }

    @ParameterizedTest
    @ValueSource(longs = {BEFORE + 1, 0, -1, 0x4444_3333_2222_1111L, BEFORE ^ 1L << 63})
    void shouldNotSwapWhenTheValueIsAnother(long expected) {
        requests.compareAndSwap(1, expected, 7).local(old, 16, 8).remote(word, 8).signaled();
        run(CompletionOpcode.COMP_SWAP);
        assertThat(get(word, 8)).isEqualTo(BEFORE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0x0000_0001_0000_0000L})
    void shouldAddAndGiveTheValueOfBefore(long addend) {
        requests.fetchAndAdd(1, addend).local(old, 16, 8).remote(word, 8).signaled();
        run(CompletionOpcode.FETCH_ADD);
        assertThat(get(word, 8)).isEqualTo(BEFORE + addend);
    }

    @Test
    void shouldLoseNoAdditionOfTwoSides() {
        set(word, 8, 0);
        MemoryRegistration otherOld = pair.memory(8);
        SendWorkRequests mine = new SendWorkRequests(16);
        SendWorkRequests theirs = new SendWorkRequests(16);
        for (int i = 0; i < 16; i++) {
            mine.fetchAndAdd(i, 1).local(old, 0, 8).remote(word, 8);
            theirs.fetchAndAdd(i, 1).local(otherOld, 0, 8).remote(word, 8);
        }
        mine.signaled();
        theirs.signaled();
        for (int i = 0; i < 16; i++) {
            assertThat(pair.requester.postSend(mine)).isEqualTo(16);
            assertThat(pair.responder.postSend(theirs)).isEqualTo(16);
            pair.expect(pair.requesterQueue, 15, CompletionStatus.SUCCESS);
            pair.expect(pair.responderQueue, 15, CompletionStatus.SUCCESS);
        }
        assertThat(get(word, 8)).isEqualTo(512);
    }

    /**
     * The specification has the responder answer NAK "invalid request" (C9-104), which completes with {@code REM_INV_REQ_ERR} and stops the
     * queue pair. rxe's provider looks at the address itself and refuses to post it.
     */
    @ParameterizedTest
    @CsvSource({"1, true", "4, true", "12, false", "7, false"})
    void shouldBeRefusedWhenPostedToRxeIfTheAddressIsMisaligned(int offset, boolean swap) {
        requests.write(1).local(old, 0, 8).remote(word, 0).signaled();
        if (swap) {
            requests.compareAndSwap(2, 0, 1);
        } else {
            requests.fetchAndAdd(2, 1);
        }
        requests.local(old, 16, 8).remote(word, offset).signaled();
        requests.write(3).local(old, 0, 8).remote(word, 8).signaled();
        assertThatThrownBy(() -> pair.requester.postSend(requests)).isInstanceOfSatisfying(PostException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e.posted()).isEqualTo(1);
            assertThat(e).hasMessageContainingAll("ibv_post_send", "request 1", "wr_id=2", "opcode=ATOMIC_", "num_sge=1", "EINVAL (22)");
        });
        pair.expect(pair.requesterQueue, 1, CompletionStatus.SUCCESS);
        // Nothing stops: the third request can be posted from the list as it is.
        assertThat(pair.requester.postSend(requests, 2)).isEqualTo(1);
        pair.expect(pair.requesterQueue, 3, CompletionStatus.SUCCESS);
        pair.expectNone(pair.requesterQueue);
        assertThat(get(word, 8)).isEqualTo(BESIDE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldFailWithoutTheRightToAtomics(boolean swap) {
        MemoryRegistration closed = pair.memory(64, EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ));
        if (swap) {
            requests.compareAndSwap(1, 0, 1);
        } else {
            requests.fetchAndAdd(1, 1);
        }
        pair.post(requests.local(old, 0, 8).remote(closed, 0).signaled());
        pair.expect(pair.requesterQueue, 1, CompletionStatus.REM_ACCESS_ERR);
        assertThat(get(closed, 0)).isZero();
        assertThat(get(old, 0)).isEqualTo(BESIDE);
    }
}
