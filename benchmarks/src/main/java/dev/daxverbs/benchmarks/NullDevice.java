package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.ibv_context;
import dev.daxverbs.internal.Ibverbs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * A stand-in for libibverbs and a device, which does nothing: it completes every request at once. A real one would hide the cost of the
 * library behind its own.
 *
 * <p>It is a C library that calls itself libibverbs.so.1. Once it is loaded, dlopen(3) of that name gives it and looks no further, so it
 * must be loaded first, and stays for the life of the process.
 */
final class NullDevice {
    /** What reports call it. */
    static final String NAME = "stand-in";

    private static final String SOURCE = "null-ibverbs.c";

    /** System property: whether it takes the place of a device, which lets a benchmark run on any machine. */
    private static final String WANTED = "daxverbs.benchmarks.standIn";

    private static boolean loaded;

    private NullDevice() {
    }

    /** Whether it is to take the place of a device. */
    static boolean isWanted() {
        return Boolean.getBoolean(WANTED);
    }

    /** What a report says of the device: {@link #NAME}, or that it is a real one. */
    static String wantedDevice() {
        return isWanted() ? NAME : "real";
    }

    /** Compiles and loads it, if it is to take the place of a device. */
    static void loadIfWanted() throws IOException {
        if (isWanted()) {
            load();
        }
    }

    /** Compiles and loads it, once. */
    @SuppressWarnings("restricted")
    static synchronized void load() throws IOException {
        if (!loaded) {
            NativeLibrary.load(SOURCE, "libibverbs.so.1", file -> SymbolLookup.libraryLookup(file, Arena.global()));
            loaded = true;
        }
    }

    /** The function pointers of its device ({@code struct ibv_context_ops}). */
    static MemorySegment operations() {
        return ibv_context.ops(context());
    }

    /** Its device, opened ({@code struct ibv_context}). */
    @SuppressWarnings("restricted")
    static MemorySegment context() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = Ibverbs.getDeviceList(arena.allocate(ValueLayout.JAVA_INT)).reinterpret(ValueLayout.ADDRESS.byteSize());
            return ibv_context.reinterpret(Ibverbs.openDevice(list.get(ValueLayout.ADDRESS, 0)), Arena.global(), null);
        }
    }
}
