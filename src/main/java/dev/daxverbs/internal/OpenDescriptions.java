package dev.daxverbs.internal;

import java.util.List;

/**
 * The open file descriptions of one file that this process has descriptors of. There may be more: other processes have theirs, and a mapping
 * keeps one without any descriptor.
 *
 * @param all those found, by their lowest descriptors
 * @param distinct whether the kernel told them apart. If not (before Linux 6.10, where {@code kcmp(2)} is forbidden or not built in), each descriptor
 *     stands for one of its own, though some may be duplicates of others
 */
public record OpenDescriptions(List<OpenDescription> all, boolean distinct) {
    /** Those that can be written through. With more than one the process is in the way of its own write lease. */
    public List<OpenDescription> writable() {
        return all.stream().filter(OpenDescription::isWritable).toList();
    }

    /**
     * Those that a shared mapping can be of. Which one it really is of the kernel does not tell; with one of them its lease is granted
     * while nobody else has the file open, and with the others it is not.
     *
     * @param writable whether the mapping can be written to
     */
    public List<OpenDescription> mappable(boolean writable) {
        return all.stream().filter(description -> description.canBeMapped(writable)).toList();
    }
}
