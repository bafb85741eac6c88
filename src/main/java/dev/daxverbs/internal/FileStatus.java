package dev.daxverbs.internal;

/**
 * What {@code statx(2)} and {@code fstatfs(2)} say of an open file.
 *
 * @param device major and minor number of the file system's device, packed as {@code major << 32 | minor}
 * @param inode the inode number
 * @param mode type and permission bits
 * @param sizeBytes the file's length in bytes
 * @param dax whether the file is in DAX state ({@code STATX_ATTR_DAX}): its mappings reach the persistent memory directly
 * @param fileSystemMagic the {@code f_type} of {@code fstatfs(2)}, in 32 bits as the bindings have its constants: some are negative
 * @param fileSystemBlockBytes the {@code f_bsize} of {@code fstatfs(2)}: on hugetlbfs the size of a huge page
 * @param specialDevice the device that a device file stands for, packed like {@code device}; zero for other files
 */
public record FileStatus(long device, long inode, int mode, long sizeBytes, boolean dax, int fileSystemMagic,
        long fileSystemBlockBytes, long specialDevice) {
    private static final int TYPE_MASK = 0170000;
    private static final int REGULAR = 0100000;
    private static final int CHARACTER_DEVICE = 0020000;

    /**
     * What kind of file it is, in words.
     *
     * @return for instance {@code directory}
     */
    public String typeName() {
        return switch (mode & TYPE_MASK) {
            case REGULAR -> "regular file";
            case CHARACTER_DEVICE -> "character device";
            case 0040000 -> "directory";
            case 0060000 -> "block device";
            case 0010000 -> "FIFO";
            case 0120000 -> "symbolic link";
            case 0140000 -> "socket";
            default -> "anonymous inode";
        };
    }

    /** Whether it is a regular file. */
    public boolean isRegular() {
        return (mode & TYPE_MASK) == REGULAR;
    }

    /** Whether it is a character device, such as a device-DAX namespace. */
    public boolean isCharacterDevice() {
        return (mode & TYPE_MASK) == CHARACTER_DEVICE;
    }
}
