package dev.daxverbs.examples.demo;

import dev.daxverbs.dax.MemoryKind;

/** What is run, one after the other. */
enum Scenario {
    PLAIN_PINNED_TMPFS("plain-pinned-tmpfs", "plain verbs, pinned, tmpfs", MemoryKind.TMPFS, false, FileSystem.TMPFS),
    PLAIN_ODP_XFS_DAX("plain-odp-xfs-dax", "plain verbs, on demand, XFS-DAX", MemoryKind.FS_DAX, false, FileSystem.XFS_DAX),
    DAXVERBS_TMPFS("daxverbs-tmpfs", "daxverbs, tmpfs", MemoryKind.TMPFS, true, FileSystem.TMPFS),
    DAXVERBS_XFS_DAX("daxverbs-xfs-dax", "daxverbs, XFS-DAX", MemoryKind.FS_DAX, true, FileSystem.XFS_DAX),
    DAXVERBS_EXT4_DAX("daxverbs-ext4-dax", "daxverbs, ext4-DAX", MemoryKind.FS_DAX, true, FileSystem.EXT4_DAX);

    /** Where the file under test is copied to. */
    enum FileSystem {
        TMPFS, XFS_DAX, EXT4_DAX
    }

    private final String id;
    private final String title;
    private final MemoryKind kind;
    private final boolean tracked;
    private final FileSystem fileSystem;

    Scenario(String id, String title, MemoryKind kind, boolean tracked, FileSystem fileSystem) {
        this.id = id;
        this.title = title;
        this.kind = kind;
        this.tracked = tracked;
        this.fileSystem = fileSystem;
    }

    /** The name in the JSON report. */
    String id() {
        return id;
    }

    /** The name for people. */
    String title() {
        return title;
    }

    /** What the file's memory must be for the scenario to show what it says. */
    MemoryKind kind() {
        return kind;
    }

    /** Whether the library follows the file; plain verbs otherwise. */
    boolean isTracked() {
        return tracked;
    }

    /** FS-DAX memory cannot be pinned, so the device must take page faults. */
    boolean needsOnDemand() {
        return kind == MemoryKind.FS_DAX;
    }

    FileSystem fileSystem() {
        return fileSystem;
    }
}
