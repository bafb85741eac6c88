package dev.daxverbs.internal;

/**
 * One mapping of this process, as the kernel tells of it.
 *
 * @param start its first address
 * @param end the first address behind it
 * @param readable whether its memory may be read
 * @param writable whether it may be written to
 * @param executable whether it may be executed
 * @param shared whether it was made with {@code MAP_SHARED}
 * @param offset where it begins in its file, in bytes; zero without a file
 * @param device the device of the file's file system, packed as {@code major << 32 | minor}; zero without a file
 * @param inode the inode number of the file; zero without a file
 * @param pageBytes the size of its pages; zero where the source does not tell
 * @param name what the kernel calls it: a path, perhaps with {@code " (deleted)"} behind it, or a word in brackets, or nothing. A path is bytes and
 *     need not be text, so each char is one byte (ISO 8859-1)
 */
public record Mapping(long start, long end, boolean readable, boolean writable, boolean executable, boolean shared, long offset, long device,
        long inode, long pageBytes, String name) {
    /** Where {@code proc(5)} has a link to its file, for processes that may follow it. */
    public String mapFile() {
        return "/proc/self/map_files/" + Long.toHexString(start) + "-" + Long.toHexString(end);
    }

    /** Whether a file, or something of the kernel's that passes for one, is mapped. */
    public boolean hasFile() {
        return inode != 0 || device != 0;
    }
}
