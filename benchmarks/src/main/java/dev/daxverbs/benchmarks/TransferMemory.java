package dev.daxverbs.benchmarks;

import java.nio.file.Path;

/** What memory a transfer names, and with that, which queue pairs it goes through. */
public enum TransferMemory {
    /** Anonymous memory of a {@link dev.daxverbs.verbs.ProtectionDomain}, on plain queue pairs. */
    PLAIN(null),
    /** Anonymous memory of a {@link dev.daxverbs.region.RegionDomain}, on tracked queue pairs. */
    ANONYMOUS(null),
    /** A file on tmpfs, leased and pinned, on tracked queue pairs. */
    TMPFS(Path.of("/dev/shm")),
    /** A file on XFS with DAX, as the guest has it, leased and on demand, on tracked queue pairs. */
    FS_DAX(Path.of("/mnt/xfs"));

    private final Path folder;

    TransferMemory(Path folder) {
        this.folder = folder;
    }

    boolean isTracked() {
        return this != PLAIN;
    }

    /** Where the file goes; null for memory without one. */
    Path folder() {
        return folder;
    }
}
