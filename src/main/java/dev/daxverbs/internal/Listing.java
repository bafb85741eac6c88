package dev.daxverbs.internal;

import java.util.Collection;
import java.util.stream.Collectors;

/** Objects in messages: who keeps something open may be a hundred thousand. */
public final class Listing {
    /** How many are named. */
    public static final int MOST_NAMED = 10;

    private Listing() {
    }

    /**
     * The first of some objects, and how many more there are.
     *
     * @param objects any number
     * @return for instance {@code a, b, c}, or ten of them and {@code ... and 990 more}
     */
    public static String of(Collection<?> objects) {
        String named = objects.stream().limit(MOST_NAMED).map(String::valueOf).collect(Collectors.joining(", "));
        return objects.size() <= MOST_NAMED ? named : named + " ... and " + (objects.size() - MOST_NAMED) + " more";
    }
}
