package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.ibv_context;
import dev.daxverbs.internal.Ibverbs;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A stand-in for libibverbs and a device, which does nothing: it completes every request at once. A real one would hide the cost of the
 * library behind its own.
 *
 * <p>It is a C library that calls itself libibverbs.so.1. Once it is loaded, dlopen(3) of that name gives it and looks no further, so it
 * must be loaded first, and stays for the life of the process.
 */
final class NullDevice {
    private static final String SOURCE = "null-ibverbs.c";

    private NullDevice() {
    }

    /** Compiles and loads it. */
    @SuppressWarnings("restricted")
    static void load() throws IOException {
        Path folder = Files.createTempDirectory("daxverbs-null-device-");
        Path source = folder.resolve(SOURCE);
        Path library = folder.resolve("libibverbs.so.1");
        try (InputStream text = NullDevice.class.getResourceAsStream(SOURCE)) {
            Files.copy(text, source);
            compile(source, library);
            SymbolLookup.libraryLookup(library, Arena.global());
        } finally {
            Files.deleteIfExists(library);
            Files.deleteIfExists(source);
            Files.delete(folder);
        }
    }

    private static void compile(Path source, Path library) throws IOException {
        Process compiler = new ProcessBuilder("cc", "-O2", "-shared", "-fPIC", "-Wl,-soname,libibverbs.so.1", "-o", library.toString(),
                source.toString()).inheritIO().start();
        int status = compiler.onExit().join().exitValue();
        if (status != 0) {
            throw new IOException("cc ends with status=%d: it needs the packages gcc and libibverbs-dev".formatted(status));
        }
    }

    /** The function pointers of its device ({@code struct ibv_context_ops}). */
    @SuppressWarnings("restricted")
    static MemorySegment operations() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = Ibverbs.getDeviceList(arena.allocate(ValueLayout.JAVA_INT)).reinterpret(ValueLayout.ADDRESS.byteSize());
            MemorySegment context = Ibverbs.openDevice(list.get(ValueLayout.ADDRESS, 0));
            return ibv_context.ops(ibv_context.reinterpret(context, Arena.global(), null));
        }
    }
}
