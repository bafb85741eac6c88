package dev.daxverbs.examples.stream;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.examples.stream.Judge.Verdict;
import dev.daxverbs.region.LeasePolicy;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory that the library is given without a word of where it comes from: a mapping whose descriptor is closed. The program has none of the file, and
 * looks at its content through the memory ({@link KernelCopy}): a second description would be in the way of the lease. So it would not notice if memory
 * and file were no longer the same; that is seen in the end, when the file is opened.
 */
final class UndeclaredMemory implements FileMemory {
    private static final String NEW_NAME = ".renamed";
    private static final int PIECE_BYTES = 1 << 20;
    /** What was killed in the end may be at work for a moment more. */
    private static final int TRIES = 10;
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(300);

    private final MemorySource source;
    private final Path oldPath;
    private final Path path;
    private final FileIdentity identity;
    private final MemoryKind kind;
    private final MemorySegment memory;

    private UndeclaredMemory(MemorySource source, Path oldPath, Path path, FileIdentity identity, MemoryKind kind, MemorySegment memory) {
        this.source = source;
        this.oldPath = oldPath;
        this.path = path;
        this.identity = identity;
        this.kind = kind;
        this.memory = memory;
    }

    /**
     * Maps all of a file, whose name may be taken away.
     *
     * @param file is closed
     */
    static UndeclaredMemory map(DaxFile file, MemorySource source, Closing closing) throws IOException {
        Path oldPath = file.path();
        FileIdentity identity = FileIdentity.of(oldPath);
        MemoryKind kind = file.kind();
        long bytes = file.size();
        file.close();
        MemorySegment memory = source == MemorySource.C_LIBRARY ? CMapper.load().map(oldPath, bytes, closing) : byChannel(oldPath, bytes, closing);
        Path path = oldPath;
        if (source == MemorySource.RENAMED) {
            path = Files.move(oldPath, oldPath.resolveSibling(oldPath.getFileName() + NEW_NAME));
            Path renamed = path;
            closing.add(() -> Files.deleteIfExists(renamed));
        } else if (source == MemorySource.UNLINKED) {
            Files.delete(oldPath);
        }
        if (source.losesName()) {
            makeUnrelated(oldPath, bytes);
        }
        List<Integer> left = identity.descriptors();
        if (!left.isEmpty()) {
            throw new IllegalStateException("the program has descriptors of %s still: %s".formatted(path, left));
        }
        return new UndeclaredMemory(source, oldPath, path, identity, kind, memory);
    }

    private static MemorySegment byChannel(Path path, long bytes, Closing closing) throws IOException {
        Arena arena = closing.add(Arena.ofShared());
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(MapMode.READ_WRITE, 0, bytes, arena);
        }
    }

    /** Another file: as long, so that nothing would fail if it were taken for the other, and all zero. */
    private static void makeUnrelated(Path path, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            channel.write(ByteBuffer.allocate(1), bytes - 1);
        }
    }

    @Override
    public MemoryKind kind() {
        return kind;
    }

    @Override
    public long sizeBytes() {
        return memory.byteSize();
    }

    @Override
    public MemoryRegion register(RegionDomain domain, Layout.Part part, Set<AccessFlag> access) throws IOException {
        return domain.register(memory.asSlice(part.offset(), part.lengthBytes()), access, LeasePolicy.PREFERRED);
    }

    @Override
    public Content content() throws IOException {
        return new KernelCopy(memory);
    }

    /** A file without a name is reached through a descriptor that the library has of it: {@code open(2)} and {@code truncate(2)} go through the link. */
    @Override
    public Path pathForOthers() throws IOException {
        return source != MemorySource.UNLINKED ? path : throughDescriptor().orElseThrow(() ->
                new UserException("the library has no descriptor of %s, which has been unlinked: nobody can open it".formatted(path)));
    }

    private Optional<Path> throughDescriptor() throws IOException {
        return identity.descriptors().stream().findFirst().map(descriptor -> Path.of("/proc/%d/fd/%d".formatted(ProcessHandle.current().pid(),
                descriptor)));
    }

    /** Others may have been killed when they had given it another name for a moment. */
    private Path pathInTheEnd() throws IOException {
        Optional<Path> way = throughDescriptor();
        return way.isPresent() ? way.get() : pathForOthers();
    }

    /** The file must have what the memory has, and the other one that came to its old name must be as it was. */
    @Override
    public void compareInTheEnd(Tally tally) throws IOException {
        boolean same = hasWhatMemoryHas();
        for (int i = 1; i < TRIES && !same; i++) {
            LockSupport.parkNanos(PAUSE_NS);
            same = hasWhatMemoryHas();
        }
        tally.compared(same ? Verdict.RIGHT : Verdict.WRONG, "in the end the file has other bytes than the memory that it was mapped to");
        if (source.losesName()) {
            tally.compared(isZero(oldPath, memory.byteSize()) ? Verdict.RIGHT : Verdict.WRONG,
                    "another file that came to the old name has been changed");
        }
    }

    private boolean hasWhatMemoryHas() throws IOException {
        MemorySegment inMemory = Arena.ofAuto().allocate(PIECE_BYTES);
        MemorySegment inFile = Arena.ofAuto().allocate(PIECE_BYTES);
        try (Content content = content(); FileChannel channel = FileChannel.open(pathInTheEnd(), StandardOpenOption.READ)) {
            for (long position = 0; position < memory.byteSize(); position += PIECE_BYTES) {
                long wanted = Math.min(PIECE_BYTES, memory.byteSize() - position);
                long there = content.read(inMemory.asSlice(0, wanted), position);
                long read = read(channel, inFile.asSlice(0, wanted), position);
                // Of the page in which the file ends, the memory has all.
                boolean alike = there >= read && there - read < Layout.PAGE_BYTES && inMemory.asSlice(0, read).mismatch(inFile.asSlice(0, read)) == -1;
                if (!alike) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isZero(Path path, long bytes) throws IOException {
        MemorySegment zeros = Arena.ofAuto().allocate(PIECE_BYTES);
        MemorySegment found = Arena.ofAuto().allocate(PIECE_BYTES);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            for (long position = 0; position < bytes; position += PIECE_BYTES) {
                long read = read(channel, found, position);
                if (zeros.asSlice(0, read).mismatch(found.asSlice(0, read)) != -1) {
                    return false;
                }
            }
            return channel.size() == bytes;
        }
    }

    /** How many bytes: fewer than there is room for if the file ends before. */
    private static long read(FileChannel channel, MemorySegment destination, long position) throws IOException {
        ByteBuffer buffer = destination.asByteBuffer();
        int read = 0;
        while (read >= 0 && buffer.hasRemaining()) {
            read = channel.read(buffer, position + buffer.position());
        }
        return buffer.position();
    }
}
