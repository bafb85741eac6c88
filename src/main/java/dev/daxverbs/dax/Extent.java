package dev.daxverbs.dax;

import java.util.Objects;
import java.util.Optional;

/**
 * A part of this process's memory that is alike: see {@link AddressSpace#resolve}. What it says was so when it was made; nothing keeps it so.
 *
 * <p>Immutable. Two are equal if all that they say is.
 *
 * @param address its first address
 * @param length bytes, more than zero
 * @param kind where the memory comes from
 * @param memory what the memory of the file is, also under private mappings; huge pages without a file are {@link MemoryKind#HUGETLB}. Empty
 *     for other memory without a file, and for a file that could not be reached, if its file system alone does not tell
 * @param device the device of the file's file system, packed as {@code major << 32 | minor}; zero without a file
 * @param inode the inode number of the file; zero without a file
 * @param confirmed whether device and inode are those that {@code fstat(2)} gives for a descriptor of the file. If not they are those of
 *     {@code proc_pid_maps(5)}, which some file systems (btrfs, and overlayfs of older kernels) do not give to {@code fstat(2)}
 * @param offset where it begins in the file, in bytes; zero without a file
 * @param readable whether it may be read
 * @param writable whether it may be written to
 * @param executable whether it may be executed
 * @param shared whether the mapping is shared ({@code MAP_SHARED})
 * @param name the path of the file, as far as known, or what the kernel calls the memory: {@code [heap]}, {@code /memfd:name}, {@code [vdso]}; empty
 *     if it has no name. Bytes that are not UTF-8 are {@code U+FFFD}
 * @param deleted whether the file has been unlinked, or another file moved to its place: the name is the path that it last had
 */
public record Extent(long address, long length, ExtentKind kind, Optional<MemoryKind> memory, long device, long inode, boolean confirmed,
        long offset, boolean readable, boolean writable, boolean executable, boolean shared, String name, boolean deleted) {
    /**
     * An extent by its parts.
     *
     * @throws NullPointerException if a part is null
     */
    public Extent {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(name, "name");
    }

    /** Whether the other begins where this ends, in memory and in the file, and is alike otherwise. */
    boolean isContinuedBy(Extent next) {
        return next.equals(new Extent(address + length, next.length, kind, memory, device, inode, confirmed,
                hasFile() ? offset + length : 0, readable, writable, executable, shared, name, deleted));
    }

    Extent continuedBy(Extent next) {
        return new Extent(address, length + next.length, kind, memory, device, inode, confirmed, offset, readable, writable, executable,
                shared, name, deleted);
    }

    private boolean hasFile() {
        return inode != 0 || device != 0;
    }

    /** As in {@code proc_pid_maps(5)}, in one line for messages. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Extent[0x").append(Long.toHexString(address)).append("-0x")
                .append(Long.toHexString(address + length)).append(' ').append(readable ? 'r' : '-').append(writable ? 'w' : '-')
                .append(executable ? 'x' : '-').append(shared ? 's' : 'p').append(", ").append(kind);
        memory.ifPresent(known -> text.append(", ").append(known));
        if (hasFile()) {
            text.append(", offset=").append(offset).append(", device=").append(device >>> 32).append(':').append(device & 0xffffffffL)
                    .append(", inode=").append(inode).append(confirmed ? "" : " (unconfirmed)");
        }
        if (!name.isEmpty()) {
            text.append(", ").append(name);
        }
        return text.append(deleted ? " (deleted)]" : "]").toString();
    }
}
