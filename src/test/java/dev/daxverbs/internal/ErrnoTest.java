package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errno.name. */
class ErrnoTest {
    @ParameterizedTest
    @CsvSource({"1,EPERM", "2,ENOENT", "9,EBADF", "11,EAGAIN", "13,EACCES", "16,EBUSY", "22,EINVAL", "35,EDEADLK", "37,ENOLCK", "95,EOPNOTSUPP",
            "108,ESHUTDOWN", "133,EHWPOISON"})
    void shouldNameValuesOfLinux(int errno, String name) {
        assertThat(Errno.name(errno)).isEqualTo(name);
    }

    @Test
    void shouldGiveTheNumberOfUnknownValues() {
        assertThat(Errno.name(999)).isEqualTo("errno 999");
        assertThat(Errno.name(-22)).isEqualTo("errno -22");
        assertThat(Errno.name(0)).isEqualTo("errno 0");
    }
}
