package dev.daxverbs.region;

/** What came of copying from or to a region's file. */
enum FileAccess {
    /** All bytes were moved. */
    DONE,
    /** The file does not have them now; another process has it open, and may be about to write them. */
    LATER,
    /** The file does not have them, and nobody is about to write them. */
    TRUNCATED,
    /** The region is closed. */
    CLOSED,
    /** The file system failed: EIO, ENOSPC and so on. */
    FAILED
}
