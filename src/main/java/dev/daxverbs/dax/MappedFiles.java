package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.Mappings;
import dev.daxverbs.internal.MountedFileSystems;
import dev.daxverbs.internal.OpenFiles;
import dev.daxverbs.internal.Posix;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the files of mappings, each only once. For one call of {@link AddressSpace#resolve}. */
final class MappedFiles {
    /** How a file is reached. */
    enum Way {
        /** {@code /proc/self/map_files}: any file, if the process is privileged. */
        MAP_FILES,
        /** The path that the kernel tells: a file that is still there, and that the process may look up. */
        PATH,
        /** A descriptor that the process has of the file. */
        DESCRIPTORS;

        static final List<Way> ALL = List.of(values());
    }

    /** {@code /dev/zero}, major 1, minor 5: its private mappings are memory without a file. */
    private static final long DEV_ZERO = 1L << 32 | 5;
    private static final String MEMFD = "/memfd:";
    /** A file that is nowhere, which the kernel makes for memory without a file that is shared. */
    private static final List<String> ANONYMOUS_FILES = List.of("/dev/zero", "/SYSV", "/anon_hugepage", "[anon_shmem:");
    /** What the program's own memory is called, if it has a name; pages of the kernel's have names and no file, too. */
    private static final List<String> MEMORY_OF_THE_PROGRAM = List.of("[heap]", "[stack", "[anon:");

    private final AddressSpace.MappingSource source;
    private final List<Way> ways;
    private final Map<Object, MappedFile> found = new HashMap<>();
    private final MountedFileSystems mounted = new MountedFileSystems();

    MappedFiles(AddressSpace.MappingSource source, List<Way> ways) {
        this.source = source;
        this.ways = ways;
    }

    /**
     * The file of a mapping.
     *
     * @param mapping the mapping
     * @param newlinesEscaped whether newlines in its name are
     */
    MappedFile of(Mapping mapping, boolean newlinesEscaped) {
        if (!mapping.hasFile()) {
            return withoutFile(mapping);
        }
        List<Object> key = List.of(mapping.device(), mapping.inode(), mapping.name(), mapping.shared());
        return found.computeIfAbsent(key, unused -> find(mapping, new KernelName(mapping.name(), newlinesEscaped)));
    }

    private static MappedFile withoutFile(Mapping mapping) {
        String name = mapping.name();
        boolean anonymous = name.isEmpty() || startsWithAny(name, MEMORY_OF_THE_PROGRAM);
        return new MappedFile(anonymous ? ExtentKind.ANONYMOUS : ExtentKind.SPECIAL, Optional.empty(), 0, 0, false, KernelName.text(name), false);
    }

    private MappedFile find(Mapping mapping, KernelName name) {
        if (mapping.device() == SharedMemory.DEVICE && startsWithAny(mapping.name(), ANONYMOUS_FILES)) {
            return kernelsOwn(mapping, name, null, ExtentKind.ANONYMOUS, Optional.empty());
        }
        FileStatus status = ways.contains(Way.MAP_FILES) ? throughMapFiles(mapping) : null;
        String path = null;
        if (ways.contains(Way.PATH)) {
            for (String possible : name.possiblePaths()) {
                FileStatus there = statusAt(KernelName.bytes(possible));
                if (there != null && (status == null ? isOf(mapping, there) : isSameFile(status, there))) {
                    status = there;
                    path = possible;
                    break;
                }
            }
        }
        if (status == null && ways.contains(Way.DESCRIPTORS)) {
            status = OpenFiles.statusOf(mapping.device(), mapping.inode());
        }
        return path != null ? atPath(mapping, path, status) : withoutPath(mapping, name, status);
    }

    private MappedFile atPath(Mapping mapping, String path, FileStatus status) {
        return new MappedFile(kind(mapping, status), memory(status), status.device(), status.inode(), true, KernelName.text(path), false);
    }

    private MappedFile withoutPath(Mapping mapping, KernelName name, FileStatus status) {
        boolean nowhere = mapping.device() == SharedMemory.DEVICE || mounted.typeOf(mapping.device()).isEmpty();
        if (nowhere && mapping.name().startsWith(MEMFD)) {
            return kernelsOwn(mapping, name, status, mapping.shared() ? ExtentKind.MEMFD : ExtentKind.PRIVATE_FILE,
                    Optional.of(mapping.device() == SharedMemory.DEVICE ? MemoryKind.TMPFS : MemoryKind.HUGETLB));
        }
        if (nowhere && startsWithAny(mapping.name(), ANONYMOUS_FILES)) {
            return kernelsOwn(mapping, name, status, ExtentKind.ANONYMOUS, Optional.of(MemoryKind.HUGETLB));
        }
        String text = KernelName.text(name.likely());
        if (status != null) {
            return new MappedFile(kind(mapping, status), memory(status), status.device(), status.inode(), true, text, name.remarksDeleted());
        }
        String type = mounted.typeOf(mapping.device()).orElse(mapping.pageBytes() > Posix.PAGE_SIZE ? "hugetlbfs" : "");
        boolean isFile = mapping.name().startsWith("/") || mapping.name().isEmpty(); // empty: longer than the kernel tells
        ExtentKind kind = !isFile ? ExtentKind.SPECIAL
                : type.equals("devtmpfs") ? ExtentKind.DEVICE
                : mapping.shared() ? ExtentKind.SHARED_FILE : ExtentKind.PRIVATE_FILE;
        return new MappedFile(kind, memoryOfType(type), mapping.device(), mapping.inode(), false, text, name.remarksDeleted());
    }

    /** Something that has never had a path: the kernel's remark that it is deleted says nothing. */
    private static MappedFile kernelsOwn(Mapping mapping, KernelName name, FileStatus status, ExtentKind kind, Optional<MemoryKind> memory) {
        return new MappedFile(kind, memory, mapping.device(), mapping.inode(), status != null, KernelName.text(name.likely()), false);
    }

    private static ExtentKind kind(Mapping mapping, FileStatus status) {
        if (status.isRegular()) {
            return mapping.shared() ? ExtentKind.SHARED_FILE : ExtentKind.PRIVATE_FILE;
        }
        if (status.isCharacterDevice()) {
            return status.specialDevice() == DEV_ZERO ? ExtentKind.ANONYMOUS : ExtentKind.DEVICE;
        }
        return status.typeName().equals("block device") ? ExtentKind.DEVICE : ExtentKind.SPECIAL;
    }

    /** What a file that was reached is made of. */
    static Optional<MemoryKind> memory(FileStatus status) {
        boolean known = status.isRegular() || status.isCharacterDevice() && DaxDevice.of(status).exists();
        return known ? Optional.of(new OpenedFile(-1, status).kind()) : Optional.empty();
    }

    /** What can be told without the file: that it is on DAX is told by nothing else. */
    private static Optional<MemoryKind> memoryOfType(String fileSystemType) {
        return switch (fileSystemType) {
            case "tmpfs", "ramfs" -> Optional.of(MemoryKind.TMPFS);
            case "hugetlbfs" -> Optional.of(MemoryKind.HUGETLB);
            default -> Optional.empty();
        };
    }

    private FileStatus throughMapFiles(Mapping mapping) {
        FileStatus status = statusAt(mapping.mapFile().getBytes(StandardCharsets.US_ASCII));
        // Another file may have been mapped there since.
        return status == null || isOf(mapping, status) || mayDiffer(mapping, status) && isStillThere(mapping) ? status : null;
    }

    /**
     * Whether it is on one of the file systems where fstat gives other numbers than the mapping. Only there a second look at the mapping
     * must do, which misses that it was another for a moment and is the old one again.
     */
    private static boolean mayDiffer(Mapping mapping, FileStatus status) {
        return status.fileSystemMagic() == LibC.OVERLAYFS_SUPER_MAGIC()
                || status.fileSystemMagic() == LibC.BTRFS_SUPER_MAGIC() && status.inode() == mapping.inode();
    }

    private boolean isStillThere(Mapping mapping) {
        try (Mappings again = source.open()) {
            return mapping.equals(again.atOrAfter(mapping.start()));
        }
    }

    /** Looks at a file without opening it. Null if there is none, or it may not be looked up. */
    private static FileStatus statusAt(byte[] path) {
        int fd = Posix.open(path, LibC.O_PATH(), 0);
        if (fd < 0) {
            return null;
        }
        try {
            FileStatus[] status = new FileStatus[1];
            return Posix.status(fd, status) == 0 ? status[0] : null;
        } finally {
            Posix.close(fd);
        }
    }

    private static boolean isOf(Mapping mapping, FileStatus status) {
        return status.device() == mapping.device() && status.inode() == mapping.inode();
    }

    private static boolean isSameFile(FileStatus one, FileStatus other) {
        return one.device() == other.device() && one.inode() == other.inode();
    }

    private static boolean startsWithAny(String name, List<String> beginnings) {
        return beginnings.stream().anyMatch(name::startsWith);
    }

    /** The kernel's own tmpfs, which is mounted nowhere: files of memfds and of shared memory that has no file. */
    private static final class SharedMemory {
        static final long DEVICE = find();

        /** No device at all where memfds cannot be made. */
        private static long find() {
            int fd = Posix.memfdCreate("daxverbs");
            FileStatus[] status = new FileStatus[1];
            long device = fd >= 0 && Posix.status(fd, status) == 0 ? status[0].device() : -1;
            if (fd >= 0) {
                Posix.close(fd);
            }
            return device;
        }
    }
}
