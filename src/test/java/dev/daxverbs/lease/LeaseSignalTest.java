package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.daxverbs.internal.Signals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The choice of the signal: LeaseSignal.number. */
class LeaseSignalTest {
    private static final int LAST = Signals.lastRealTime();

    @Test
    void shouldKeepClearOfTakenSignalsByDefault() {
        assertThat(LeaseSignal.number(null, null)).isEqualTo(LAST - 5);
        assertThat(LeaseSignal.number(null, "12")).isEqualTo(LAST - 5);
        assertThat(LeaseSignal.number(null, Integer.toString(LAST - 5))).isEqualTo(LAST - 6);
    }

    @Test
    void shouldTakeTheNumberOfTheProperty() {
        assertThat(LeaseSignal.number(" 40 ", null)).isEqualTo(40);
        assertThat(LeaseSignal.number(Integer.toString(LAST), null)).isEqualTo(LAST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "SIGRTMIN", "12", "32", "33", "65", "-1", "9999999999", "62", "50"})
    void shouldRefuseOtherNumbersAndSayWhich(String property) {
        assertThatIllegalStateException().isThrownBy(() -> LeaseSignal.number(property, "50"))
                .withMessageContaining("dev.daxverbs.lease.signal=" + property)
                .withMessageContaining("from " + Signals.firstRealTime() + " to " + LAST)
                .withMessageContaining("_JAVA_SR_SIGNUM=50");
    }
}
