package dev.daxverbs.region;

/** What keeps the memory of a region in place while a device uses it. */
public enum Guard {
    /** Nothing has to: the memory is anonymous, or device-DAX, which no other process can take away. */
    NOT_NEEDED,
    /** A lease on the file, whose break the region survives. */
    LEASED,
    /** Nothing does at present: the lease is broken, and the region has no use of its file until it is back. */
    UNLEASED
}
