package dev.daxverbs.region;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.Extent;
import dev.daxverbs.dax.ExtentKind;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.FileStatus;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.MappingFlags;
import dev.daxverbs.internal.MappingReplacement;
import dev.daxverbs.internal.Mappings;
import dev.daxverbs.internal.OpenDescription;
import dev.daxverbs.internal.OpenFiles;
import dev.daxverbs.internal.Posix;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How memory that nobody declared comes to be guarded: the files under it are found, and each gets a descriptor of the library's with which its
 * lease can be had. Of one registration, by one thread.
 *
 * <p>A lease is granted while the file has no open file description but the lease's own (a read lease: none that is open for writing), and a mapping
 * keeps the one alive that it was made by. So:
 * <ol>
 * <li>The file has a guard already: that one.</li>
 * <li>The program has the file open: a duplicate of its descriptor. If the mapping is of the same description the lease is granted.</li>
 * <li>Else a new descriptor: by {@code /proc/self/map_files}, or by the path, if the same file is there.</li>
 * <li>If the lease is refused now, the mapping is of another description, which has no descriptor any more. The file is mapped over it:
 * {@link MappingReplacement}. Only the mappings that the registered range lies in are touched, as only for those the caller has promised
 * that they stay.</li>
 * <li>What is still in the way (a second channel of the program's, a mapping elsewhere, another process) is named by
 * {@link MemoryRegion#describe()}; transfers are staged, and the lease is asked for again and again.</li>
 * </ol>
 * A private mapping is never mapped over, as what was stored in it would be gone.
 */
final class Adoption {
    /** How long to try to open a file whose lease somebody else has. */
    private static final long OPEN_PATIENCE_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long OPEN_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    /** How long a mapping counts as mapped over: the program may have mapped the file there again since. */
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(1);

    /** The kernel counts no writer for the description of {@code memfd_create(2)}: leases are granted beside it, and it truncates without a break. */
    private static final String UNSEALED = "whoever has the descriptor that memfd_create gave can make it shorter without breaking a lease; seal it:"
            + " F_SEAL_SHRINK of fcntl(2)";

    private static final Map<Mapping, MappedOver> MAPPED_OVER = new HashMap<>(); // guarded by itself

    /** By what file, and when, by {@link System#nanoTime}. */
    private record MappedOver(RegionFile file, long whenNs) {
    }

    private final MemorySegment segment;
    private final List<Extent> extents;
    private final RegionOptions options;
    private final Map<GuardedFile, List<RegionPart>> claimed = new LinkedHashMap<>();
    private final Map<Long, String> openedBy = new HashMap<>(); // how, by inode

    /**
     * Prepares for a range.
     *
     * @param segment the memory
     * @param extents what it is
     */
    Adoption(MemorySegment segment, List<Extent> extents, RegionOptions options) {
        this.segment = segment;
        this.extents = extents;
        this.options = options;
    }

    /**
     * The parts of the range, those over files with their guards claimed: {@link #add} or {@link #giveUp} must follow.
     *
     * @param memory the range as any thread may use it
     */
    List<RegionPart> claim(MemorySegment memory) throws IOException {
        List<RegionPart> parts = new ArrayList<>();
        boolean complete = false;
        try {
            for (Extent extent : extents) {
                long offset = extent.address() - memory.address();
                parts.add(claim(extent, offset, memory.asSlice(offset, extent.length())));
            }
            complete = true;
            return parts;
        } finally {
            if (!complete) {
                giveUp();
            }
        }
    }

    private RegionPart claim(Extent extent, long offset, MemorySegment memory) throws IOException {
        if (!canShrink(extent)) {
            return lasting(offset, memory, extent);
        }
        GuardedFile file;
        try {
            file = GuardedFile.claim(extent.device(), extent.inode(), () -> open(extent), options);
        } catch (Unreachable e) {
            return RegionPart.unguarded(offset, memory, extent, e.getMessage());
        }
        if (file.cannotShrink()) {
            file.giveUp();
            return RegionPart.lasting(offset, memory, extent, "sealed: nobody can make it shorter");
        }
        if (extent.kind() == ExtentKind.MEMFD) {
            file.giveUp();
            return RegionPart.unguarded(offset, memory, extent, UNSEALED);
        }
        RegionPart part = RegionPart.guarded(offset, memory, file, extent, openedBy.getOrDefault(extent.inode(), "guarded already"));
        List<RegionPart> known = claimed.putIfAbsent(file, new ArrayList<>());
        if (known != null) {
            file.giveUp(); // one claim is enough
        }
        claimed.get(file).add(part);
        return part;
    }

    private static RegionPart lasting(long offset, MemorySegment memory, Extent extent) {
        return RegionPart.lasting(offset, memory, extent, extent.kind() == ExtentKind.ANONYMOUS ? "no file" : "nobody can make it shorter");
    }

    /** Whether somebody may be able to make it shorter: a file, as far as its kind tells. */
    static boolean canShrink(Extent extent) {
        return switch (extent.kind()) {
            case SHARED_FILE, MEMFD, PRIVATE_FILE -> true;
            case ANONYMOUS, DEVICE, SPECIAL -> false;
        };
    }

    /** Gives the region to all of its files' guards. */
    void add(MemoryRegion region, LeasePolicy policy) throws IOException {
        List<GuardedFile> rest = new ArrayList<>(claimed.keySet());
        boolean complete = false;
        try {
            while (!rest.isEmpty()) {
                GuardedFile file = rest.removeFirst();
                file.add(region, policy, opened -> mapOver(opened, claimed.get(file)));
            }
            complete = true;
        } finally {
            if (!complete) {
                rest.forEach(GuardedFile::giveUp);
                region.abandon();
            }
        }
    }

    /** Undoes {@link #claim}. */
    void giveUp() {
        claimed.keySet().forEach(GuardedFile::giveUp);
        claimed.clear();
    }

    // Finding a descriptor.

    /** There is no way to a file. */
    private static final class Unreachable extends IOException {
        private static final long serialVersionUID = 1;

        Unreachable(String detail) {
            super("its file cannot be reached: " + detail);
        }
    }

    private RegionFile open(Extent extent) throws IOException {
        List<OpenDescription> programs = OpenFiles.descriptionsOf(extent.device(), extent.inode()).all();
        for (OpenDescription one : programs) {
            if (one.canBeMapped(true)) {
                return duplicate(extent, one, true);
            }
        }
        boolean writable = extent.writable() || wasMappedForWriting(extent);
        if (!writable) {
            for (OpenDescription one : programs) {
                if (one.canBeMapped(false)) {
                    return duplicate(extent, one, false);
                }
            }
        }
        return openAnew(extent, writable);
    }

    private RegionFile duplicate(Extent extent, OpenDescription one, boolean writable) throws IOException {
        int descriptor = one.duplicate();
        if (descriptor == -Errno.EBADF) {
            return open(extent); // closed since: look again
        }
        if (descriptor < 0) {
            throw failed(extent, "fcntl(fd=%d, F_DUPFD_CLOEXEC)".formatted(one.descriptors().getFirst()), descriptor);
        }
        openedBy.put(extent.inode(), "by the program's descriptor %d, duplicated".formatted(one.descriptors().getFirst()));
        return RegionFile.of(Path.of(extent.name()), descriptor, writable);
    }

    /**
     * Whether a mapping's description is open for writing though the mapping cannot be written to. Not by the permissions of its link in
     * {@code map_files}: the kernel keeps those of whatever was mapped at the same addresses when they were first looked at.
     */
    private static boolean wasMappedForWriting(Extent extent) {
        Mapping mapping = mappingAt(extent.address());
        return mapping != null && mapping.shared() && MappingFlags.of(mapping).map(MappingFlags::mayWrite).orElse(false);
    }

    private static Mapping mappingAt(long address) {
        try (Mappings mappings = Mappings.open()) {
            return mappings.atOrAfter(address);
        }
    }

    private RegionFile openAnew(Extent extent, boolean writable) throws IOException {
        Mapping mapping = mappingAt(extent.address());
        int found = mapping == null ? -Errno.ENOENT : openIfSame(mapping.mapFile(), extent);
        String way = "/proc/self/map_files";
        if (found < 0 && !extent.deleted() && extent.name().startsWith("/")) {
            found = openIfSame(extent.name(), extent);
            way = "its path";
        }
        if (found < 0) {
            throw new Unreachable(("the program has closed its descriptors, map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, and \"%s\" does"
                    + " not lead to it (%s); keep it open, or open it as a DaxFile").formatted(extent.name(), Errno.name(-found)));
        }
        try {
            // Through the descriptor: whatever is at the path by now, this is the file.
            int descriptor = -Errno.EACCES;
            if (writable) {
                descriptor = openPatiently("/proc/self/fd/" + found, LibC.O_RDWR());
            }
            boolean opened = descriptor >= 0;
            if (descriptor == -Errno.EACCES || descriptor == -Errno.EROFS || descriptor == -Errno.EPERM) {
                descriptor = openPatiently("/proc/self/fd/" + found, LibC.O_RDONLY());
            }
            if (descriptor == -Errno.EACCES) {
                throw new Unreachable("the process may not open " + extent.name());
            }
            if (descriptor < 0) {
                throw failed(extent, "open(" + way + ", O_NONBLOCK)", descriptor);
            }
            openedBy.put(extent.inode(), "by a new descriptor, through " + way);
            return RegionFile.of(Path.of(extent.name()), descriptor, opened);
        } finally {
            Posix.close(found);
        }
    }

    /** An O_PATH descriptor of what is at a path, if that is the extent's file. */
    private static int openIfSame(String path, Extent extent) {
        int found = Posix.open(path, LibC.O_PATH(), 0);
        if (found < 0) {
            return found;
        }
        if (OpenFiles.isOf(found, extent.device(), extent.inode(), new FileStatus[1])) {
            return found;
        }
        Posix.close(found);
        return -Errno.ENOENT;
    }

    /** Without waiting in the kernel for a lease of somebody else's, which may take as long as lease-break-time. */
    private static int openPatiently(String path, int flags) {
        long endNs = System.nanoTime() + OPEN_PATIENCE_NS;
        while (true) {
            int descriptor = Posix.open(path, flags | LibC.O_NONBLOCK(), 0);
            if (descriptor != -Errno.EAGAIN || System.nanoTime() - endNs > 0) {
                return descriptor;
            }
            LockSupport.parkNanos(OPEN_PAUSE_NS);
        }
    }

    private static FileSystemException failed(Extent extent, String call, int result) {
        return new FileSystemException(extent.name(), null, "%s for the lease of %s: %s".formatted(call, extent, Errno.name(-result)));
    }

    // Mapping over.

    private boolean mapOver(RegionFile file, List<RegionPart> parts) {
        boolean replaced = false;
        for (RegionPart part : parts) {
            Extent extent = part.extent();
            if (!extent.shared()) {
                part.setAdoption(part.adoption() + "; a private mapping is not mapped over");
                continue;
            }
            List<String> refusals = new ArrayList<>();
            long end = extent.address() + extent.length();
            for (Mapping mapping = mappingAt(extent.address()); mapping != null && mapping.start() < end; mapping = mappingAt(mapping.end())) {
                Optional<String> refusal = mapOver(file, extent, mapping);
                refusal.ifPresent(refusals::add);
                replaced |= refusal.isEmpty();
            }
            part.setAdoption(part.adoption() + (refusals.isEmpty() ? ", mapped over the program's mapping"
                    : ", not mapped over the program's mapping: " + String.join(", ", refusals)));
        }
        return replaced;
    }

    private Optional<String> mapOver(RegionFile file, Extent extent, Mapping mapping) {
        if (mapping.device() != file.device() || mapping.inode() != file.inode()
                || mapping.offset() - mapping.start() != extent.offset() - extent.address()) {
            return Optional.of("the file system gives mappings other numbers than files");
        }
        synchronized (MAPPED_OVER) {
            long nowNs = System.nanoTime();
            MAPPED_OVER.values().removeIf(entry -> nowNs - entry.whenNs() > FRESH_NS);
            MappedOver before = MAPPED_OVER.get(mapping);
            if (before != null && before.file().equals(file)) {
                return Optional.empty();
            }
            Optional<String> refusal = MappingReplacement.replace(mapping, file.descriptor(), file.writable(), segment);
            if (refusal.isEmpty()) {
                MAPPED_OVER.put(mapping, new MappedOver(file, nowNs));
            }
            return refusal;
        }
    }
}
