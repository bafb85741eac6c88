package dev.daxverbs.lease;

import dev.daxverbs.internal.Signals;

/**
 * Which signal a break sends. Not one of those that are taken: the C library keeps what is below {@code SIGRTMIN}, HotSpot uses SIGUSR2 or
 * what {@code _JAVA_SR_SIGNUM} says, and NIO {@code SIGRTMAX-2}.
 */
final class LeaseSignal {
    static final String PROPERTY = "dev.daxverbs.lease.signal";
    private static final String SUSPENSION_VARIABLE = "_JAVA_SR_SIGNUM";

    private LeaseSignal() {
    }

    /**
     * The number by the system property, else the default.
     *
     * @throws IllegalStateException if the property is no number of a real-time signal that is free
     */
    static int number() {
        return number(System.getProperty(PROPERTY), System.getenv(SUSPENSION_VARIABLE));
    }

    static int number(String property, String suspension) {
        int last = Signals.lastRealTime();
        if (property == null) {
            return isSame(suspension, last - 5) ? last - 6 : last - 5;
        }
        int first = Signals.firstRealTime();
        int wanted;
        try {
            wanted = Integer.parseInt(property.strip());
        } catch (NumberFormatException e) {
            wanted = -1;
        }
        if (wanted < first || wanted > last || wanted == last - 2 || isSame(suspension, wanted)) {
            throw new IllegalStateException("the system property " + PROPERTY + "=" + property + " must be the number of a real-time signal"
                    + " from " + first + " to " + last + ", but not " + (last - 2) + ", which java.nio uses"
                    + (suspension == null ? "" : ", nor " + SUSPENSION_VARIABLE + "=" + suspension + ", which the JVM uses"));
        }
        return wanted;
    }

    private static boolean isSame(String number, int signal) {
        return number != null && number.strip().equals(Integer.toString(signal));
    }
}
