package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.daxverbs.examples.load.UserException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class LayoutTest {
    @ParameterizedTest
    @CsvSource({"1048576,1,8,4096,false", "1048576,3,8,4096,true", "1048577,7,8,5000,true", "8388608,100,8,4096,true", "40960000,10000,16,4096,false",
        "65536,16,15,4096,true", "1000000,2,1,10000,false"})
    void shouldGiveEachPlacePiecesOfItsOwnWithinTheRegions(long fileBytes, int regions, int places, long leastBytes, boolean words) throws UserException {
        Layout layout = Layout.of(fileBytes, regions, places, leastBytes, words);
        long end = 0;
        assertThat(layout.regions()).hasSize(regions);
        for (Layout.Part region : layout.regions()) {
            assertThat(region.offset()).isEqualTo(end).matches(offset -> offset % Layout.PAGE_BYTES == 0);
            end += region.lengthBytes();
        }
        assertThat(end).isEqualTo(fileBytes);

        List<long[]> ranges = new ArrayList<>();
        for (int place = 0; place < places; place++) {
            assertThat(layout.piecesOf(place, places)).isNotEmpty();
            for (Layout.Part piece : layout.piecesOf(place, places)) {
                Layout.Part region = layout.regions().get(piece.region());
                assertThat(piece.lengthBytes()).isGreaterThanOrEqualTo(leastBytes);
                assertThat(piece.offset() + piece.lengthBytes()).isLessThanOrEqualTo(region.lengthBytes());
                ranges.add(new long[] {region.offset() + piece.offset(), piece.lengthBytes()});
            }
        }
        ranges.sort(Comparator.comparingLong(range -> range[0]));
        long free = words ? Layout.WORDS_BYTES : 0;
        for (long[] range : ranges) {
            assertThat(range[0]).isGreaterThanOrEqualTo(free);
            free = range[0] + range[1];
        }
    }

    @Test
    void shouldSayWhenTheFileIsTooSmall() {
        assertThatExceptionOfType(UserException.class).isThrownBy(() -> Layout.of(65536, 1, 17, 4096, false)).withMessageContaining("too small");
        assertThatExceptionOfType(UserException.class).isThrownBy(() -> Layout.of(65536, 16, 16, 4096, true)).withMessageContaining("too small");
        assertThatExceptionOfType(UserException.class).isThrownBy(() -> Layout.of(0, 1, 1, 1, false)).withMessageContaining("too small");
        assertThatExceptionOfType(UserException.class).isThrownBy(() -> Layout.of(65536, 17, 1, 1, false)).withMessageContaining("too small");
    }
}
