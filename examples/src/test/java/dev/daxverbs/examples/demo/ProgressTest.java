package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void shouldShowHowFarItIsAndWhatHappened() {
        Counts counts = new Counts();
        counts.begun();
        counts.begun();
        counts.failed("refused");
        counts.compared(false, false);

        assertThat(Progress.line("plain", 10 * SECOND, 40 * SECOND, counts, 12))
                .isEqualTo("[######..................]  10/40 s  plain: 2 transfers, 12 breaks, 1 failed, 1 lost");
    }

    @Test
    void shouldFillTheBarAtTheEnd() {
        assertThat(Progress.line("plain", 40 * SECOND, 40 * SECOND, new Counts(), 0)).startsWith("[########################]  40/40 s");
    }
}
