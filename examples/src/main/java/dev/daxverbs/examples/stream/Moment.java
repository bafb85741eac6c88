package dev.daxverbs.examples.stream;

/**
 * What the lease on the file was like at one time.
 *
 * @param breaks how many breaks there had been; counted before the lease is released, so before the other process goes on
 * @param leased whether it was held, read after the number
 */
record Moment(long breaks, boolean leased) {
    /** The number of breaks and, in the lowest bit, whether it was held: for the other process. */
    long encoded() {
        return breaks << 1 | (leased ? 1 : 0);
    }

    /** What {@link #encoded} made of one. */
    static Moment decoded(long encoded) {
        return new Moment(encoded >>> 1, (encoded & 1) != 0);
    }

    /** Whether nobody else can have changed the file between the two. */
    boolean quietUntil(Moment later) {
        return leased && breaks == later.breaks;
    }
}
