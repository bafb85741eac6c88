package dev.daxverbs.testing;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Where a program's memory may come from that knows nothing of this library. */
public enum MemorySource {
    /** {@code FileChannel.map}, the channel closed. */
    CHANNEL_CLOSED {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            try (FileChannel channel = open(path, writable)) {
                return channel.map(writable ? MapMode.READ_WRITE : MapMode.READ_ONLY, 0, channel.size(), memory.arena);
            }
        }
    },
    /** {@code FileChannel.map}, the channel still open. */
    CHANNEL_OPEN {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            FileChannel channel = open(path, writable);
            memory.channel = channel;
            return channel.map(writable ? MapMode.READ_WRITE : MapMode.READ_ONLY, 0, channel.size(), memory.arena);
        }
    },
    /** A read-only mapping of a channel that is open for writing as well, closed. */
    READ_ONLY_OF_WRITABLE {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            try (FileChannel channel = open(path, true)) {
                return channel.map(writable ? MapMode.READ_WRITE : MapMode.READ_ONLY, 0, channel.size(), memory.arena);
            }
        }
    },
    /** {@code ExtendedMapMode}: {@code MAP_SYNC}, where the file system has it. */
    CHANNEL_SYNC {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            try (FileChannel channel = open(path, writable)) {
                return channel.map(extended(writable ? "READ_WRITE_SYNC" : "READ_ONLY_SYNC"), 0, channel.size(), memory.arena);
            }
        }
    },
    /** {@code MappedByteBuffer}, the channel closed. */
    BUFFER {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            try (FileChannel channel = open(path, writable)) {
                return MemorySegment.ofBuffer(channel.map(writable ? MapMode.READ_WRITE : MapMode.READ_ONLY, 0, channel.size()));
            }
        }
    },
    /** {@code MapMode.PRIVATE}, the channel closed. */
    CHANNEL_PRIVATE {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            try (FileChannel channel = open(path, true)) {
                MemorySegment mapped = channel.map(MapMode.PRIVATE, 0, channel.size(), memory.arena);
                return writable ? mapped : mapped.asReadOnly();
            }
        }
    },
    /** {@code open(2)}, {@code mmap(2)}, {@code close(2)} by native calls. */
    NATIVE {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            int fd = Posix.open(path.toString(), writable ? LibC.O_RDWR() : LibC.O_RDONLY(), 0);
            long bytes = Files.size(path);
            long address = Posix.mmap(0, bytes, LibC.PROT_READ() | (writable ? LibC.PROT_WRITE() : 0), LibC.MAP_SHARED(), fd, 0);
            Posix.close(fd);
            if (address < 0) {
                throw new IOException("mmap: " + address);
            }
            memory.unmapping = () -> Posix.munmap(address, bytes);
            return NativeMemory.at(address, bytes);
        }
    },
    /** A C library that closes its descriptor. */
    C_LIBRARY {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            MemorySegment mapped = CMapper.map(path, Files.size(path), 0, writable);
            memory.unmapping = () -> CMapper.unmap(mapped);
            return mapped;
        }
    },
    /** The file gets another name after it was mapped. */
    RENAMED {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            MemorySegment mapped = CHANNEL_CLOSED.map(path, writable, memory);
            memory.path = Files.move(path, path.resolveSibling(path.getFileName() + "-renamed"));
            return mapped;
        }
    },
    /** The file loses its name after it was mapped; another one takes its place. */
    UNLINKED {
        @Override
        MemorySegment map(Path path, boolean writable, Memory memory) throws IOException {
            MemorySegment mapped = CHANNEL_CLOSED.map(path, writable, memory);
            Files.delete(path);
            Files.write(path, new byte[] {1, 2, 3});
            memory.path = null;
            return mapped;
        }
    };

    abstract MemorySegment map(Path path, boolean writable, Memory memory) throws IOException;

    /** By name, as the module of {@code jdk.nio.mapmode} is none that the library needs. */
    private static MapMode extended(String mode) {
        try {
            return (MapMode) Class.forName("jdk.nio.mapmode.ExtendedMapMode").getField(mode).get(null);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static FileChannel open(Path path, boolean writable) throws IOException {
        return writable ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(path, StandardOpenOption.READ);
    }

    /** Maps all of a file. */
    public Memory of(Path path, boolean writable) throws IOException {
        Memory memory = new Memory(path);
        boolean mapped = false;
        try {
            memory.segment = map(path, writable, memory);
            mapped = true;
            return memory;
        } finally {
            if (!mapped) {
                memory.close();
            }
        }
    }

    /** What was mapped; unmapped when closed. */
    public static final class Memory implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private MemorySegment segment;
        private Path path;
        private FileChannel channel;
        private Runnable unmapping = () -> { };

        private Memory(Path path) {
            this.path = path;
        }

        /** The memory. */
        public MemorySegment segment() {
            return segment;
        }

        /** Where the file is; null if it has no name. */
        public Path path() {
            return path;
        }

        @Override
        public void close() throws IOException {
            arena.close();
            unmapping.run();
            if (channel != null) {
                channel.close();
            }
        }
    }
}
