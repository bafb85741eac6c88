package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.daxverbs.examples.load.Latency;

import org.junit.jupiter.api.Test;

class LatencyLogTest {
    private final LatencyLog log = new LatencyLog(0, 1_000_000);

    @Test
    void shouldTellTransfersThatMetABreakApart() {
        for (int i = 1; i <= 999; i++) {
            log.succeeded(i, 100_000, false);
        }
        log.succeeded(1000, 2_000_000_000L, true);

        assertThat(log.quiet().count()).isEqualTo(999);
        assertThat(log.quiet().max()).isCloseTo(100, within(0.2));
        assertThat(log.duringBreak().count()).isEqualTo(1);
        assertThat(log.duringBreak().p50()).isCloseTo(2_000_000, within(2000.0));
        assertThat(log.all().p50()).isCloseTo(100, within(0.2));
        assertThat(log.all().p999()).isCloseTo(100, within(0.2));
        assertThat(log.all().max()).isCloseTo(2_000_000, within(2000.0));
    }

    @Test
    void shouldHaveNothingToTellWithoutTransfers() {
        assertThat(log.all()).isEqualTo(Latency.NONE);
    }
}
