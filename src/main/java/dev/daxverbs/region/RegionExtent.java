package dev.daxverbs.region;

import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.dax.MemoryKind;

import java.util.Optional;

/**
 * A part of a region that lies over one file, or over none: see {@link RegionDescription#extents}.
 *
 * @param offset where it begins in the region, in bytes
 * @param lengthBytes its length
 * @param kind where the memory comes from
 * @param memory what the memory is; empty for anonymous memory, and where it cannot be told
 * @param name the path of the file when the region was made, or what the kernel calls the memory; empty if it has no name
 * @param fileOffset where it begins in the file, in bytes; zero without a file
 * @param guard what keeps it in place now
 * @param adoption how the library came to guard the file, or why it does not: words for people
 */
public record RegionExtent(long offset, long lengthBytes, ExtentKind kind, Optional<MemoryKind> memory, String name, long fileOffset, Guard guard,
        String adoption) {
    @Override
    public String toString() {
        return "[%d, +%d) %s%s%s, %s: %s".formatted(offset, lengthBytes, kind, memory.map(m -> " " + m).orElse(""),
                name.isEmpty() ? "" : " " + name + (kind == ExtentKind.ANONYMOUS ? "" : " at " + fileOffset), guard, adoption);
    }
}
