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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Registrations of anonymous memory on a device; what is refused before a device is asked is in RegistrationCheckTest. */
@RequiresDevice
class MemoryRegistrationTest {
    private RcPair pair;

    @BeforeEach
    void open() {
        pair = RcPair.unconnected(Function.identity());
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void shouldRegisterMemoryAndTellWhatItIs() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(10_001, 1).asSlice(1);
            try (MemoryRegistration registration = pair.domain.register(segment, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_READ)) {
                assertThat(registration.segment()).isSameAs(segment);
                assertThat(registration.address()).isEqualTo(segment.address());
                assertThat(registration.byteSize()).isEqualTo(10_000);
                assertThat(registration.access()).containsExactlyInAnyOrder(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_READ);
                assertThat(registration.domain()).isSameAs(pair.domain);
                assertThat(registration.hasFixedKeys()).isTrue();
                assertThat(registration.localKey()).isNotZero();
                assertThat(registration).asString().contains("10000 bytes", "lkey=0x", "LOCAL_WRITE");
            }
        }
    }

    @Test
    void shouldRegisterTheSameMemoryTwiceWithKeysOfTheirOwn() {
        MemorySegment segment = Arena.ofAuto().allocate(4096);
        try (MemoryRegistration first = pair.domain.register(segment, AccessFlag.LOCAL_WRITE);
                MemoryRegistration second = pair.domain.register(segment)) {
            assertThat(first.localKey()).isNotEqualTo(second.localKey());
            assertThat(second.access()).isEmpty();
        }
    }

    /**
     * rxe of Linux 7.3 keeps one array for a registration's pages, which can be too large to allocate: {@code ENOMEM}. That tells the length
     * as well, as its lower 32 bits alone are 16 megabytes, which it does register.
     */
    @Test
    void shouldRegisterMoreThanAnIntCanCountOrSayOnRxeThatItCannot() {
        long bytes = (1L << 32) + NativeMemory.PIECE;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment segment = NativeMemory.repeated((int) (bytes / NativeMemory.PIECE), arena);
            pair.domain.register(segment.asSlice(0, (int) bytes), AccessFlag.LOCAL_WRITE).close();
            try (MemoryRegistration large = pair.domain.register(segment, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE)) {
                assertThat(large.byteSize()).isEqualTo(bytes);
                pair.connect(new ConnectOptions());
                expectAWriteToTheEnd(large);
            } catch (VerbsException e) {
                assertThat(e.errno()).isEqualTo(Errno.ENOMEM);
                assertThat(e).hasMessageContainingAll("ibv_reg_mr(", "length=" + bytes, "ENOMEM (12)", "ulimit -l");
            }
        }
    }

    private void expectAWriteToTheEnd(MemoryRegistration large) {
        byte[] payload = Payload.of(1, 1000);
        large.segment().asSlice(0, 1000).copyFrom(MemorySegment.ofArray(payload)); // and so at each piece's start
        pair.post(new SendWorkRequests(1).write(1).local(large, large.byteSize() - NativeMemory.PIECE, 1000)
                .remote(large, large.byteSize() - 1000).signaled());
        pair.expect(pair.requesterQueue, 1, CompletionStatus.SUCCESS);
        Payload.expect(large.segment(), NativeMemory.PIECE - 1000, payload);
    }

    @Test
    void shouldReachTheEndOfALargeRegistration() {
        try (Arena arena = Arena.ofShared();
                MemoryRegistration large = pair.domain.register(NativeMemory.repeated(4, arena), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE)) {
            pair.connect(new ConnectOptions());
            expectAWriteToTheEnd(large);
        }
    }

    @ParameterizedTest
    @EnumSource(value = AccessFlag.class, names = {"LOCAL_WRITE", "REMOTE_READ", "RELAXED_ORDERING"})
    void shouldRegisterWithASingleFlag(AccessFlag flag) {
        try (MemoryRegistration registration = pair.domain.register(Arena.ofAuto().allocate(64), flag)) {
            assertThat(registration.access()).containsExactly(flag);
        }
    }

    @Test
    void shouldRegisterAReadOnlySegmentForReading() {
        MemorySegment segment = Arena.ofAuto().allocate(64).asReadOnly();
        try (MemoryRegistration registration = pair.domain.register(segment, AccessFlag.REMOTE_READ)) {
            assertThat(registration.segment().isReadOnly()).isTrue();
        }
        assertThatThrownBy(() -> pair.domain.register(segment, AccessFlag.LOCAL_WRITE)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNameTheCallAndTheErrnoWhenTheKernelRefuses() {
        MemorySegment unmapped = NativeMemory.at(0x1000, 4096);
        assertThatThrownBy(() -> pair.domain.register(unmapped, AccessFlag.LOCAL_WRITE)).isInstanceOfSatisfying(VerbsException.class, e -> {
            assertThat(e.errno()).isEqualTo(Errno.EFAULT);
            assertThat(e.errnoName()).isEqualTo("EFAULT");
            assertThat(e).hasMessageContainingAll("ibv_reg_mr(addr=0x1000, length=4096, access=[LOCAL_WRITE])", "EFAULT (14)", "not mapped");
        });
        // That nothing of it is left is what close() sees: the domain closes.
    }

    @Test
    void shouldRefuseAConfinedSegmentOfAnotherThreadAndLeaveNothingBehind() {
        CompletableFuture<MemorySegment> allocated = new CompletableFuture<>();
        CompletableFuture<Void> tried = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try (Arena arena = Arena.ofConfined()) {
                allocated.complete(arena.allocate(64));
                tried.orTimeout(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS).join();
            }
        });
        MemorySegment foreign = allocated.orTimeout(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS).join();
        try {
            assertThatThrownBy(() -> pair.domain.register(foreign, AccessFlag.LOCAL_WRITE)).isInstanceOf(WrongThreadException.class);
        } finally {
            tried.complete(null);
        }
        pair.requester.close();
        pair.responder.close();
        pair.domain.close(); // nothing of it is left
    }

    @Test
    void shouldNotGiveKeysOnceItIsClosed() {
        MemoryRegistration registration = pair.memory(64);
        SendWorkRequests requests = new SendWorkRequests(1).write(1);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1);
        registration.close();
        assertThat(registration.isOpen()).isFalse();
        assertThatThrownBy(registration::localKey).isInstanceOf(IllegalStateException.class).hasMessageContainingAll("64 bytes", "is closed");
        assertThatThrownBy(registration::remoteKey).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> requests.local(registration, 0, 8)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> requests.remote(registration, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> receives.local(registration, 0, 8)).isInstanceOf(IllegalStateException.class);
        assertThat(requests.elementCount(0)).as("the request is as it was").isZero();
    }

    @Test
    void shouldCloseOnceHoweverManyThreadsClose() {
        MemoryRegistration registration = pair.memory(64);
        CompletableFuture<?>[] closers = new CompletableFuture<?>[8];
        for (int i = 0; i < closers.length; i++) {
            closers[i] = CompletableFuture.runAsync(registration::close);
        }
        try {
            CompletableFuture.allOf(closers).orTimeout(RcPair.LIMIT.toSeconds(), TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            throw new AssertionError("a second ibv_dereg_mr fails with ENOENT", e);
        }
        assertThat(registration.isOpen()).isFalse();
    }

    @Test
    void shouldKeepTheFlagsToItself() {
        MemoryRegistration registration = pair.memory(64, Set.of(AccessFlag.LOCAL_WRITE));
        registration.access().clear();
        assertThat(registration.access()).containsExactly(AccessFlag.LOCAL_WRITE);
    }
}
