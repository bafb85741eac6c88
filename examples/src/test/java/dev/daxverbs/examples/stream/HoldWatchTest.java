package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HoldWatchTest {
    private final Tally tally = new Tally();
    private Counts counts = Counts.NONE;
    private final GapWatch gaps = new GapWatch();
    private final HoldWatch hold = new HoldWatch(tally, () -> counts, gaps);

    private void transfers(int direct, int emulated) {
        for (int i = 0; i < direct + emulated; i++) {
            tally.succeeded();
        }
        counts = new Counts(counts.direct() + direct, 0, counts.emulated() + emulated, 0, 0, 0);
    }

    @Test
    void shouldTellApartWhatWasBeforeAndWhileAndAfter() {
        transfers(100, 0);
        hold.phase(0);
        hold.phase(HoldWatch.OPENING);
        transfers(10, 5);
        hold.phase(HoldWatch.HELD);
        transfers(0, 40);
        hold.phase(HoldWatch.HELD); // as another connection hears it
        transfers(0, 2);
        hold.phase(HoldWatch.CLOSED);
        transfers(7, 1);
        hold.phase(HoldWatch.HELD); // late
        hold.end();
        transfers(1000, 0);
        hold.end();
        HoldWatch.Held held = hold.held();
        assertThat(held.transfers()).isEqualTo(42);
        assertThat(held.numbers()).isEqualTo(new Counts(0, 0, 42, 0, 0, 0));
        assertThat(held.transfersAfter()).isEqualTo(8);
        assertThat(held.numbersAfter()).isEqualTo(new Counts(7, 0, 1, 0, 0, 0));
    }

    @Test
    void shouldSayNothingIfNobodyHeldIt() {
        hold.phase(HoldWatch.OPENING);
        hold.end();
        assertThat(hold.held()).isNull();
    }
}
