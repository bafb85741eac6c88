package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Maps the same pages of a file again in the place of a mapping ({@code mmap(2)} with {@code MAP_FIXED}), by another open file description: the
 * mapping's own is dropped, and with it what stands in the way of a lease ({@code fcntl(2)}). Contents, protection, {@code MAP_SYNC}, locking and
 * advice stay.
 *
 * <p>The kernel exchanges the two under its lock of the address space, so no access by any thread sees a gap; it only has to fault pages in
 * anew. What the kernel would refuse is tried elsewhere first: a {@code MAP_FIXED} that fails may have unmapped already.
 *
 * <p><b>Race.</b> Should somebody unmap it and map something else there between our last look and the call, that is replaced. Whoever asks for
 * this promises that the mapping stays during the call; for memory of an arena that is made sure of: it cannot be closed during the call, and
 * was open at the look if it is then.
 */
public final class MappingReplacement {
    /** Of {@code asm-generic/mman.h}, as on x86-64, AArch64 and RISC-V. */
    private static final int MAP_LOCKED = 0x2000;
    private static final int PROT_EXEC = 4;

    private final Mapping mapping;
    private final MappingFlags flags;
    private final int protection;

    private MappingReplacement(Mapping mapping, MappingFlags flags) {
        this.mapping = mapping;
        this.flags = flags;
        protection = (mapping.readable() ? LibC.PROT_READ() : 0) | (mapping.writable() ? LibC.PROT_WRITE() : 0)
                | (mapping.executable() ? PROT_EXEC : 0);
    }

    /**
     * Replaces a mapping.
     *
     * @param mapping a shared one of a file
     * @param descriptor a descriptor of the same file
     * @param descriptorWritable whether it was opened for writing
     * @param kept a segment whose arena must stay open
     * @return why it was not done, for people; empty if it was
     */
    public static Optional<String> replace(Mapping mapping, int descriptor, boolean descriptorWritable, MemorySegment kept) {
        Optional<MappingFlags> flags = MappingFlags.of(mapping);
        if (flags.isEmpty()) {
            return Optional.of("/proc/self/smaps does not tell its flags");
        }
        if (flags.get().mayWrite() && !descriptorWritable) {
            return Optional.of("it was mapped by a descriptor open for writing, and the file can be opened for reading only");
        }
        if (flags.get().cannotBeRepeated()) {
            return Optional.of("it cannot be mapped alike: VmFlags " + String.join(" ", flags.get().words()));
        }
        return new MappingReplacement(mapping, flags.get()).run(descriptor, kept);
    }

    private Optional<String> run(int descriptor, MemorySegment kept) {
        long length = mapping.end() - mapping.start();
        int wanted = (flags.isSync() ? LibC.MAP_SHARED_VALIDATE() | LibC.MAP_SYNC() : LibC.MAP_SHARED())
                | (flags.isNotReserved() ? LibC.MAP_NORESERVE() : 0);
        long elsewhere = Posix.mmap(0, length, protection, wanted, descriptor, mapping.offset());
        if (elsewhere < 0) {
            return refused("a trial elsewhere", elsewhere);
        }
        Posix.munmap(elsewhere, length);
        try (Mappings now = Mappings.open()) {
            if (!mapping.equals(now.atOrAfter(mapping.start()))) {
                return Optional.of("it changed meanwhile");
            }
        }
        long replaced = Posix.mmapWhileAlive(mapping.start(), length, protection, wanted | LibC.MAP_FIXED() | (flags.isLocked() ? MAP_LOCKED : 0),
                descriptor, mapping.offset(), kept);
        if (replaced < 0) {
            return refused("MAP_FIXED", replaced);
        }
        for (int advice : flags.advice()) {
            Posix.madvise(mapping.start(), length, advice); // advice: the memory is what it was without it
        }
        return Optional.empty();
    }

    private static Optional<String> refused(String what, long result) {
        return Optional.of("mmap(%s): %s".formatted(what, Errno.name((int) -result)));
    }
}
