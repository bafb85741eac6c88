package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.NativeMemory;
import dev.daxverbs.testing.Payload;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Lists of send work requests: what they refuse, and the native structures that they make. Needs no device. */
class WorkRequestListTest {
    private static final FakeMemory MEMORY = new FakeMemory(0x10000, 4096);
    private static final FakeMemory OTHER = new FakeMemory(0x90000, 64, 0x3333, 0x4444, true);
    private static final FakeMemory HUGE = new FakeMemory(0x10000, Long.MAX_VALUE - 0x20000);
    private static final FakeMemory MOVING = new FakeMemory(0x70000, 4096, 0, 0, false);
    private static final int INLINE_FLAG = 8;

    @BeforeAll
    static void needsTheLibrary() { // for its constants
        Ibverbs.missing().ifPresent(Guest::skip);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 0", "-1, 1, 0", "1, 0, 0", "1, -1, 0", "1, 1, -1"})
    void shouldRefuseACapacityThatHoldsNothing(int capacity, int maxElements, int maxInlineBytes) {
        assertThatThrownBy(() -> new SendWorkRequests(capacity, maxElements, maxInlineBytes)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("capacity=" + capacity, "maxElements=" + maxElements, "maxInlineBytes=" + maxInlineBytes);
    }

    @Test
    void shouldRefuseARequestThatTheListHasNoRoomFor() {
        SendWorkRequests requests = new SendWorkRequests(2).send(1).send(2);
        assertThatThrownBy(() -> requests.send(3)).isInstanceOf(IllegalStateException.class).hasMessageContaining("capacity=2");
        assertThat(requests.size()).isEqualTo(requests.capacity()).isEqualTo(2);
        assertThat(requests.wrId(1)).isEqualTo(2);
    }

    /** Whether the device may do an atomic changes without any key changing: staged ones may be at the word. */
    @Test
    void shouldHaveAtomicsBoundEachTimeThoughTheKeyIsKnown() {
        SendWorkRequests requests = new SendWorkRequests(1).write(1).local(MEMORY, 0, 8).remote(MOVING, 0);
        requests.bound(this, 1);
        requests.knowRemote(MOVING, 0x5555, 4096);
        requests.clear();
        requests.write(2).local(MEMORY, 0, 8).remote(MOVING, 8);
        assertThat(requests.isBound(this, 1)).isTrue();
        assertThat(requests.remoteKey(0)).isEqualTo(0x5555);
        requests.clear();
        requests.fetchAndAdd(3, 1).local(MEMORY, 0, 8).remote(MOVING, 8);
        assertThat(requests.isBound(this, 1)).isFalse();
        assertThat(requests.compareAdd(0)).isEqualTo(1);
    }

    @Test
    void shouldRefuseToDescribeARequestBeforeOneHasBegun() {
        SendWorkRequests requests = new SendWorkRequests(1, 1, 16);
        refusedAsNotBegun(() -> requests.local(MEMORY, 0, 1));
        refusedAsNotBegun(() -> requests.inline(MemorySegment.ofArray(new byte[1]), 0, 1));
        refusedAsNotBegun(() -> requests.remote(0x1000, 1));
        refusedAsNotBegun(() -> requests.remote(MEMORY, 0));
        refusedAsNotBegun(requests::signaled);
        refusedAsNotBegun(requests::solicited);
        refusedAsNotBegun(requests::fenced);
        requests.send(1).clear();
        refusedAsNotBegun(requests::signaled);
    }

    private static void refusedAsNotBegun(Runnable description) {
        assertThatThrownBy(description::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("no request has begun");
    }

    @ParameterizedTest
    @EnumSource(SendOpcode.class)
    void shouldRefuseARequestWithoutTheMemoryOfThePeerThatItNeeds(SendOpcode opcode) {
        SendWorkRequests requests = begin(new SendWorkRequests(2), opcode).local(MEMORY, 0, 8);
        if (!opcode.isRemote()) {
            assertThatThrownBy(() -> requests.remote(MEMORY, 0)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("request 0", opcode.name());
            return;
        }
        String[] what = {"request 0", opcode.name(), "call remote("};
        assertThatThrownBy(() -> requests.send(2)).isInstanceOf(IllegalStateException.class).hasMessageContainingAll(what);
        assertThatThrownBy(() -> requests.check(anything())).isInstanceOf(IllegalStateException.class).hasMessageContainingAll(what);
        requests.remote(MEMORY, 0).send(2);
        assertThat(requests.size()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(value = SendOpcode.class, names = "ATOMIC.*", mode = EnumSource.Mode.MATCH_ALL)
    void shouldRefuseAnAtomicWithoutEightBytesForTheOldValue(SendOpcode opcode) {
        SendWorkRequests requests = begin(new SendWorkRequests(2, 2, 16), opcode).remote(MEMORY, 0);
        assertThatThrownBy(() -> requests.check(anything())).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("request 0", opcode.name(), "8 bytes");
        for (long length : new long[] {0, 4, 7, 9, 16}) {
            assertThatThrownBy(() -> requests.local(MEMORY, 0, length)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("opcode=" + opcode, "lengthBytes=" + length);
        }
        requests.local(MEMORY, 8, 8).check(anything());
        requests.local(MEMORY, 16, 8);
        assertThatThrownBy(() -> requests.check(anything())).as("two elements").isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @EnumSource(value = SendOpcode.class, names = {"RDMA_READ", "ATOMIC_CMP_AND_SWP", "ATOMIC_FETCH_AND_ADD"})
    void shouldRefuseInlineDataOfARequestThatSendsNone(SendOpcode opcode) {
        SendWorkRequests requests = begin(new SendWorkRequests(1, 1, 16), opcode);
        assertThatThrownBy(() -> requests.inline(MemorySegment.ofArray(new byte[8]), 0, 8)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("opcode=" + opcode, "lengthBytes=8");
    }

    @Test
    void shouldRefuseMoreElementsThanTheListHasRoomFor() {
        SendWorkRequests requests = new SendWorkRequests(2, 2, 0).send(1).local(MEMORY, 0, 1).local(MEMORY, 1, 1);
        assertThatThrownBy(() -> requests.local(MEMORY, 2, 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("request 0", "maxElements=2");
        assertThat(requests.elementCount(0)).isEqualTo(2);
        requests.send(2).local(MEMORY, 0, 1); // the next one has its own
        assertThat(requests.elementCount(1)).isEqualTo(1);
    }

    @Test
    void shouldRefuseInlineDataThatIsTooLongOrNotAlone() {
        MemorySegment source = MemorySegment.ofArray(new byte[32]);
        SendWorkRequests requests = new SendWorkRequests(4, 2, 16).send(1);
        assertThatThrownBy(() -> requests.inline(source, 0, 17)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("lengthBytes=17", "maxInlineBytes=16");
        requests.inline(source, 0, 16);
        assertThatThrownBy(() -> requests.inline(source, 0, 1)).as("twice").isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> requests.local(MEMORY, 0, 1)).as("and an element").isInstanceOf(IllegalStateException.class);
        requests.send(2).local(MEMORY, 0, 1);
        assertThatThrownBy(() -> requests.inline(source, 0, 1)).as("after an element").isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("request 1");
        requests.send(3).inline(source, 0, 0);
        // An element under the inline flag would be copied by the provider, however long it is.
        assertThatThrownBy(() -> requests.local(MEMORY, 0, 4096)).as("after empty inline data").isInstanceOf(IllegalStateException.class);
        assertThat(requests.elementCount(2)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, -1", "4096, 1", "4097, 0", "1, 4096", "9223372036854775807, 1", "1, 9223372036854775807",
        "9223372036854775807, 9223372036854775807", "-9223372036854775808, 1", "0, -9223372036854775808",
        "-9223372036854775808, -9223372036854775808", "9223372036854775807, -9223372036854775808"})
    void shouldRefuseARangeThatIsNotWithinTheMemory(long offset, long length) {
        SendWorkRequests requests = new SendWorkRequests(1).write(1);
        String[] what = {"offset=" + offset, "lengthBytes=" + length};
        assertThatThrownBy(() -> requests.local(MEMORY, offset, length)).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContainingAll(what).hasMessageContaining("FakeMemory");
        assertThat(requests.elementCount(0)).isZero();
        if (offset < 0 || offset > MEMORY.byteSize()) {
            assertThatThrownBy(() -> requests.remote(MEMORY, offset)).isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining(what[0]);
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, -1", "32, 1", "33, 0", "9223372036854775807, 1", "-9223372036854775808, 1", "0, -9223372036854775808"})
    void shouldRefuseInlineDataThatIsNotWithinItsSource(long offset, long length) {
        SendWorkRequests requests = new SendWorkRequests(1, 1, 16).send(1);
        assertThatThrownBy(() -> requests.inline(MemorySegment.ofArray(new byte[32]), offset, length))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(ibv_send_wr.send_flags(request(requests, 0))).isZero();
    }

    @Test
    void shouldTakeRangesUpToTheLastByteAndLengthsOfMoreThanAnInt() {
        long most = 1L << 31;
        SendWorkRequests requests = new SendWorkRequests(1, 3, 0).write(1).remote(HUGE, HUGE.byteSize());
        requests.local(HUGE, HUGE.byteSize() - 1, 1).local(HUGE, 1L << 40, most).local(MEMORY, 0, 4096);
        assertThat(requests.remoteAddress(0)).isEqualTo(HUGE.address() + HUGE.byteSize());
        assertThat(requests.localAddress(0, 0)).isEqualTo(HUGE.address() + HUGE.byteSize() - 1);
        assertThat(requests.localLength(0, 1)).isEqualTo(most);
        assertThat(requests.localLength(0, 2)).isEqualTo(4096);
        assertThatThrownBy(() -> new SendWorkRequests(1).write(1).local(HUGE, 0, most + 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("opcode=RDMA_WRITE", "lengthBytes=2147483649");
    }

    @Test
    void shouldLeaveOutAnElementOfZeroLength() {
        SendWorkRequests requests = new SendWorkRequests(1, 1, 0).send(1).local(MEMORY, 0, 0).local(MEMORY, 4096, 0);
        assertThat(requests.elementCount(0)).isZero();
        requests.local(MEMORY, 5, 6);
        assertThat(requests.elementCount(0)).isEqualTo(1);
        assertThat(requests.localAddress(0, 0)).isEqualTo(MEMORY.address() + 5);
        requests.local(MEMORY, 0, 0);
        assertThat(requests.elementCount(0)).isEqualTo(1);
    }

    @Test
    void shouldRefuseAQueuePairWithLessRoomThanARequestNeeds() {
        SendWorkRequests elements = new SendWorkRequests(2, 3, 0).send(1).local(MEMORY, 0, 1).local(MEMORY, 1, 1).local(MEMORY, 2, 1).send(2);
        assertThatThrownBy(() -> elements.check(new QueuePairCapabilities(8, 8, 2, 3, 0))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("3 elements", "max_send_sge=2");
        elements.check(new QueuePairCapabilities(8, 8, 3, 1, 0));
        SendWorkRequests inline = new SendWorkRequests(2, 1, 16).send(1).inline(MemorySegment.ofArray(new byte[16]), 0, 16).send(2);
        assertThatThrownBy(() -> inline.check(new QueuePairCapabilities(8, 8, 1, 1, 15))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("16 bytes inline", "max_inline_data=15");
        inline.check(new QueuePairCapabilities(8, 8, 1, 1, 16));
        elements.clear();
        elements.send(1).local(MEMORY, 0, 1).check(new QueuePairCapabilities(8, 8, 1, 1, 0)); // nothing remembered of before
    }

    @Test
    void shouldForgetEverythingWhenCleared() {
        SendWorkRequests requests = new SendWorkRequests(2, 2, 16);
        requests.writeWithImmediate(7, 42).inline(MemorySegment.ofArray(new byte[16]), 0, 16).remote(OTHER, 8).signaled().solicited().fenced();
        requests.write(8).local(MOVING, 0, 8).remote(MOVING, 0);
        assertThat(requests.hasMovingKeys()).isTrue();
        requests.clear();
        assertThat(requests.size()).isZero();
        assertThat(requests.hasMovingKeys()).isFalse();
        assertThatThrownBy(() -> requests.wrId(0)).isInstanceOf(IndexOutOfBoundsException.class);
        requests.write(9).local(MEMORY, 3, 4);
        requests.endAfter(1);
        MemorySegment native0 = request(requests, 0);
        assertThat(ibv_send_wr.send_flags(native0)).isZero();
        assertThat(ibv_send_wr.next(native0)).isEqualTo(MemorySegment.NULL);
        assertThat(ibv_send_wr.num_sge(native0)).isEqualTo(1);
        assertThat(requests.localMemory(0, 0)).isSameAs(MEMORY);
        assertThat(requests.remoteMemory(0)).isNull();
        assertThatThrownBy(() -> requests.check(anything())).as("the old remote memory").isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldNameTheMemoryWithItsKeys() {
        SendWorkRequests requests = new SendWorkRequests(3).write(1).local(MEMORY, 16, 32).remote(OTHER, 8);
        requests.fetchAndAdd(2, 5).local(MEMORY, 0, 8).remote(OTHER, 16);
        requests.read(3).local(MEMORY, 0, 8).remote(OTHER, 0).remote(0xabc000, 0x77);
        assertThat(ibv_sge.lkey(NativeMemory.at(ibv_send_wr.sg_list(request(requests, 0)).address(), ibv_sge.sizeof()))).isEqualTo(0x1111);
        assertThat(requests.localAddress(0, 0)).isEqualTo(0x10010);
        assertThat(requests.remoteAddress(0)).isEqualTo(0x90008);
        assertThat(rdmaKey(requests, 0)).isEqualTo(0x4444);
        assertThat(requests.remoteMemory(0)).isSameAs(OTHER);
        assertThat(requests.remoteAddress(1)).isEqualTo(0x90010);
        MemorySegment atomic = ibv_send_wr.wr.atomic(ibv_send_wr.wr(request(requests, 1)));
        assertThat(ibv_send_wr.wr.atomic.rkey(atomic)).isEqualTo(0x4444);
        assertThat(ibv_send_wr.wr.atomic.compare_add(atomic)).isEqualTo(5);
        assertThat(requests.remoteAddress(2)).isEqualTo(0xabc000);
        assertThat(rdmaKey(requests, 2)).isEqualTo(0x77);
        assertThat(requests.remoteMemory(2)).as("named by address now").isNull();
        assertThat(requests.hasMovingKeys()).isFalse();
    }

    private static MemorySegment request(SendWorkRequests requests, int index) {
        return NativeMemory.at(requests.requestAddress(index), ibv_send_wr.sizeof());
    }

    private static int rdmaKey(SendWorkRequests requests, int index) {
        return ibv_send_wr.wr.rdma.rkey(ibv_send_wr.wr.rdma(ibv_send_wr.wr(request(requests, index))));
    }

    @Test
    void shouldChainTheRequestsAndJoinThemAgainAfterACut() {
        SendWorkRequests requests = new SendWorkRequests(3).send(1).send(2).send(3);
        requests.endAfter(2);
        assertThat(ibv_send_wr.next(request(requests, 0)).address()).isEqualTo(requests.requestAddress(1));
        assertThat(ibv_send_wr.next(request(requests, 1))).isEqualTo(MemorySegment.NULL);
        requests.endAfter(1);
        assertThat(ibv_send_wr.next(request(requests, 0))).isEqualTo(MemorySegment.NULL);
        assertThat(ibv_send_wr.next(request(requests, 1)).address()).as("joined again").isEqualTo(requests.requestAddress(2));
        requests.endAfter(3);
        assertThat(ibv_send_wr.next(request(requests, 0)).address()).isEqualTo(requests.requestAddress(1));
        assertThat(ibv_send_wr.next(request(requests, 2))).isEqualTo(MemorySegment.NULL);
        assertThat(requests.indexOf(requests.requestAddress(2))).isEqualTo(2);
    }

    @Test
    void shouldAppendACopyOfEverything() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(16);
            byte[] payload = Payload.fill(bytes, 1);
            SendWorkRequests source = new SendWorkRequests(4, 2, 16);
            source.write(11).local(MEMORY, 1, 2).local(OTHER, 3, 4).remote(OTHER, 5).signaled();
            source.compareAndSwap(12, 100, 200).local(MEMORY, 8, 8).remote(MOVING, 16).fenced();
            source.sendWithImmediate(13, 0x01020304).inline(bytes, 0, 16).solicited();
            SendWorkRequests copy = new SendWorkRequests(4, 2, 16).send(10);
            for (int i = 0; i < source.size(); i++) {
                copy.append(source, i);
            }
            source.clear(); // the copy has nothing to do with the source any more
            source.send(0).inline(MemorySegment.ofArray(new byte[16]), 0, 16);
            source.send(0).inline(MemorySegment.ofArray(new byte[16]), 0, 16);
            source.send(0).inline(MemorySegment.ofArray(new byte[16]), 0, 16);

            assertThat(copy.size()).isEqualTo(4);
            assertThat(copy.opcode(1)).isEqualTo(SendOpcode.RDMA_WRITE);
            assertThat(copy.wrId(1)).isEqualTo(11);
            assertThat(copy.isSignaled(1)).isTrue();
            assertThat(copy.elementCount(1)).isEqualTo(2);
            assertThat(copy.localMemory(1, 1)).isSameAs(OTHER);
            assertThat(copy.localAddress(1, 1)).isEqualTo(OTHER.address() + 3);
            assertThat(copy.localLength(1, 1)).isEqualTo(4);
            assertThat(copy.remoteMemory(1)).isSameAs(OTHER);
            assertThat(copy.remoteAddress(1)).isEqualTo(OTHER.address() + 5);
            assertThat(rdmaKey(copy, 1)).isEqualTo(0x4444);
            MemorySegment atomic = ibv_send_wr.wr.atomic(ibv_send_wr.wr(request(copy, 2)));
            assertThat(ibv_send_wr.wr.atomic.compare_add(atomic)).isEqualTo(100);
            assertThat(ibv_send_wr.wr.atomic.swap(atomic)).isEqualTo(200);
            assertThat(copy.isSignaled(2)).isFalse();
            assertThat(copy.hasMovingKeys()).isTrue();
            assertThat(ibv_send_wr.imm_data(request(copy, 3))).isEqualTo(Integer.reverseBytes(0x01020304));
            assertThat(ibv_send_wr.send_flags(request(copy, 3))).isEqualTo(INLINE_FLAG | 4);
            assertThat(copy.localMemory(3, 0)).isNull();
            Payload.expect(NativeMemory.at(copy.localAddress(3, 0), 16), 0, payload);
            assertThatThrownBy(() -> copy.check(new QueuePairCapabilities(8, 8, 2, 1, 15))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> copy.append(source, 0)).isInstanceOf(IllegalStateException.class).hasMessageContaining("capacity=4");
        }
    }

    @Test
    void shouldAppendWhatFitsWhateverTheSourceCouldHold() {
        SendWorkRequests source = new SendWorkRequests(2, 4, 64).send(1).inline(MemorySegment.ofArray(new byte[8]), 0, 8);
        source.send(2).local(MEMORY, 0, 1).local(MEMORY, 1, 1);
        SendWorkRequests small = new SendWorkRequests(2, 1, 8);
        small.append(source, 0);
        assertThat(small.localLength(0, 0)).isEqualTo(8);
        assertThatThrownBy(() -> small.append(source, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("elements=2", "maxElements=1");
        assertThatThrownBy(() -> new SendWorkRequests(1, 1, 7).append(source, 0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("inlineBytes=8", "maxInlineBytes=7");
        assertThat(small.size()).isEqualTo(1);
    }

    @Test
    void shouldShowTheDeviceOtherNumbersAndFlagsUntilThatIsUndone() {
        SendWorkRequests requests = new SendWorkRequests(2).send(7);
        requests.send(8).solicited();
        requests.setDeviceWrId(0, 1L << 60);
        requests.setDeviceSignaled(1);
        assertThat(requests.wrId(0)).isEqualTo(7);
        assertThat(requests.isSignaled(1)).isFalse();
        assertThat(ibv_send_wr.wr_id(request(requests, 0))).isEqualTo(1L << 60);
        assertThat(ibv_send_wr.send_flags(request(requests, 1))).isEqualTo(LibIbverbs.IBV_SEND_SIGNALED() | LibIbverbs.IBV_SEND_SOLICITED());
        requests.undisguise();
        assertThat(ibv_send_wr.wr_id(request(requests, 0))).isEqualTo(7);
        assertThat(ibv_send_wr.send_flags(request(requests, 1))).isEqualTo(LibIbverbs.IBV_SEND_SOLICITED());
        requests.clear();
        requests.send(9).signaled();
        assertThat(ibv_send_wr.wr_id(request(requests, 0))).isEqualTo(9);
    }

    @Test
    void shouldCopyWhatTheCallerSaidAndNotWhatTheDeviceSees() {
        SendWorkRequests requests = new SendWorkRequests(1).send(7).local(MEMORY, 3, 5);
        requests.setDeviceWrId(0, 99);
        requests.setDeviceSignaled(0);
        SendWorkRequests copy = new SendWorkRequests(1);
        copy.append(requests, 0);
        assertThat(copy.wrId(0)).isEqualTo(7);
        assertThat(copy.isSignaled(0)).isFalse();
        assertThat(ibv_send_wr.wr_id(request(copy, 0))).isEqualTo(7);
        assertThat(ibv_send_wr.send_flags(request(copy, 0))).isZero();
        assertThat(copy.localAddress(0, 0)).isEqualTo(MEMORY.address() + 3);
        assertThat(copy.localLength(0, 0)).isEqualTo(5);
        assertThat(copy.localMemory(0, 0)).isSameAs(MEMORY);
    }

    @Test
    void shouldRefuseAnIndexBeyondTheList() {
        SendWorkRequests requests = new SendWorkRequests(4).send(1);
        assertThatThrownBy(() -> requests.opcode(1)).isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("size=1");
        assertThatThrownBy(() -> requests.setDeviceSignaled(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> requests.setDeviceWrId(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> requests.append(requests, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(requests.size()).isEqualTo(1);
    }

    private static SendWorkRequests begin(SendWorkRequests requests, SendOpcode opcode) {
        return switch (opcode) {
            case SEND -> requests.send(1);
            case SEND_WITH_IMM -> requests.sendWithImmediate(1, 2);
            case RDMA_WRITE -> requests.write(1);
            case RDMA_WRITE_WITH_IMM -> requests.writeWithImmediate(1, 2);
            case RDMA_READ -> requests.read(1);
            case ATOMIC_CMP_AND_SWP -> requests.compareAndSwap(1, 2, 3);
            case ATOMIC_FETCH_AND_ADD -> requests.fetchAndAdd(1, 2);
        };
    }

    /** A queue pair that nothing is too much for. */
    private static QueuePairCapabilities anything() {
        return new QueuePairCapabilities(1 << 20, 1 << 20, 1 << 10, 1 << 10, 1 << 20);
    }

    @Test
    void shouldKeepBoundKeysForAsLongAsTheStampSays() {
        Object binder = new Object();
        SendWorkRequests requests = new SendWorkRequests(2).write(1).local(MOVING, 0, 8).remote(MOVING, 8);
        assertThat(requests.isBound(binder, 1)).as("never bound").isFalse();
        requests.bound(binder, 1);
        requests.knowLocal(MOVING, 0x55, 100);
        requests.knowRemote(MOVING, 0x66, 100);
        assertThat(requests.isBound(binder, 1)).isTrue();
        assertThat(requests.isBound(binder, 2)).as("with another stamp").isFalse();
        assertThat(requests.isBound(new Object(), 1)).as("by another").isFalse();

        requests.clear();
        requests.write(2).local(MOVING, 92, 8).remote(MOVING, 92).write(3).local(MEMORY, 0, 8).remote(OTHER, 0).check(anything());
        assertThat(requests.isBound(binder, 1)).isTrue();
        assertThat(requests.localKey(0, 0)).isEqualTo(0x55);
        assertThat(requests.remoteKey(0)).isEqualTo(0x66);
        assertThat(requests.hasMovingKeys()).isTrue();
        assertThat(requests.hasMovingKeys(0)).isTrue();
        assertThat(requests.hasMovingKeys(1)).isFalse();
        assertThat(requests.localKey(1, 0)).isEqualTo(MEMORY.localKey());

        requests.bound(binder, 2);
        requests.clear();
        requests.write(4).local(MOVING, 0, 8).remote(MOVING, 0).check(anything());
        assertThat(requests.isBound(binder, 2)).as("nothing is known any more").isFalse();
    }

    @Test
    void shouldHaveToBeBoundForWhatIsNotKnown() {
        FakeMemory another = new FakeMemory(0x170000, 4096, 0, 0, false);
        assertThat(isBoundAfter(list -> list.local(MOVING, 92, 8).remote(MOVING, 92))).isTrue();
        assertThat(isBoundAfter(list -> list.local(MOVING, 93, 8).remote(MOVING, 0))).as("beyond what is known").isFalse();
        assertThat(isBoundAfter(list -> list.local(MEMORY, 0, 8).remote(MOVING, 93))).as("the peer's").isFalse();
        assertThat(isBoundAfter(list -> list.remote(MOVING, 93).local(MEMORY, 0, 8))).as("the other way round").isFalse();
        assertThat(isBoundAfter(list -> list.remote(MOVING, 88).local(MEMORY, 0, 8).local(MEMORY, 8, 5))).as("the sum").isFalse();
        assertThat(isBoundAfter(list -> list.remote(MOVING, 93).local(MEMORY, 0, 8).remote(OTHER, 0))).as("renamed").isTrue();
        assertThat(isBoundAfter(list -> list.local(another, 0, 8).remote(MOVING, 0))).as("other memory").isFalse();
        assertThat(isBoundAfter(list -> list.local(MEMORY, 0, 8).remote(another, 0))).as("other memory of the peer").isFalse();
        assertThat(isBoundAfter(list -> {
            SendWorkRequests source = new SendWorkRequests(1).write(1).local(MOVING, 0, 8).remote(OTHER, 0);
            list.remote(OTHER, 0);
            list.append(source, 0);
        })).as("a copy").isFalse();
    }

    /** Whether a list is bound that knows of 100 bytes, when its first request, a write, has been described, and another has been begun. */
    private static boolean isBoundAfter(Consumer<SendWorkRequests> describe) {
        Object binder = new Object();
        SendWorkRequests list = new SendWorkRequests(3, 2, 0);
        list.bound(binder, 7);
        list.knowLocal(MOVING, 0x55, 100);
        list.knowRemote(MOVING, 0x66, 100);
        list.write(1);
        describe.accept(list);
        list.send(2).check(new QueuePairCapabilities(8, 8, 2, 2, 0));
        return list.isBound(binder, 7);
    }
}
