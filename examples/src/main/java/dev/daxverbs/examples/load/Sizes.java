package dev.daxverbs.examples.load;

import java.util.Locale;

/** Sizes for people. */
public final class Sizes {
    private static final String UNITS = "KMG";

    private Sizes() {
    }

    /** For instance {@code 64.0 MiB}. */
    public static String text(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }

    /**
     * A number of bytes as people write it: {@code 4096}, {@code 4K}, {@code 64M}, {@code 1G}, in steps of 1024.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static long parse(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        int unit = upper.isEmpty() ? -1 : UNITS.indexOf(upper.charAt(upper.length() - 1));
        try {
            long number = Long.parseLong(upper, 0, upper.length() - (unit < 0 ? 0 : 1), 10);
            return Math.multiplyExact(number, 1L << 10 * (unit + 1));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException("'%s' is no number of bytes, as 4096, 4K, 64M or 1G".formatted(text), e);
        }
    }
}
