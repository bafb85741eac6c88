package dev.daxverbs.dax;

/** Where the memory of an {@link Extent} comes from. */
public enum ExtentKind {
    /**
     * No file that anybody could make shorter: memory of {@code malloc}, of an {@link java.lang.foreign.Arena}, of a direct buffer, thread
     * stacks, {@code MAP_ANONYMOUS} (shared or private, huge pages or not), System V shared memory, private mappings of {@code /dev/zero}.
     */
    ANONYMOUS,
    /** A shared mapping of a memfd ({@code memfd_create(2)}): a file without a path, which can be made shorter unless it is sealed. */
    MEMFD,
    /** A shared mapping of a file: {@link Extent#memory} says of what file system. What {@code shm_open(3)} makes is one, on tmpfs. */
    SHARED_FILE,
    /**
     * A private mapping of a file or memfd: its pages are the file's until they are written to, and then anonymous. What is stored there
     * never reaches the file.
     */
    PRIVATE_FILE,
    /** A mapping of a device file. {@link Extent#memory} is {@link MemoryKind#DEVICE_DAX} for persistent memory and empty for others. */
    DEVICE,
    /** Something of the kernel's: {@code [vdso]}, {@code [vvar]}, rings of {@code io_uring(7)}, perf buffers. */
    SPECIAL
}
