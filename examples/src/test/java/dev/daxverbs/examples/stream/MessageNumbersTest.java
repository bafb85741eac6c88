package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MessageNumbersTest {
    private static final int LOW = (1 << MessageNumbers.LOW_BITS) - 1;

    @Test
    void shouldTakeThemInOrder() {
        MessageNumbers numbers = new MessageNumbers(false);
        for (int i = 0; i < 10; i++) {
            assertThat(numbers.next()).isEqualTo(i);
            assertThat(numbers.take(i)).isTrue();
        }
        assertThat(numbers.missing()).isZero();
    }

    @Test
    void shouldNoticeOneThatIsLeftOutOrComesLate() {
        MessageNumbers numbers = new MessageNumbers(false);
        assertThat(numbers.take(0)).isTrue();
        assertThat(numbers.take(2)).isFalse();
        assertThat(numbers.take(1)).isFalse();
        assertThat(numbers.take(3)).isTrue();
        assertThat(numbers.take(3)).isFalse();
    }

    @Test
    void shouldCountThoseThatAreLeftOutWhereSomeMayBe() {
        MessageNumbers numbers = new MessageNumbers(true);
        assertThat(numbers.take(0)).isTrue();
        assertThat(numbers.take(2)).isTrue();
        assertThat(numbers.take(5)).isTrue();
        assertThat(numbers.missing()).isEqualTo(3);
        assertThat(numbers.take(4)).isFalse(); // not left out, but overtaken
        assertThat(numbers.missing()).isEqualTo(3);
    }

    @Test
    void shouldKnowANumberByItsLowBits() {
        MessageNumbers numbers = new MessageNumbers(true);
        assertThat(numbers.of(0)).isZero();
        assertThat(numbers.of(7)).isEqualTo(7);
        numbers.take(2L * LOW);
        for (long number : new long[] {2L * LOW - 5, 2L * LOW, 2L * LOW + 1, 2L * LOW + 2, 2L * LOW + 3, 2L * LOW + 1000}) {
            assertThat(numbers.of((int) number & LOW)).isEqualTo(number);
        }
    }
}
