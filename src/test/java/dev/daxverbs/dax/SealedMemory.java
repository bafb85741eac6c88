package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.nio.file.Path;

/** A memfd that can be written to but neither shrunk nor grown ({@code memfd_create(2)}): a file whose changes fail. */
record SealedMemory(int fd) implements AutoCloseable {
    static SealedMemory ofBytes(long sizeBytes) throws IOException {
        int fd = Posix.memfdCreate("daxverbs-test");
        int failed = Posix.ftruncate(fd, sizeBytes) | Posix.fcntl(fd, LibC.F_ADD_SEALS(), LibC.F_SEAL_SHRINK() | LibC.F_SEAL_GROW());
        if (failed != 0) {
            throw new IOException("memfd: " + failed);
        }
        return new SealedMemory(fd);
    }

    /** A path that opens it anew. */
    Path path() {
        return Path.of("/proc/self/fd/" + fd);
    }

    @Override
    public void close() {
        Posix.close(fd);
    }
}
