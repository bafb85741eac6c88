package dev.daxverbs.stress;

/**
 * Time within an operation. The operations of most tests here take a nanosecond: in the microseconds that {@code membarrier(2)} takes they
 * end by themselves, and nobody would notice a seizer that does not wait for them.
 */
final class LongOperation {
    private static final int SPINS = 100;

    private LongOperation() {
    }

    /** Some microseconds, in which the other actor has time to do what it must not. */
    static void run() {
        for (int i = 0; i < SPINS; i++) {
            Thread.onSpinWait();
        }
    }
}
