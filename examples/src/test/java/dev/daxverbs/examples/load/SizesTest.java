package dev.daxverbs.examples.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({"0,0", "4096,4096", "4K,4096", "4k,4096", "64M,67108864", "3g,3221225472", "-1,-1"})
    void shouldReadWhatPeopleWrite(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "K", "4 K", "1.5M", "1T", "0x10", "9223372036854775807K", "9223372036854775808"})
    void shouldRefuseWhatIsNoSize(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse(text)).withMessageContaining("'" + text + "'");
    }

    @Test
    void shouldWriteMebibytes() {
        assertThat(Sizes.text(3 << 19)).isEqualTo("1.5 MiB");
    }
}
