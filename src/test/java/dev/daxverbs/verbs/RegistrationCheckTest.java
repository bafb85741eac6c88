package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.NativeMemory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/** What a registration refuses before native code is reached. Needs no device. */
class RegistrationCheckTest {
    private static final Set<AccessFlag> WRITE = EnumSet.of(AccessFlag.LOCAL_WRITE);
    private static final long LIMIT = 1L << 20;

    private final Arena arena = Arena.ofAuto();

    @Test
    void shouldRefuseAHeapSegment() {
        assertThatThrownBy(() -> ProtectionDomain.check(MemorySegment.ofArray(new byte[64]), WRITE, LIMIT))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("length=64", "access=[LOCAL_WRITE]", "heap", "Arena");
    }

    @Test
    void shouldRefuseASegmentWhoseArenaIsClosed() {
        MemorySegment segment;
        try (Arena closing = Arena.ofConfined()) {
            segment = closing.allocate(64);
        }
        assertThatThrownBy(() -> ProtectionDomain.check(segment, WRITE, LIMIT)).isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("addr=0x" + Long.toHexString(segment.address()), "length=64", "arena is closed");
    }

    @Test
    void shouldRefuseAReadOnlySegmentThatTheDeviceMayWrite() {
        MemorySegment segment = arena.allocate(64).asReadOnly();
        assertThatThrownBy(() -> ProtectionDomain.check(segment, WRITE, LIMIT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("access=[LOCAL_WRITE]", "read-only");
        assertThatCode(() -> ProtectionDomain.check(segment, EnumSet.of(AccessFlag.REMOTE_READ), LIMIT)).doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseZeroLengthAndMoreThanTheDevicesLimit() {
        MemorySegment whole = arena.allocate(LIMIT + 1);
        assertThatThrownBy(() -> ProtectionDomain.check(whole.asSlice(0, 0), WRITE, LIMIT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("length=0", "max_mr_size=1048576");
        assertThatThrownBy(() -> ProtectionDomain.check(whole, WRITE, LIMIT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("length=1048577", "max_mr_size=1048576");
        assertThatCode(() -> ProtectionDomain.check(whole.asSlice(1), WRITE, LIMIT)).doesNotThrowAnyException();
    }

    @Test
    void shouldTakeALimitAboveLongsForWhatItIs() {
        MemorySegment largest = NativeMemory.at(4096, Long.MAX_VALUE);
        assertThatCode(() -> ProtectionDomain.check(largest, WRITE, -1)).as("rxe: 2^64 - 1").doesNotThrowAnyException();
        assertThatThrownBy(() -> ProtectionDomain.check(arena.allocate(1).asSlice(1), WRITE, -1))
                .hasMessageContaining("max_mr_size=18446744073709551615");
    }

    @ParameterizedTest
    @EnumSource(value = AccessFlag.class, names = {"REMOTE_WRITE", "REMOTE_ATOMIC"})
    void shouldRefuseRemoteWritesWithoutLocalOnes(AccessFlag flag) {
        MemorySegment segment = arena.allocate(64);
        assertThatThrownBy(() -> ProtectionDomain.check(segment, EnumSet.of(flag), LIMIT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("access=[" + flag + "]", "LOCAL_WRITE");
        assertThatCode(() -> ProtectionDomain.check(segment, EnumSet.of(flag, AccessFlag.LOCAL_WRITE), LIMIT)).doesNotThrowAnyException();
    }
}
