package dev.daxverbs.benchmarks;

/**
 * A way to post work requests of a {@link PostShape} and to poll their completions. One is loaded in each run, so the compiler sees
 * through it.
 */
abstract class PostWay implements AutoCloseable {
    /**
     * Describes the requests.
     *
     * @param wrId the number of the first; the others follow
     */
    abstract void fill(long wrId);

    /**
     * Posts the requests with one call, polls their completions with another, looks at each one's status.
     *
     * @return the sum of their numbers
     */
    abstract long postAndPoll();

    /** Posts and polls so many times; gives the sum of all numbers. */
    long run(int times) {
        long sum = 0;
        for (int i = 0; i < times; i++) {
            sum += postAndPoll();
        }
        return sum;
    }

    /** Fills, posts and polls so many times; gives the sum of all numbers. */
    long runFilling(int times) {
        long sum = 0;
        for (int i = 0; i < times; i++) {
            fill(i);
            sum += postAndPoll();
        }
        return sum;
    }

    static IllegalStateException incomplete() {
        return new IllegalStateException("not all of the writes completed");
    }

    @Override
    public void close() throws Exception {
        // for those that have something to be closed
    }
}
