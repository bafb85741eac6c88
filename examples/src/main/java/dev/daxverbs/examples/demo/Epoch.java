package dev.daxverbs.examples.demo;

/**
 * Whether a break is under way, and whether one has been since: a number that is odd during a break.
 *
 * <p>Written by the breaker's thread alone; read by any. Two equal, even readings say that no break was under way at any time between them.
 */
final class Epoch {
    private volatile long value;

    /** A break begins: called before the other process is told to go. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    void beginBreak() {
        if (!isQuiet(value)) {
            throw new IllegalStateException("epoch=%d: a break is under way".formatted(value));
        }
        value++;
    }

    /** The break ends: called after the other process has said that it is done. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    void endBreak() {
        if (isQuiet(value)) {
            throw new IllegalStateException("epoch=%d: no break is under way".formatted(value));
        }
        value++;
    }

    long now() {
        return value;
    }

    static boolean isQuiet(long epoch) {
        return (epoch & 1) == 0;
    }

    /** Whether no break was under way from one reading to the other. */
    static boolean wasQuiet(long earlier, long later) {
        return earlier == later && isQuiet(later);
    }
}
