package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.Set;

/**
 * Registered memory of bounded size through which transfers go whose files the device cannot be let at.
 *
 * <p>It is a memfd, sealed to its size: so {@link StagedCopy} can have the kernel move bytes between it and a file's mapping, and nothing
 * can take its pages away. Who gets none now is remembered, and called in turn when there is some again: first come, first served, so that
 * a long message is not starved by short ones.
 *
 * <p>Thread use: any. Nobody waits in it.
 */
final class StagingPool implements AutoCloseable {
    /** What is handed out is a multiple of this. */
    static final int UNIT_BYTES = 4096;

    private final int units;
    private final int memfd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final MemoryRegistration registration;
    private final BitSet used = new BitSet(); // guarded by this
    private final Deque<Runnable> waiting = new ArrayDeque<>(); // guarded by this

    /**
     * Makes a pool.
     *
     * @param capacityBytes how much; a multiple of {@link #UNIT_BYTES}
     * @param access what the device and peers may do with it
     * @throws VerbsException if the memory cannot be had or registered
     */
    @SuppressWarnings("restricted") // the addresses are those that mmap just gave, and end with the arena
    StagingPool(ProtectionDomain domain, long capacityBytes, Set<AccessFlag> access) {
        units = Math.toIntExact(capacityBytes / UNIT_BYTES);
        memfd = checked(Posix.memfdCreate("daxverbs-staging"), "memfd_create(daxverbs-staging)");
        long address = -1;
        boolean made = false;
        try {
            checked(Posix.ftruncate(memfd, capacityBytes), "ftruncate(memfd, sizeBytes=" + capacityBytes + ")");
            checked(Posix.fcntl(memfd, LibC.F_ADD_SEALS(), LibC.F_SEAL_SHRINK() | LibC.F_SEAL_GROW()), "fcntl(memfd, F_ADD_SEALS)");
            address = Posix.mmap(0, capacityBytes, LibC.PROT_READ() | LibC.PROT_WRITE(), LibC.MAP_SHARED(), memfd, 0);
            checked(address < 0 ? (int) address : 0, "mmap(memfd, lengthBytes=" + capacityBytes + ")");
            memory = MemorySegment.ofAddress(address).reinterpret(capacityBytes, arena, null);
            registration = domain.register(memory, access);
            made = true;
        } finally {
            if (!made) {
                if (address >= 0) {
                    Posix.munmap(address, capacityBytes);
                }
                Posix.close(memfd);
            }
        }
    }

    private static int checked(int result, String call) {
        if (result < 0) {
            throw new VerbsException("staging memory: " + call, -result, "free memory or descriptors, or choose less with RegionOptions");
        }
        return result;
    }

    long capacityBytes() {
        return memory.byteSize();
    }

    int descriptor() {
        return memfd;
    }

    MemoryRegistration registration() {
        return registration;
    }

    /**
     * Takes some.
     *
     * @param bytes how many, 1 to {@link #capacityBytes}
     * @param whenFree is run when it is worth trying again, on the thread that gives some back, until it has got some or is
     *     {@linkplain #forget forgotten}; always the same object. Null for who does not want to wait in the line
     * @return the memory, or null if there is none now or others wait for it
     */
    synchronized StagingBuffer take(long bytes, Runnable whenFree) {
        boolean isNext = whenFree == null || waiting.isEmpty() || waiting.peekFirst() == whenFree;
        int first = isNext ? find(Math.toIntExact((bytes + UNIT_BYTES - 1) / UNIT_BYTES)) : -1;
        if (first < 0) {
            if (whenFree != null && !waiting.contains(whenFree)) {
                waiting.addLast(whenFree);
            }
            return null;
        }
        waiting.remove(whenFree);
        int count = Math.toIntExact((bytes + UNIT_BYTES - 1) / UNIT_BYTES);
        used.set(first, first + count);
        long offset = (long) first * UNIT_BYTES;
        return new StagingBuffer(this, offset, memory.asSlice(offset, bytes));
    }

    private int find(int count) {
        int first = used.nextClearBit(0);
        while (first + count <= units) {
            int next = used.nextSetBit(first);
            if (next < 0 || next >= first + count) {
                return first;
            }
            first = used.nextClearBit(next);
        }
        return -1;
    }

    /** Gives back what was taken. */
    void giveBack(StagingBuffer buffer) {
        Runnable next;
        synchronized (this) {
            int first = Math.toIntExact(buffer.offset() / UNIT_BYTES);
            used.clear(first, first + Math.toIntExact((buffer.segment().byteSize() + UNIT_BYTES - 1) / UNIT_BYTES));
            next = waiting.peekFirst();
        }
        if (next != null) {
            next.run();
        }
    }

    /** Who waited wants nothing any more; who is behind may have its turn. */
    void forget(Runnable whenFree) {
        Runnable next;
        synchronized (this) {
            if (!waiting.remove(whenFree)) {
                return;
            }
            next = waiting.peekFirst();
        }
        if (next != null) {
            next.run();
        }
    }

    /** How many bytes are taken. */
    synchronized long takenBytes() {
        return (long) used.cardinality() * UNIT_BYTES;
    }

    @Override
    public void close() {
        registration.close();
        long address = memory.address();
        arena.close();
        Posix.munmap(address, (long) units * UNIT_BYTES);
        int closed = Posix.close(memfd);
        if (closed < 0 && closed != -Errno.EINTR) {
            throw new VerbsException("staging memory: close(memfd)", -closed);
        }
    }
}
