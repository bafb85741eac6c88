package dev.daxverbs.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Links native functions so that errno is captured in the same call, before the JVM can overwrite it.
 *
 * <p>A handle that {@link #capturingErrno} makes takes {@link #errnoSegment()} as its first argument; after the call
 * {@link #errno()} gives, on the same thread, the value that the call left.
 */
public final class NativeCall {
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> SEGMENT =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURED));

    private NativeCall() {
    }

    /**
     * Links a function that reports through errno.
     *
     * @param address where the function is
     * @param descriptor its parameters and its result
     * @param options further options, such as {@link Linker.Option#firstVariadicArg}
     * @return a handle whose first parameter is the segment of {@link #errnoSegment()}
     */
    @SuppressWarnings("restricted")
    public static MethodHandle capturingErrno(MemorySegment address, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = Linker.Option.captureCallState("errno");
        return Linker.nativeLinker().downcallHandle(address, descriptor, all);
    }

    /**
     * Where calls of the current thread capture errno.
     *
     * @return the thread's own segment
     */
    public static MemorySegment errnoSegment() {
        return SEGMENT.get();
    }

    /**
     * The errno that the current thread's last capturing call left; meaningful only if that call failed.
     *
     * @return the errno, positive
     */
    public static int errno() {
        return (int) ERRNO.get(SEGMENT.get(), 0L);
    }

    /**
     * What a native call through a method handle threw: none declares anything, so it is a programming error.
     *
     * @param thrown what {@code invokeExact} threw
     * @return never; the return type lets a caller write {@code throw}
     */
    public static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException exception) {
            throw exception;
        }
        throw new AssertionError("a native call threw a checked exception", thrown);
    }
}
