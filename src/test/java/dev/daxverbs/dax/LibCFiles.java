package dev.daxverbs.dax;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Calls on files by the bytes of their names. */
final class LibCFiles {
    private static final MethodHandle UNLINK = link("unlink");

    private LibCFiles() {
    }

    @SuppressWarnings("restricted")
    private static MethodHandle link(String function) {
        return Linker.nativeLinker().downcallHandle(Linker.nativeLinker().defaultLookup().find(function).orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    }

    /** {@code int unlink(const char *path)}; a file that is not there is no error. */
    static void unlink(byte[] path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment terminated = arena.allocate(path.length + 1L);
            MemorySegment.copy(path, 0, terminated, ValueLayout.JAVA_BYTE, 0, path.length);
            int ignored = (int) UNLINK.invokeExact(terminated);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
