package dev.daxverbs.examples.stream;

/**
 * What the lease on the file was like at one time.
 *
 * @param breaks how many breaks there had been; counted before the lease is released, so before the other process goes on
 * @param leased whether it was held, read after the number
 */
record Moment(long breaks, boolean leased) {
    /** Whether nobody else can have changed the file between the two. */
    boolean quietUntil(Moment later) {
        return leased && breaks == later.breaks;
    }
}
