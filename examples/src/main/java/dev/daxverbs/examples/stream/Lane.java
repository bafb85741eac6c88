package dev.daxverbs.examples.stream;

import java.util.List;
import java.util.function.Predicate;

/**
 * The requests of one send or receive queue, which complete in the order in which they were posted, each once. One thread.
 *
 * @param <T> what is posted
 */
final class Lane<T> {
    private final T[] ring; // of request i: at i modulo its length
    private final Predicate<T> silent;
    private long posted;
    private long completed;
    private long violations;
    private String firstViolation;

    /**
     * A lane.
     *
     * @param capacity how many requests can be outstanding
     * @param silent which requests have no completion of their own
     */
    @SuppressWarnings("unchecked")
    Lane(int capacity, Predicate<T> silent) {
        ring = (T[]) new Object[capacity];
        this.silent = silent;
    }

    /** The number of the next request. */
    long next() {
        return posted;
    }

    /** The next request was posted. */
    void accept(T request) {
        if (ring[slot(posted)] != null) {
            throw new IllegalStateException("%d requests are outstanding, and no more fit".formatted(ring.length));
        }
        ring[slot(posted++)] = request;
    }

    /**
     * A completion came.
     *
     * @param number the number that it carries
     * @param passed receives the silent requests before it, which are done with it
     * @return the request; null if no request with that number is outstanding
     */
    T complete(long number, List<T> passed) {
        if (number < 0 || number >= posted || number < posted - ring.length) {
            violated(number, "was never posted, or long ago");
            return null;
        }
        for (long before = completed; before < number; before++) {
            T request = ring[slot(before)];
            if (request != null && silent.test(request)) {
                ring[slot(before)] = null;
                passed.add(request);
            } else if (request != null) {
                violated(number, "overtook " + before + ", a " + request);
            }
        }
        T request = ring[slot(number)];
        if (number < completed) {
            violated(number, request == null ? "came again" : "was overtaken, a " + request);
        }
        completed = Math.max(completed, number + 1);
        ring[slot(number)] = null;
        return request;
    }

    private void violated(long number, String what) {
        violations++;
        if (firstViolation == null) {
            firstViolation = "%d %s, with completed=%d, posted=%d".formatted(number, what, completed, posted);
        }
    }

    private int slot(long number) {
        return (int) (number % ring.length);
    }

    /** How often a completion came out of order, twice, or with a number that nothing outstanding has. */
    long violations() {
        return violations;
    }

    /** What happened the first time; null if never. */
    String firstViolation() {
        return firstViolation;
    }
}
