package dev.daxverbs.dax;

import java.util.Optional;

/**
 * What extents of one mapping have in common, see {@link Extent}.
 *
 * @param kind where the memory comes from
 * @param memory what the memory of the file is
 * @param device the device of the file's file system
 * @param inode the inode number of the file
 * @param confirmed whether device and inode are those of {@code fstat(2)}
 * @param name the path, or what the kernel calls the memory
 * @param deleted whether the file has no longer that path
 */
record MappedFile(ExtentKind kind, Optional<MemoryKind> memory, long device, long inode, boolean confirmed, String name, boolean deleted) {
}
