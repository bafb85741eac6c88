package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Sizes;
import dev.daxverbs.examples.load.UserException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A copy of a file, or of its first bytes, that is deleted when closed. */
record FileUnderTest(Path path, long sizeBytes) implements AutoCloseable {
    static final long PAGE_BYTES = 4096;
    /** Less than this and the slots would have hardly any pages of their own. */
    static final long LEAST_BYTES = 256 * PAGE_BYTES;
    /** What a copy leaves free: metadata, and what the file system keeps back. */
    private static final long SPARE_BYTES = 16L << 20;

    /**
     * Copies a file.
     *
     * @param source the file
     * @param most how many bytes at most
     * @param target the copy, which must not be there yet
     */
    static FileUnderTest copy(Path source, long most, Path target) throws IOException {
        long size = Math.min(Files.size(source), most);
        Path folder = target.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new NoSuchFileException(folder.toString(), null, "no such folder, so nothing can be copied there");
        }
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free - SPARE_BYTES < size) {
            throw new UserException("not enough space in %s: %s is to be copied there and %s are free; use --size with less"
                    .formatted(folder, Sizes.text(size), Sizes.text(free)));
        }
        try (FileChannel from = FileChannel.open(source);
                FileChannel to = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long done = 0;
            while (done < size) {
                long step = from.transferTo(done, Math.min(size - done, 4 << 20), to);
                if (step <= 0) {
                    throw new IOException("%s ended after %d of %d bytes".formatted(source, done, size));
                }
                done += step;
            }
        } catch (IOException e) {
            Files.deleteIfExists(target);
            throw e;
        }
        return new FileUnderTest(target, size);
    }

    /** How much of a file fits into a folder so many times. */
    static long fitting(Path folder, int times) throws IOException {
        FileStore store = Files.getFileStore(folder);
        return Math.max(0, store.getUsableSpace() - SPARE_BYTES) / times / PAGE_BYTES * PAGE_BYTES;
    }

    /** How many whole pages it has. */
    long pages() {
        return sizeBytes / PAGE_BYTES;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
    }
}
