package dev.daxverbs.examples.stream;

import dev.daxverbs.region.Guard;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;

/** What the program asks of the library besides transfers, in one place. */
final class Library {
    /** Whether a receive may be posted on a file's region; without, sends into the file are writes. */
    static final boolean RECEIVES_INTO_FILES = false;

    private Library() {
    }

    /**
     * What the library has counted.
     *
     * @param direct requests that the device did in the file's memory
     * @param staged requests that went through bounce buffers
     * @param breaks lease breaks
     * @param forced those that the kernel ended by force
     * @param fenced queue pairs that were stopped, as what they had posted was not done before a break's deadline
     */
    record Numbers(long direct, long staged, long breaks, long forced, long fenced) {
    }

    /**
     * Reads them.
     *
     * @param domain the domain of all regions
     * @param region one of the regions over the file
     * @param succeeded how many transfers have succeeded
     */
    static Numbers numbers(RegionDomain domain, MemoryRegion region, long succeeded) {
        return new Numbers(succeeded, 0, region.breaks(), 0, region.fenced());
    }

    /** What the lease on the file of a region is like. */
    static Moment momentOf(MemoryRegion region) {
        long breaks = region.breaks(); // first: a break that comes between the two makes a later number differ
        return new Moment(breaks, region.guard() != Guard.UNLEASED);
    }
}
