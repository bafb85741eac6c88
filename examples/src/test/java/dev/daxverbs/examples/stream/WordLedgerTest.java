package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.stream.Judge.Verdict;

import org.junit.jupiter.api.Test;

class WordLedgerTest {
    private static final Moment QUIET = new Moment(0, true);

    private static WordLedger ledger(ContentChange change, int... values) {
        WordLedger ledger = new WordLedger(2, change);
        for (int value : values) {
            assertThat(ledger.took(0, value, QUIET, QUIET)).isEqualTo(Verdict.RIGHT);
        }
        return ledger;
    }

    @Test
    void shouldTakeEachValueOnceInAnyOrder() {
        WordLedger ledger = ledger(ContentChange.NOTHING, 1, 0, 3, 2);
        assertThat(ledger.took(1, 0, QUIET, QUIET)).isEqualTo(Verdict.RIGHT);
        assertThat(ledger.ended(0, 4)).isEqualTo(Verdict.RIGHT);
        assertThat(ledger.ended(1, 1)).isEqualTo(Verdict.RIGHT);
    }

    @Test
    void shouldNoticeAnAdditionThatWasLost() {
        WordLedger ledger = ledger(ContentChange.NOTHING, 0, 1);
        assertThat(ledger.took(0, 1, QUIET, QUIET)).isEqualTo(Verdict.WRONG);
        assertThat(ledger.ended(0, 1)).isEqualTo(Verdict.WRONG);
        assertThat(ledger.ended(1, -1)).isEqualTo(Verdict.WRONG);
    }

    @Test
    void shouldNoticeAnAdditionThatWasMadeTwice() {
        WordLedger ledger = ledger(ContentChange.NOTHING, 0, 2);
        assertThat(ledger.ended(0, 3)).isEqualTo(Verdict.WRONG);
        assertThat(ledger.ended(0, 2)).isEqualTo(Verdict.WRONG);
    }

    @Test
    void shouldNoticeValuesThatCannotBe() {
        WordLedger ledger = ledger(ContentChange.ZEROS);
        assertThat(ledger.took(0, -1, QUIET, QUIET)).isEqualTo(Verdict.WRONG);
        assertThat(ledger.took(0, 0x0102_0304_0506_0708L, QUIET, QUIET)).isEqualTo(Verdict.WRONG);
    }

    @Test
    void shouldBeginAnewAfterABreakThatMakesZeros() {
        WordLedger ledger = ledger(ContentChange.ZEROS, 0, 1);
        Moment after = new Moment(1, true);
        assertThat(ledger.took(0, 0, QUIET, after)).isEqualTo(Verdict.UNKNOWN);
        assertThat(ledger.took(0, 0, after, after)).isEqualTo(Verdict.RIGHT);
        assertThat(ledger.took(0, 0, after, after)).isEqualTo(Verdict.WRONG);
        assertThat(ledger.took(0, 2, QUIET, QUIET)).isEqualTo(Verdict.UNKNOWN);
        assertThat(ledger.ended(0, 77)).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void shouldGoOnThroughABreakThatChangesNothing() {
        WordLedger ledger = ledger(ContentChange.NOTHING, 0);
        assertThat(ledger.took(0, 0, new Moment(1, false), new Moment(2, true))).isEqualTo(Verdict.WRONG);
    }
}
