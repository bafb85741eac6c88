package dev.daxverbs.examples.demo;

import java.util.Locale;

/** Sizes for people. */
final class Sizes {
    private Sizes() {
    }

    /** For instance {@code 64.0 MiB}. */
    static String text(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
