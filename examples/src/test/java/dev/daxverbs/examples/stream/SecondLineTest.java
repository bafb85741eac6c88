package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.examples.stream.Judge.Verdict;

import org.junit.jupiter.api.Test;

class SecondLineTest {
    @Test
    void shouldSayWhatTheSecondBrought() {
        Tally tally = new Tally();
        SecondLine line = new SecondLine(0, true);
        for (int i = 0; i < 100; i++) {
            tally.succeeded(1_000_000);
        }
        assertThat(line.next(1, 1_000_000_000, tally, new Counts(100, 0, 0, 5, 0, 0)))
                .contains("100/s", "DIRECT 100.0 %", "STAGED   0.0 %", "breaks 5 (+5)");

        for (int i = 0; i < 40; i++) {
            tally.succeeded(20_000_000);
        }
        tally.failed("for a test");
        tally.compared(Verdict.WRONG, "for a test");
        tally.metEnd();
        String second = line.next(2, 1_500_000_000, tally, new Counts(120, 10, 10, 6, 0, 0));
        assertThat(second).contains("80/s", "DIRECT  50.0 %", "STAGED  25.0 %", "EMULATED  25.0 %", "breaks 6 (+1)", "failed 1", "lost 1", "truncated 1");
        assertThat(second).containsPattern("p50 2[0-9],[0-9]{3}");

        assertThat(line.next(3, 2_500_000_000L, tally, new Counts(120, 10, 10, 6, 0, 0))).contains(" 0/s", "DIRECT   0.0 %", "(+0)");
        assertThat(Latency.of(tally.allLatencies()).count()).isEqualTo(140);
        assertThat(Latency.of(tally.allLatencies()).p50()).isBetween(1000.0, 1010.0);
        assertThat(tally.reasons()).containsEntry("for a test", 2L);
    }
}
