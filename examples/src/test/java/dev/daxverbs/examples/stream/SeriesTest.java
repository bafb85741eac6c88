package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class SeriesTest {
    @Test
    void shouldTakeRunsApart() {
        assertThat(Series.runs("")).isEmpty();
        assertThat(Series.runs("first\0--file\0x y\0--breaker\0a\nb\0\0second\0\0"))
                .containsExactly(List.of("first", "--file", "x y", "--breaker", "a\nb"), List.of("second"));
    }
}
