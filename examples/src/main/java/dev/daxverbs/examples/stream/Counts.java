package dev.daxverbs.examples.stream;

import dev.daxverbs.region.RegionCounters;
import dev.daxverbs.region.RegionDomain;

/**
 * What the library has counted in a domain.
 *
 * @param direct transfers that the device did in the file's memory
 * @param staged those through bounce buffers
 * @param emulated those of a peer that the owner's processor did
 * @param breaks lease breaks
 * @param forced of those, how many the kernel ended by force
 * @param fenced how often a queue pair was stopped before a break's deadline
 */
record Counts(long direct, long staged, long emulated, long breaks, long forced, long fenced) {
    /** Of nothing. */
    static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0);

    static Counts of(RegionDomain domain) {
        RegionCounters numbers = domain.counters();
        return new Counts(numbers.direct(), numbers.staged(), numbers.emulated(), numbers.breaks(), numbers.forced(), numbers.fenced());
    }

    /** The same with another number of breaks: a peer has none of its own. */
    Counts withBreaks(long number) {
        return new Counts(direct, staged, emulated, number, forced, fenced);
    }

    /** What came since. */
    Counts since(Counts earlier) {
        return new Counts(direct - earlier.direct, staged - earlier.staged, emulated - earlier.emulated, breaks - earlier.breaks, forced - earlier.forced,
                fenced - earlier.fenced);
    }

    /** What percentage one kind is of the three. */
    double share(long part) {
        long all = direct + staged + emulated;
        return all == 0 ? 0 : 100.0 * part / all;
    }
}
