package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class EpochTest {
    private final Epoch epoch = new Epoch();

    @Test
    void shouldBeQuietBetweenBreaks() {
        long before = epoch.now();
        assertThat(Epoch.wasQuiet(before, epoch.now())).isTrue();

        epoch.beginBreak();
        long during = epoch.now();
        epoch.endBreak();
        long after = epoch.now();

        assertThat(Epoch.wasQuiet(before, during)).isFalse();
        assertThat(Epoch.wasQuiet(during, during)).isFalse();
        assertThat(Epoch.wasQuiet(during, after)).isFalse();
        assertThat(Epoch.wasQuiet(after, epoch.now())).isTrue();
    }

    @Test
    void shouldSeeABreakThatBeganAndEndedInBetween() {
        long before = epoch.now();
        epoch.beginBreak();
        epoch.endBreak();

        assertThat(Epoch.wasQuiet(before, epoch.now())).isFalse();
    }

    @Test
    void shouldRefuseBreaksThatAreNotInPairs() {
        assertThatIllegalStateException().isThrownBy(epoch::endBreak);
        epoch.beginBreak();
        assertThatIllegalStateException().isThrownBy(epoch::beginBreak);
    }
}
