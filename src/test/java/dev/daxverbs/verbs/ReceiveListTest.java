package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.ibverbs.ibv_recv_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.NativeMemory;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.foreign.MemorySegment;

/** Lists of receives, and of completions: what they refuse, and the native structures that they make. Needs no device. */
class ReceiveListTest {
    private static final FakeMemory MEMORY = new FakeMemory(0x10000, 4096);
    private static final FakeMemory HUGE = new FakeMemory(0x10000, 1L << 40);
    private static final FakeMemory MOVING = new FakeMemory(0x70000, 4096, 0, 0, false);

    @BeforeAll
    static void needsTheLibrary() { // for its constants
        Ibverbs.missing().ifPresent(Guest::skip);
    }

    @Test
    void shouldRefuseACapacityThatHoldsNothing() {
        assertThatThrownBy(() -> new ReceiveWorkRequests(0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("capacity=0");
        assertThatThrownBy(() -> new ReceiveWorkRequests(1, 0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxElements=0");
        assertThatThrownBy(() -> new WorkCompletions(0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("capacity=0");
    }

    @Test
    void shouldRefuseWhatTheListHasNoRoomFor() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1, 2);
        assertThatThrownBy(() -> receives.local(MEMORY, 0, 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no request has begun");
        receives.receive(1).local(MEMORY, 0, 1).local(MEMORY, 1, 1);
        assertThatThrownBy(() -> receives.local(MEMORY, 2, 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("request 0", "2 elements");
        assertThatThrownBy(() -> receives.receive(2)).isInstanceOf(IllegalStateException.class).hasMessageContaining("capacity=1");
        assertThat(receives.size()).isEqualTo(receives.capacity()).isEqualTo(1);
        assertThatThrownBy(() -> receives.check(new QueuePairCapabilities(8, 8, 8, 1, 0))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("2 elements", "max_recv_sge=1");
        receives.clear();
        assertThat(receives.size()).isZero();
        receives.receive(3).check(new QueuePairCapabilities(8, 8, 8, 0, 0)); // nothing remembered of before
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, -1", "4096, 1", "4097, 0", "1, 4096", "9223372036854775807, 1", "1, 9223372036854775807",
        "9223372036854775807, 9223372036854775807", "-9223372036854775808, 1", "0, -9223372036854775808"})
    void shouldRefuseARangeThatIsNotWithinTheMemory(long offset, long length) {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1);
        assertThatThrownBy(() -> receives.local(MEMORY, offset, length)).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContainingAll("offset=" + offset, "lengthBytes=" + length, "FakeMemory");
        assertThat(ibv_recv_wr.num_sge(request(receives, 0))).isZero();
    }

    @Test
    void shouldKnowWhetherItNamesMemoryWhoseKeysMove() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(2).receive(1).local(MEMORY, 0, 1);
        assertThat(receives.hasMovingKeys()).isFalse();
        receives.receive(2).local(MOVING, 5, 7);
        assertThat(receives.hasMovingKeys()).isTrue();
        assertThat(receives.localMemory(1, 0)).isSameAs(MOVING);
        assertThat(receives.localAddress(1, 0)).isEqualTo(MOVING.address() + 5);
        assertThat(receives.localLength(1, 0)).isEqualTo(7);
        receives.redirect(1, 0, 4711, 12);
        assertThat(receives.localAddress(1, 0)).isEqualTo(4711);
        receives.clear();
        assertThat(receives.hasMovingKeys()).isFalse();
    }

    @Test
    void shouldRefuseMoreThanAMessageCanHave() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1);
        assertThatThrownBy(() -> receives.local(HUGE, 0, (1L << 31) + 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lengthBytes=2147483649");
        receives.local(HUGE, 1L << 39, 1L << 31);
        assertThat(ibv_sge.length(element(receives))).isEqualTo(Integer.MIN_VALUE);
        assertThat(ibv_sge.addr(element(receives))).isEqualTo(HUGE.address() + (1L << 39));
        assertThat(ibv_sge.lkey(element(receives))).isEqualTo(HUGE.localKey());
    }

    private static MemorySegment request(ReceiveWorkRequests receives, int index) {
        return NativeMemory.at(receives.requestAddress(index), ibv_recv_wr.sizeof());
    }

    private static MemorySegment element(ReceiveWorkRequests receives) {
        return NativeMemory.at(ibv_recv_wr.sg_list(request(receives, 0)).address(), ibv_sge.sizeof());
    }

    @Test
    void shouldLeaveOutAnElementOfZeroLength() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1).local(MEMORY, 0, 0).local(MEMORY, 4096, 0).local(MEMORY, 1, 2);
        assertThat(ibv_recv_wr.num_sge(request(receives, 0))).isEqualTo(1);
        assertThat(ibv_sge.length(element(receives))).isEqualTo(2);
    }

    @Test
    void shouldChainTheRequestsAndJoinThemAgainAfterACut() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(3).receive(1).receive(2).receive(3);
        receives.endAfter(1);
        assertThat(ibv_recv_wr.next(request(receives, 0))).isEqualTo(MemorySegment.NULL);
        receives.endAfter(2);
        assertThat(ibv_recv_wr.next(request(receives, 0)).address()).isEqualTo(receives.requestAddress(1));
        assertThat(ibv_recv_wr.next(request(receives, 1))).isEqualTo(MemorySegment.NULL);
        receives.setWrId(2, 33);
        assertThat(receives.wrId(2)).isEqualTo(33);
        assertThat(receives.indexOf(receives.requestAddress(2))).isEqualTo(2);
        assertThatThrownBy(() -> receives.wrId(3)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("size=3");
    }

    @Test
    void shouldKeepCompletionsThatAreAppendedMovedAndRenumbered() {
        WorkCompletions completions = new WorkCompletions(2);
        completions.append(1, CompletionStatus.FILE_TRUNCATED, 17);
        completions.append(2, CompletionStatus.WR_FLUSH_ERR, 18);
        assertThatThrownBy(() -> completions.append(3, CompletionStatus.SUCCESS, 0)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("capacity=2");
        WorkCompletions copy = new WorkCompletions(1);
        copy.append(completions, 0);
        assertThatThrownBy(() -> copy.append(completions, 1)).isInstanceOf(IllegalStateException.class);
        completions.move(1, 0);
        completions.setWrId(0, 22);
        completions.truncate(1);
        assertThat(completions.size()).isEqualTo(1);
        assertThat(completions.wrId(0)).isEqualTo(22);
        assertThat(completions.status(0)).isEqualTo(CompletionStatus.WR_FLUSH_ERR);
        assertThat(completions.queuePairNumber(0)).isEqualTo(18);
        assertThat(completions.isSuccess(0)).isFalse();
        assertThat(copy.wrId(0)).isEqualTo(1);
        assertThat(copy.status(0)).isEqualTo(CompletionStatus.FILE_TRUNCATED);
        assertThat(copy.queuePairNumber(0)).isEqualTo(17);
        assertThatThrownBy(() -> completions.wrId(1)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("size=1");
        assertThatThrownBy(() -> completions.truncate(2)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("newSize=2");
        completions.clear();
        assertThatThrownBy(() -> completions.status(0)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("size=0");
    }
}
