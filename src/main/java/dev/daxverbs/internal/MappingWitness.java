package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.procmap_query;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Remembers which files were mapped to a range of this process's memory, and asks the kernel whether they still are: the same files (device
 * and inode) at the same offsets, with the same protection. By {@code ioctl(PROCMAP_QUERY)} of {@code linux/fs.h}, from Linux 6.11 on.
 *
 * <p>What it cannot tell: whether the mapping was taken away and made anew in between (the same bytes of the same file are there), and
 * whether memory without a file is the same (it has nothing to be known by). An inode number is a file's only for as long as the file
 * exists; whoever needs to be sure keeps the file open.
 *
 * <p>Immutable; any thread may ask, without a lock. Asking allocates nothing but, once for each thread, the memory of the question.
 */
public final class MappingWitness {
    private static final long FLAGS = LibC.PROCMAP_QUERY_VMA_READABLE() | LibC.PROCMAP_QUERY_VMA_WRITABLE()
            | LibC.PROCMAP_QUERY_VMA_EXECUTABLE() | LibC.PROCMAP_QUERY_VMA_SHARED();
    /** Each thread's own. */
    private static final ThreadLocal<MemorySegment> QUERY =
            ThreadLocal.withInitial(() -> procmap_query.allocate(Arena.ofAuto()));

    /** This process's mappings; open for as long as the process lives, so that nobody asks a descriptor that has become another's. */
    private static final class Source {
        static final int FD = open();

        private static int open() {
            int fd = Posix.open(ParsedMappings.MAPS.toString(), LibC.O_RDONLY(), 0);
            if (fd < 0) {
                return -1;
            }
            MemorySegment query = QUERY.get();
            int answer = ask(fd, query, query.address());
            if (answer == 0) {
                return fd;
            }
            Posix.close(fd);
            return -1;
        }
    }

    private final long start;
    /** Of each piece: where it ends; pieces follow each other without gaps. */
    private final long[] ends;
    /** Of each piece: its offset in the file less its address. */
    private final long[] shifts;
    private final long[] devices;
    private final long[] inodes;
    private final long[] flags;

    private MappingWitness(long start, long[] ends, long[] shifts, long[] devices, long[] inodes, long[] flags) {
        this.start = start;
        this.ends = ends;
        this.shifts = shifts;
        this.devices = devices;
        this.inodes = inodes;
        this.flags = flags;
    }

    /**
     * Whether the kernel answers such questions.
     *
     * @return false before Linux 6.11, and where {@code /proc} is not mounted
     */
    public static boolean isAvailable() {
        return Source.FD >= 0;
    }

    /**
     * Looks at what is mapped now.
     *
     * @param start the first address
     * @param end the first address behind the range
     * @return null if the kernel does not answer, or if a part of the range is not a shared mapping of a file
     */
    public static MappingWitness of(long start, long end) {
        if (!isAvailable()) {
            return null;
        }
        MemorySegment query = QUERY.get();
        int count = 0;
        long[] ends = new long[1];
        long[] shifts = new long[1];
        long[] devices = new long[1];
        long[] inodes = new long[1];
        long[] flags = new long[1];
        for (long at = start; at < end; at = ends[count++]) {
            if (ask(Source.FD, query, at) != 0 || (procmap_query.vma_flags(query) & LibC.PROCMAP_QUERY_VMA_SHARED()) == 0
                    || procmap_query.inode(query) == 0) {
                return null;
            }
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, 2 * count);
                shifts = Arrays.copyOf(shifts, 2 * count);
                devices = Arrays.copyOf(devices, 2 * count);
                inodes = Arrays.copyOf(inodes, 2 * count);
                flags = Arrays.copyOf(flags, 2 * count);
            }
            ends[count] = Math.min(end, procmap_query.vma_end(query));
            shifts[count] = shift(query);
            devices[count] = device(query);
            inodes[count] = procmap_query.inode(query);
            flags[count] = procmap_query.vma_flags(query) & FLAGS;
        }
        return new MappingWitness(start, Arrays.copyOf(ends, count), Arrays.copyOf(shifts, count), Arrays.copyOf(devices, count),
                Arrays.copyOf(inodes, count), Arrays.copyOf(flags, count));
    }

    /**
     * Asks whether a part of the range is mapped as it was.
     *
     * @param from the first address, within the range
     * @param to the first address behind the part, within the range or its end
     * @return false if a page of it is of another file or offset, has another protection, or is not mapped; or the kernel does not answer
     */
    public boolean isStillSo(long from, long to) {
        if (from < start || to > ends[ends.length - 1]) {
            throw new IndexOutOfBoundsException("from=0x%x, to=0x%x: not within 0x%x to 0x%x".formatted(from, to, start,
                    ends[ends.length - 1]));
        }
        MemorySegment query = QUERY.get();
        int piece = 0;
        long at = from;
        while (at < to) {
            while (ends[piece] <= at) {
                piece++;
            }
            // The kernel may show as one mapping what were several, and the other way round: each page counts, not where mappings begin.
            if (ask(Source.FD, query, at) != 0 || shift(query) != shifts[piece] || procmap_query.inode(query) != inodes[piece]
                    || device(query) != devices[piece] || (procmap_query.vma_flags(query) & FLAGS) != flags[piece]) {
                return false;
            }
            at = Math.min(ends[piece], procmap_query.vma_end(query));
        }
        return true;
    }

    private static long shift(MemorySegment query) {
        return procmap_query.vma_offset(query) - procmap_query.vma_start(query);
    }

    private static long device(MemorySegment query) {
        return Posix.packDevice(procmap_query.dev_major(query), procmap_query.dev_minor(query));
    }

    /** Asks for the mapping that covers an address: zero, or the negated errno ({@code ENOENT}: there is none). */
    private static int ask(int fd, MemorySegment query, long address) {
        query.fill((byte) 0); // it holds the last answer; neither a name nor a build id is wanted
        procmap_query.size(query, procmap_query.sizeof());
        procmap_query.query_addr(query, address);
        return Posix.ioctl(fd, LibC.PROCMAP_QUERY(), query);
    }
}
