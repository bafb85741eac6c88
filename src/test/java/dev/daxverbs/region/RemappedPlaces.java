package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.NativeMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Places in memory, where one thing after the other is mapped: memfds, other bytes of them, other lengths, anonymous memory; under a new
 * arena each time, or known by its address only. The first eight bytes of each page say what has never been anywhere else, but for the
 * bytes of a file, which stay what they are wherever they are mapped.
 */
final class RemappedPlaces implements AutoCloseable {
    static final long PAGE = Posix.PAGE_SIZE;
    static final int PLACE_PAGES = 4;
    private static final int FILES = 8;

    final List<Place> places = new ArrayList<>();
    private final boolean withFiles;
    private final int count;
    private final AtomicLong stamps = new AtomicLong();
    private final int[] files = new int[FILES];
    private final Path folder; // where there are files in place of memfds; null: there are not
    private final long base;

    /** Places of memfds, or of anonymous memory only. */
    RemappedPlaces(int count, boolean withFiles) {
        this(count, withFiles, null);
    }

    /** Places of files in a folder, each opened and closed whenever it is mapped. */
    RemappedPlaces(int count, Path folder) {
        this(count, true, folder);
    }

    private RemappedPlaces(int count, boolean withFiles, Path folder) {
        this.count = count;
        this.withFiles = withFiles;
        this.folder = folder;
        base = check(Posix.mmap(0, count * PLACE_PAGES * PAGE, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0));
        for (int i = 0; i < FILES; i++) {
            files[i] = folder != null ? open(i, LibC.O_CREAT()) : (int) check(Posix.memfdCreate("daxverbs-place-" + i));
            check(Posix.ftruncate(files[i], usedBytes()));
            if (folder != null) {
                Posix.close(files[i]);
            }
        }
        for (int i = 0; i < count; i++) {
            places.add(new Place(i));
        }
    }

    private long usedBytes() {
        return count * 2L * PLACE_PAGES * PAGE;
    }

    private int open(int file, int flags) {
        return (int) check(Posix.open(folder.resolve("place-" + file).toString(), LibC.O_RDWR() | flags, 0600));
    }

    /** Makes a file longer or shorter, where no place has anything of it: what a lease knows is that somebody opens it for writing. */
    void changeAFile(ThreadLocalRandom random) {
        int file = random.nextInt(FILES);
        int fd = folder != null ? open(file, 0) : files[file];
        check(Posix.ftruncate(fd, usedBytes() + random.nextInt(4) * PAGE));
        if (folder != null) {
            Posix.close(fd);
        }
    }

    /**
     * Where something is mapped. Users have its lock for reading while they acquire and hold; who maps something else there, for writing.
     */
    final class Place {
        final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
        private final long address;
        private final int number;
        private MemorySegment memory;
        private Arena arena; // null: known by its address

        private Place(int number) {
            this.number = number;
            address = base + number * PLACE_PAGES * PAGE;
            map(ThreadLocalRandom.current());
        }

        /** Some of its pages. */
        MemorySegment part(ThreadLocalRandom random) {
            long pages = memory.byteSize() / PAGE;
            long from = random.nextLong(pages);
            return memory.asSlice(from * PAGE, (1 + random.nextLong(pages - from)) * PAGE);
        }

        /** Maps something else. */
        @SuppressWarnings("restricted")
        void map(ThreadLocalRandom random) {
            unmap();
            long length = (1 + random.nextInt(PLACE_PAGES)) * PAGE;
            int what = random.nextInt(8);
            boolean anonymous = !withFiles || what == 0 || what >= 6;
            int flags = LibC.MAP_FIXED() | (anonymous ? LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() : LibC.MAP_SHARED());
            // Each place has its own bytes in each file, twice, so that nobody else writes to them.
            long offset = (number * 2L + random.nextInt(2)) * PLACE_PAGES * PAGE;
            int file = random.nextInt(FILES);
            int fd = anonymous ? -1 : folder != null ? open(file, 0) : files[file];
            check(Posix.mmap(address, length, LibC.PROT_READ() | LibC.PROT_WRITE(), flags, fd, anonymous ? 0 : offset));
            if (!anonymous && folder != null) {
                Posix.close(fd);
            }
            memory = NativeMemory.at(address, length);
            if (what >= (withFiles ? 3 : 1)) {
                arena = Arena.ofShared();
                memory = memory.reinterpret(arena, segment -> reserve(segment.address(), length));
            }
            for (long at = 0; at < length; at += PAGE) {
                if (memory.get(ValueLayout.JAVA_LONG, at) == 0) {
                    memory.set(ValueLayout.JAVA_LONG, at, stamps.incrementAndGet());
                }
            }
        }

        private void unmap() {
            if (arena != null) {
                arena.close();
                arena = null;
            } else if (memory != null) {
                reserve(address, memory.byteSize());
            }
            memory = null;
        }
    }

    /** Unmaps, and keeps others from mapping there. */
    private static void reserve(long address, long length) {
        check(Posix.mmap(address, length, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS() | LibC.MAP_FIXED(), -1, 0));
    }

    private static long check(long result) {
        if (result < 0) {
            throw new AssertionError("failed: " + result);
        }
        return result;
    }

    @Override
    public void close() {
        places.forEach(Place::unmap);
        check(Posix.munmap(base, count * PLACE_PAGES * PAGE));
        if (folder == null) {
            for (int file : files) {
                Posix.close(file);
            }
        }
    }
}
