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
            violations++;
            return null;
        }
        for (long before = completed; before < number; before++) {
            T request = ring[slot(before)];
            if (request != null && silent.test(request)) {
                ring[slot(before)] = null;
                passed.add(request);
            } else if (request != null) {
                violations++; // it was overtaken
            }
        }
        violations += number < completed ? 1 : 0;
        completed = Math.max(completed, number + 1);
        T request = ring[slot(number)];
        ring[slot(number)] = null;
        return request;
    }

    private int slot(long number) {
        return (int) (number % ring.length);
    }

    /** How often a completion came out of order, twice, or with a number that nothing outstanding has. */
    long violations() {
        return violations;
    }
}
