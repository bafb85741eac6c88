package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;

/** Which providers are called how. The calls themselves go to functions of the C library that have the same parameters. */
class DeviceCallsTest {
    @ParameterizedTest
    @ValueSource(strings = {"/usr/lib/x86_64-linux-gnu/libmlx5.so.1.25.56.0", "/usr/lib64/libefa.so.1", "/usr/lib/libibverbs/libmlx4-rdmav34.so",
        "/usr/lib/x86_64-linux-gnu/libibverbs/libirdma-rdmav57.so", "/opt/x/libbnxt_re-rdmav65.so", "/usr/lib/libhns.so.1.0.65.0"})
    void shouldKnowProvidersThatMakeNoSystemCall(String file) {
        assertThat(DeviceCalls.isWithoutSystemCalls(file)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/usr/lib/x86_64-linux-gnu/libibverbs/librxe-rdmav57.so", "/usr/lib/libibverbs/libsiw-rdmav57.so",
        "/usr/lib/libibverbs/libhfi1verbs-rdmav57.so", "/usr/lib/libibverbs/libcxgb4-rdmav57.so", "/usr/lib/x86_64-linux-gnu/libibverbs.so.1.14.56.0",
        "/usr/lib/libmlx5trace.so", "/usr/lib/mlx5/librxe.so", "mlx5", "[vdso]", ""})
    void shouldTakeAnyOtherForOneThatMakesSystemCalls(String file) {
        assertThat(DeviceCalls.isWithoutSystemCalls(file)).isFalse();
    }

    @Test
    void shouldAskTheKernelWhatFileAFunctionIsOf() {
        assertThat(DeviceCalls.mayBeCritical(function("memcmp"))).as("the C library is no provider").isFalse();
        assertThat(DeviceCalls.mayBeCritical(MemorySegment.NULL)).as("nothing is mapped there").isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldPassTheParametersAndTheResult(boolean critical) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocateFrom("abcd");
            MemorySegment other = arena.allocateFrom("abca");
            // int memcmp(const void *, const void *, size_t)
            assertThat(DeviceCalls.post(critical, function("memcmp"), one.address(), other.address(), 3, 1)).isZero();
            assertThat(DeviceCalls.post(critical, function("memcmp"), one.address(), other.address(), 4, 1)).isPositive();
            assertThat(DeviceCalls.post(critical, function("memcmp"), other.address(), one.address(), 4, 1000)).isNegative();
            // void *memchr(const void *, int, size_t), of whose result the low half comes back
            assertThat(DeviceCalls.poll(critical, function("memchr"), one.address(), 'c', 4)).isEqualTo((int) (one.address() + 2));
            assertThat(DeviceCalls.poll(critical, function("memchr"), one.address(), 'c', 2)).isZero();
        }
    }

    private static MemorySegment function(String name) {
        return Linker.nativeLinker().defaultLookup().find(name).orElseThrow();
    }
}
