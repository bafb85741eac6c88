package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.NativeCall;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** A descriptor on a file, by system calls alone: this package knows no files. */
record TestFile(Path path, int fd) implements AutoCloseable {
    /** For reading and writing, or with READ for reading. */
    static TestFile open(Path path, StandardOpenOption... options) throws IOException {
        return openWithFlags(path, Arrays.asList(options).contains(StandardOpenOption.READ) ? LibC.O_RDONLY() : LibC.O_RDWR());
    }

    static TestFile openWithFlags(Path path, int flags) throws IOException {
        int fd = Posix.open(path.toString(), flags, 0);
        if (fd < 0) {
            throw new IOException("open: " + fd);
        }
        return new TestFile(path, fd);
    }

    FileLease lease(LeaseType type, LeaseHolder holder) throws LeaseUnavailableException {
        return FileLease.take(fd, path.toString(), type, holder);
    }

    /** {@code int truncate(const char *path, off_t length)}. */
    static int truncate(Path path, long length) {
        return Truncate.call(path, length);
    }

    private static final class Truncate {
        private static final java.lang.invoke.MethodHandle HANDLE = NativeCall.capturingErrno(
                Linker.nativeLinker().defaultLookup().find("truncate").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

        static int call(Path path, long length) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment name = arena.allocateFrom(path.toString());
                return (int) HANDLE.invokeExact(NativeCall.errnoSegment(), name, length) == 0 ? 0 : -NativeCall.errno();
            } catch (Throwable t) {
                throw NativeCall.unexpected(t);
            }
        }
    }

    @Override
    public void close() {
        Posix.close(fd);
    }
}
