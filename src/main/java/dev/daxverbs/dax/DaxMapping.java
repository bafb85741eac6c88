package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Listing;
import dev.daxverbs.internal.Posix;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A shared mapping of a range of a file. It is unmapped by {@link #close} only, never by the garbage collector.
 *
 * <p>Any number of threads may use it, and its segment.
 */
public final class DaxMapping implements AutoCloseable {
    private final DaxFile file;
    private final long address;
    private final long offset;
    private final long length;
    private final boolean sync;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    /** Held for reading while a system call uses the addresses, for writing by close. */
    private final ReentrantReadWriteLock addressUse = new ReentrantReadWriteLock();
    /** Guarded by itself. Not by the lock above: a flush may take long, and must not hold up who only wants to hold. */
    private final Map<Object, Integer> users = new IdentityHashMap<>(); // how often each
    /** Written under both locks, read under either. */
    private boolean closed;

    @SuppressWarnings("restricted") // the addresses are those that mmap just gave, and end with the arena
    DaxMapping(DaxFile file, long address, long offset, long length, boolean sync) {
        this.file = file;
        this.address = address;
        this.offset = offset;
        this.length = length;
        this.sync = sync;
        MemorySegment mapped = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
        this.segment = file.isWritable() ? mapped : mapped.asReadOnly();
    }

    /**
     * The mapped memory. Any thread may access it until {@link #close}, after which access is an {@link IllegalStateException}. Access past
     * the end of a file that has become shorter is an {@link InternalError}, see the package page.
     *
     * @return the segment, read-only if the file is
     */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * The file that it maps; it may have been closed since.
     *
     * @return the file
     */
    public DaxFile file() {
        return file;
    }

    /**
     * Where it begins in the file.
     *
     * @return bytes
     */
    public long offset() {
        return offset;
    }

    /**
     * Its length.
     *
     * @return bytes, as asked for; the kernel maps whole pages
     */
    public long length() {
        return length;
    }

    /**
     * Whether a store to it is durable as soon as it has left the processor's caches ({@code MAP_SYNC} of {@code mmap(2)}), with no system call.
     *
     * @return true for DAX only
     */
    public boolean isSync() {
        return sync;
    }

    /**
     * Makes a range durable ({@code msync(2)} with {@code MS_SYNC}, on the whole pages around it).
     *
     * @param offset where it begins in this mapping, in bytes
     * @param length bytes
     * @throws IndexOutOfBoundsException if the range is not within the mapping
     * @throws IllegalStateException if the mapping is closed
     * @throws FileSystemException if {@code msync(2)} failed (EIO and so on): what was not written is unknown then
     */
    public void flush(long offset, long length) throws FileSystemException {
        Objects.checkFromIndexSize(offset, length, this.length);
        addressUse.readLock().lock();
        try {
            checkOpen();
            long begin = offset / Posix.PAGE_SIZE * Posix.PAGE_SIZE;
            int result = Posix.msync(address + begin, offset + length - begin, LibC.MS_SYNC());
            if (result != 0) {
                throw FileErrors.of(file.path(), "msync(offset=" + begin + ", length=" + (offset + length - begin)
                        + ", MS_SYNC) of " + this, result);
            }
        } finally {
            addressUse.readLock().unlock();
        }
    }

    /**
     * Makes all of it durable.
     *
     * @throws IllegalStateException if the mapping is closed
     * @throws FileSystemException as {@link #flush}
     */
    public void force() throws FileSystemException {
        flush(0, length);
    }

    /**
     * Keeps the mapping from being closed, for a layer above whose device uses its memory. May be called more than once with one user: then
     * each needs its own {@link #drop}.
     *
     * @param user who holds it; its {@code toString} is what a refused {@link #close} says
     * @throws IllegalStateException if the mapping is closed
     */
    public void hold(Object user) {
        Objects.requireNonNull(user, "user");
        synchronized (users) {
            checkOpen();
            users.merge(user, 1, Integer::sum);
        }
    }

    /**
     * Ends a {@link #hold}.
     *
     * @param user the same object that was given to hold
     * @throws IllegalStateException if it does not hold the mapping
     */
    public void drop(Object user) {
        synchronized (users) {
            if (!users.containsKey(user)) {
                throw new IllegalStateException("user=" + user + " does not hold " + this);
            }
            users.computeIfPresent(user, (held, times) -> times == 1 ? null : times - 1);
        }
    }

    /**
     * Unmaps it ({@code munmap(2)}). Idempotent. The file is not flushed, and not closed.
     *
     * @throws IllegalStateException if somebody {@linkplain #hold holds} it: the message says who; or if a native call uses the segment at
     *     this moment. It stays mapped then, and may be closed later
     * @throws UncheckedIOException if {@code munmap(2)} failed (ENOMEM: too many mappings in the process): it stays mapped but cannot be
     *     used any more
     */
    @Override
    public void close() {
        addressUse.writeLock().lock();
        try {
            synchronized (users) {
                if (closed) {
                    return;
                }
                if (!users.isEmpty()) {
                    throw new IllegalStateException(this + " is in use, close what uses it first: users=[" + Listing.of(users.keySet()) + "]");
                }
                arena.close(); // ends every access first; throws while a native call has the segment
                closed = true;
            }
            int result = Posix.munmap(address, length);
            if (result != 0) {
                throw new UncheckedIOException(FileErrors.of(file.path(), "munmap(length=" + length + ") of " + this, result));
            }
        } finally {
            addressUse.writeLock().unlock();
        }
    }

    @Override
    public String toString() {
        return "DaxMapping[path=" + file.path() + ", offset=" + offset + ", length=" + length + ", sync=" + sync + "]";
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the mapping is closed: " + this);
        }
    }
}
