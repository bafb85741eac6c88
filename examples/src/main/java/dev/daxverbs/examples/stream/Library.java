package dev.daxverbs.examples.stream;

import dev.daxverbs.region.Guard;
import dev.daxverbs.region.MemoryRegion;

/** What the program asks of the library besides transfers. */
final class Library {
    private Library() {
    }

    /** What the lease on the file of a region is like. */
    static Moment momentOf(MemoryRegion region) {
        long breaks = region.breaks(); // first: a break that comes between the two makes a later number differ
        return new Moment(breaks, region.guard() != Guard.UNLEASED);
    }
}
