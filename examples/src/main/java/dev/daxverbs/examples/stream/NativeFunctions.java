package dev.daxverbs.examples.stream;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** Links C functions so that errno is captured in the same call: the first argument of a handle is memory of {@link #errnoLayout()}. */
final class NativeFunctions {
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(PathElement.groupElement("errno"));

    private NativeFunctions() {
    }

    @SuppressWarnings("restricted")
    static MethodHandle link(SymbolLookup symbols, String name, FunctionDescriptor descriptor) {
        MemorySegment address = symbols.find(name).orElseThrow(() -> new UnsatisfiedLinkError(name));
        return Linker.nativeLinker().downcallHandle(address, descriptor, Linker.Option.captureCallState("errno"));
    }

    /** Of the C library. */
    static MethodHandle link(String name, FunctionDescriptor descriptor) {
        return link(Linker.nativeLinker().defaultLookup(), name, descriptor);
    }

    /** Where calls of one thread leave errno. */
    static StructLayout errnoLayout() {
        return CAPTURED;
    }

    /** What the last call left there; means something only if it failed. */
    static int errno(MemorySegment captured) {
        return (int) ERRNO.get(captured, 0L);
    }

    /** What a handle throws that links a C function: nothing that a C function does. */
    static AssertionError unexpected(Throwable thrown) {
        if (thrown instanceof RuntimeException runtime) {
            throw runtime; // a closed arena
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AssertionError(thrown);
    }
}
