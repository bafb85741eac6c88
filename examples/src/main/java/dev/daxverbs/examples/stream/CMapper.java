package dev.daxverbs.examples.stream;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.daxverbs.examples.load.UserException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** The C library {@code examples/native/mapper.c}, which maps files and closes their descriptors; {@code scripts/stream} compiles it. */
final class CMapper {
    private static final Path LIBRARY = Path.of("examples/target/native/libmapper.so");

    private final MethodHandle map;
    private final MethodHandle unmap;

    @SuppressWarnings("restricted")
    private CMapper(SymbolLookup symbols) {
        map = NativeFunctions.link(symbols, "mapper_map", FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG));
        unmap = NativeFunctions.link(symbols, "mapper_unmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    }

    @SuppressWarnings("restricted")
    static CMapper load() throws UserException {
        if (!Files.exists(LIBRARY)) {
            throw new UserException(LIBRARY + " is not there: run scripts/stream or scripts/storm in the project's folder, which compile it");
        }
        return new CMapper(SymbolLookup.libraryLookup(LIBRARY.toAbsolutePath(), Arena.global()));
    }

    /** Maps a file for reading and writing, until the end. */
    @SuppressWarnings("restricted")
    MemorySegment map(Path path, long bytes, Closing closing) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(NativeFunctions.errnoLayout());
            long address = (long) map.invokeExact(errno, arena.allocateFrom(path.toString()), bytes);
            if (address == 0) {
                throw new IOException("mapper_map(path=%s, length=%d): errno=%d".formatted(path, bytes, NativeFunctions.errno(errno)));
            }
            closing.add(() -> unmap(address, bytes));
            return MemorySegment.ofAddress(address).reinterpret(bytes);
        } catch (IOException e) {
            throw e;
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
    }

    private void unmap(long address, long bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(NativeFunctions.errnoLayout());
            if ((int) unmap.invokeExact(errno, address, bytes) != 0) {
                throw new IOException("mapper_unmap(address=0x%x, length=%d): errno=%d".formatted(address, bytes, NativeFunctions.errno(errno)));
            }
        } catch (IOException e) {
            throw e;
        } catch (Throwable t) {
            throw NativeFunctions.unexpected(t);
        }
    }
}
