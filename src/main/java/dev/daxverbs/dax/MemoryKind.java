package dev.daxverbs.dax;

/**
 * What the memory under a file's mappings is. It decides which registrations a device allows.
 */
public enum MemoryKind {
    /** Pages of tmpfs, ramfs or a memfd: memory that is the file. */
    TMPFS,
    /** Pages of the page cache, which the file system writes back; also files of overlayfs, whatever lies below. */
    PAGE_CACHE,
    /** Persistent memory, mapped directly: a file in DAX state ({@code STATX_ATTR_DAX} of {@code statx(2)}). */
    FS_DAX,
    /** A device-DAX character device ({@code /dev/dax0.0}): persistent memory without a file system. */
    DEVICE_DAX,
    /** Huge pages of hugetlbfs, or of a memfd made with {@code MFD_HUGETLB}. */
    HUGETLB
}
