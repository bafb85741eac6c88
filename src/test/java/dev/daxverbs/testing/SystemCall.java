package dev.daxverbs.testing;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** System calls that the library has no use for: {@code syscall(2)}. */
@SuppressWarnings("restricted")
public final class SystemCall {
    private static final MethodHandle SYSCALL = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().find("syscall").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
            Linker.Option.firstVariadicArg(1));

    private SystemCall() {
    }

    /** Makes one with two arguments; -1 if it fails. */
    public static long of(long number, long first, long second) {
        try {
            return (long) SYSCALL.invokeExact(number, first, second);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
