package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

class ListingTest {
    @Test
    void shouldNameAllOfAFew() {
        assertThat(Listing.of(List.of())).isEmpty();
        assertThat(Listing.of(Arrays.asList("a", null))).isEqualTo("a, null");
    }

    @ParameterizedTest
    @CsvSource({"10, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10'", "11, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ... and 1 more'",
        "100000, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ... and 99990 more'"})
    void shouldCountTheRestOfMany(int count, String expected) {
        assertThat(Listing.of(IntStream.rangeClosed(1, count).boxed().toList())).isEqualTo(expected);
    }
}
