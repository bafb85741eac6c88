package dev.daxverbs.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Which files a range of this process's memory is mapped from, by the numbers that the kernel has for mappings: to be compared with what it was. Of
 * memory without a file it says no more than that something is mapped.
 *
 * @param stretches from the first byte to the last; neighbours that continue each other are one
 */
public record MappedRange(List<Stretch> stretches) {
    /**
     * A part of it.
     *
     * @param start its first address
     * @param end the first address behind it
     * @param device the device of the file's file system; zero without a file
     * @param inode the inode number of the file; zero without a file
     * @param offset where it begins in the file
     * @param shared whether the mapping is shared
     */
    public record Stretch(long start, long end, long device, long inode, long offset, boolean shared) {
        private boolean isContinuedBy(Stretch next) {
            boolean contiguous = inode == 0 && device == 0 || offset + (end - start) == next.offset;
            return end == next.start && device == next.device && inode == next.inode && shared == next.shared && contiguous;
        }
    }

    /**
     * Looks at a range.
     *
     * @return what is there; it ends early where nothing is mapped
     */
    public static MappedRange of(long address, long lengthBytes) {
        List<Stretch> found = new ArrayList<>();
        long end = address + lengthBytes;
        try (Mappings mappings = Mappings.open()) {
            for (long next = address; next < end;) {
                Mapping mapping = mappings.atOrAfter(next);
                if (mapping == null || mapping.start() > next) {
                    break;
                }
                Stretch stretch = new Stretch(next, Math.min(end, mapping.end()), mapping.device(), mapping.inode(),
                        mapping.hasFile() ? mapping.offset() + (next - mapping.start()) : 0, mapping.shared());
                if (!found.isEmpty() && found.getLast().isContinuedBy(stretch)) {
                    Stretch last = found.removeLast();
                    stretch = new Stretch(last.start, stretch.end, last.device, last.inode, last.offset, last.shared);
                }
                found.add(stretch);
                next = mapping.end();
            }
        }
        return new MappedRange(List.copyOf(found));
    }
}
