package dev.daxverbs.dax;

import dev.daxverbs.internal.Mappings;

import java.util.List;

/**
 * What is mapped where in this process: from an address to its file.
 *
 * <p>The kernel is asked with {@code PROCMAP_QUERY} of {@code linux/fs.h} (Linux 6.11), or else {@code /proc/self/maps} is read
 * (<a href="https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html">proc_pid_maps(5)</a>), which takes milliseconds when there are
 * thousands of mappings. Each file found is reached without being opened ({@code O_PATH}: no lease is broken by it and no device disturbed),
 * by {@code /proc/self/map_files} where the process may do that ({@code CAP_CHECKPOINT_RESTORE} or {@code CAP_SYS_ADMIN}), by its path, or by
 * a descriptor that the process has, and only a file with the mapping's device and inode counts.
 *
 * <p>Any number of threads may use it. It keeps nothing.
 */
public final class AddressSpace {
    private AddressSpace() {
    }

    /**
     * Says what a range of memory is.
     *
     * <p><b>What the answer means.</b> Each extent was as it says at some moment of the call, not all of them at the same moment. When other
     * threads map, unmap or remap within the range meanwhile, an extent may be of before and its neighbour of after. When the call
     * returns, all of it may be different. Whoever keeps the memory mapped during the call (holds a {@link DaxMapping}, or an open arena) has a
     * right answer for as long as it is kept, but for names and {@link Extent#deleted}: renaming and unlinking stop for nobody.
     *
     * @param address the first address; it need not be the first of a page or mapping
     * @param length bytes, more than zero
     * @return the extents in ascending order, without gaps: together they are exactly the range. Each is as long as it can be within the range:
     *     mappings that the kernel keeps apart but that differ in nothing that an extent says are one
     * @throws IllegalArgumentException if the length is zero or negative, or the range is not within the addresses from 0 to 2^63 - 1, where it
     *     would wrap or be the kernel's
     * @throws InaccessibleMemoryException if a part of the range is not mapped, or mapped with {@code PROT_NONE}: the message names the range, the
     *     first such address, and what is there
     * @throws java.io.UncheckedIOException if the kernel does not tell: {@code /proc} is not mounted, or no descriptor is left (EMFILE)
     */
    public static List<Extent> resolve(long address, long length) {
        return resolve(address, length, Mappings::open, MappedFiles.Way.ALL);
    }

    /** The same with a source of mappings, and ways to reach files, of the caller's choice. */
    static List<Extent> resolve(long address, long length, MappingSource source, List<MappedFiles.Way> ways) {
        if (length <= 0) {
            throw new IllegalArgumentException("the length must be more than zero: address=0x" + Long.toHexString(address) + ", length="
                    + length);
        }
        if (address < 0 || address > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("the range wraps or reaches into the kernel's addresses, 2^63 and above: address=0x"
                    + Long.toHexString(address) + ", length=" + length);
        }
        try (Mappings mappings = source.open()) {
            return new RangeWalk(address, length, mappings, new MappedFiles(source, ways)).extents();
        }
    }

    /** Opens a look at the mappings of this process. */
    @FunctionalInterface
    interface MappingSource {
        Mappings open();
    }
}
