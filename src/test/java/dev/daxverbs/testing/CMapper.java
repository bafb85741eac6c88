package dev.daxverbs.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** A C library that maps files and closes their descriptors: {@code src/test/native/mapper.c}, which {@code scripts/test} compiles. */
@SuppressWarnings("restricted")
public final class CMapper {
    private static final Path LIBRARY = Path.of("target/test-native/libmapper.so");
    private static final SymbolLookup SYMBOLS = load();
    private static final MethodHandle MAP = link("mapper_map", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle UNMAP = link("mapper_unmap", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle COUNT = link("mapper_count", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG));

    private CMapper() {
    }

    private static SymbolLookup load() {
        if (!Files.exists(LIBRARY)) {
            throw new IllegalStateException(LIBRARY + " is not there: run the tests by scripts/test, or compile src/test/native/mapper.c to it");
        }
        return SymbolLookup.libraryLookup(LIBRARY.toAbsolutePath(), Arena.global());
    }

    private static MethodHandle link(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(SYMBOLS.find(name).orElseThrow(), descriptor);
    }

    /** Loads it, so that it is none of what a test may leave behind. */
    public static void prepare() {
        count(MemorySegment.NULL, 0, 0);
    }

    /** Maps a file and closes its descriptor. */
    public static MemorySegment map(Path path, long bytes, long offset, boolean writable) {
        try (Arena arena = Arena.ofConfined()) {
            long address = (long) MAP.invokeExact(arena.allocateFrom(path.toString()), bytes, offset, writable ? 1 : 0);
            if (address == 0) {
                throw new IllegalStateException("mapper_map(" + path + ") failed");
            }
            return NativeMemory.at(address, bytes);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** Unmaps it. */
    public static void unmap(MemorySegment mapped) {
        try {
            UNMAP.invokeExact(mapped.address(), mapped.byteSize());
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** Adds one to each word of it, so many times, without anybody's help. */
    public static void count(MemorySegment mapped, long words, long rounds) {
        try {
            COUNT.invokeExact(mapped.address(), words, rounds);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
