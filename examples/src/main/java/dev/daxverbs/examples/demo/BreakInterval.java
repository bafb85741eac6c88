package dev.daxverbs.examples.demo;

/**
 * One break.
 *
 * @param kind what the other process did
 * @param startNs when it was told to, by {@link System#nanoTime()}
 * @param endNs when it said that it was done
 */
record BreakInterval(BreakKind kind, long startNs, long endNs) {
}
