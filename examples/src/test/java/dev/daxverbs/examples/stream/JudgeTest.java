package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.stream.Judge.Verdict;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.MemorySegment;

class JudgeTest {
    private static final MemorySegment EXPECTED = bytes(1, 2, 3, 4);
    private static final MemorySegment CUT = bytes(1, 2, 0, 0);
    private static final MemorySegment SHORT = bytes(1, 2);
    private static final MemorySegment OTHER = bytes(1, 2, 9, 4);
    private static final MemorySegment LONGER = bytes(1, 2, 3, 4, 0);

    private static MemorySegment bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return MemorySegment.ofArray(bytes);
    }

    @ParameterizedTest
    @EnumSource
    void shouldTakeNothingButTheExpectedBytesWhenItWasQuiet(ContentChange change) {
        Judge judge = new Judge(change);
        assertThat(judge.compare(EXPECTED, bytes(1, 2, 3, 4), true)).isEqualTo(Verdict.RIGHT);
        for (MemorySegment wrong : new MemorySegment[] {CUT, SHORT, OTHER, LONGER}) {
            assertThat(judge.compare(EXPECTED, wrong, true)).isEqualTo(Verdict.WRONG);
            assertThat(judge.compareIfQuiet(EXPECTED, wrong, true)).isEqualTo(Verdict.WRONG);
        }
    }

    @Test
    void shouldTakeNothingElseThroughBreaksThatChangeNothing() {
        Judge judge = new Judge(ContentChange.NOTHING);
        for (MemorySegment wrong : new MemorySegment[] {CUT, SHORT, OTHER, LONGER}) {
            assertThat(judge.compare(EXPECTED, wrong, false)).isEqualTo(Verdict.WRONG);
            assertThat(judge.compareIfQuiet(EXPECTED, wrong, false)).isEqualTo(Verdict.WRONG);
        }
    }

    @Test
    void shouldExcuseZerosNearABreakThatMakesThem() {
        Judge judge = new Judge(ContentChange.ZEROS);
        assertThat(judge.compare(EXPECTED, CUT, false)).isEqualTo(Verdict.EXCUSED);
        assertThat(judge.compare(EXPECTED, SHORT, false)).isEqualTo(Verdict.EXCUSED);
        assertThat(judge.compare(EXPECTED, bytes(0, 2, 0, 4), false)).isEqualTo(Verdict.EXCUSED);
        assertThat(judge.compare(EXPECTED, OTHER, false)).isEqualTo(Verdict.WRONG);
        assertThat(judge.compare(EXPECTED, bytes(0, 0, 9, 0), false)).isEqualTo(Verdict.WRONG);
        assertThat(judge.compareIfQuiet(EXPECTED, CUT, false)).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void shouldSayNothingNearABreakThatMayChangeAnything() {
        Judge judge = new Judge(ContentChange.ANYTHING);
        assertThat(judge.compare(EXPECTED, OTHER, false)).isEqualTo(Verdict.UNKNOWN);
        assertThat(judge.compare(EXPECTED, bytes(1, 2, 3, 4), false)).isEqualTo(Verdict.RIGHT);
    }

    @Test
    void shouldBeQuietOnlyWhileTheLeaseIsHeld() {
        assertThat(new Moment(3, true).quietUntil(new Moment(3, true))).isTrue();
        assertThat(new Moment(3, true).quietUntil(new Moment(4, true))).isFalse();
        assertThat(new Moment(3, false).quietUntil(new Moment(3, true))).isFalse();
        assertThat(new Moment(3, false).quietUntil(new Moment(3, false))).isFalse();
    }
}
