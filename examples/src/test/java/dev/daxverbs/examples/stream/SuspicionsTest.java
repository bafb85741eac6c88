package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.stream.Judge.Verdict;

import org.junit.jupiter.api.Test;

class SuspicionsTest {
    private static final Moment HELD = new Moment(4, true);
    private final Tally tally = new Tally();
    private final Suspicions suspicions = new Suspicions(tally);

    @Test
    void shouldBeALossIfThereWasNoBreak() {
        suspicions.add(HELD, 10, Verdict.EXCUSED, "for a test");
        suspicions.told(HELD, 10); // looked at before: message 10 had not been taken
        assertThat(tally.lost()).isZero();
        suspicions.told(HELD, 11);
        assertThat(tally.lost()).isEqualTo(1);
        suspicions.told(HELD, 12);
        suspicions.end();
        assertThat(tally.lost()).isEqualTo(1);
        assertThat(tally.reasons()).containsEntry("for a test", 1L);
    }

    @Test
    void shouldBeWhatOthersMayHaveDoneIfThereWasABreak() {
        suspicions.add(HELD, 10, Verdict.EXCUSED, "a");
        suspicions.add(new Moment(4, false), 10, Verdict.EXCUSED, "b");
        suspicions.told(new Moment(5, true), 11);
        assertThat(tally.excused()).isEqualTo(2);
        assertThat(tally.lost()).isZero();
    }

    @Test
    void shouldSayNothingOfThoseThatNobodyTellsMoreAbout() {
        suspicions.add(HELD, 10, Verdict.UNKNOWN, "a");
        suspicions.add(HELD, 11, Verdict.EXCUSED, "b");
        suspicions.end();
        assertThat(tally.lost()).isZero();
        assertThat(tally.excused()).isEqualTo(1);
    }
}
