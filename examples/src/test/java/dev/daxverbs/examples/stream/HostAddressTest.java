package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.examples.load.UserException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;

class HostAddressTest {
    @Test
    void shouldReadBothKindsOfAddresses() throws IOException {
        assertThat(HostAddress.parse("127.0.0.1:7174")).isEqualTo(new HostAddress("127.0.0.1", 7174)).hasToString("127.0.0.1:7174");
        assertThat(HostAddress.parse("[::1]:65535")).isEqualTo(new HostAddress("::1", 65535)).hasToString("[::1]:65535");
        assertThat(HostAddress.parse("[::1]:1").resolve().getAddress().isLoopbackAddress()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "host", ":7174", "host:", "host:0", "host:65536", "host:-1", "host:x", "::1:7174", "[]:7174", "[::1]"})
    void shouldRefuseWhatIsNone(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> HostAddress.parse(text)).withMessageContaining("host:port");
    }

    @Test
    void shouldNameAHostThatNobodyKnows() {
        assertThatThrownBy(() -> new HostAddress("no-such-host.invalid", 1).resolve()).isInstanceOf(UserException.class)
                .hasMessageContaining("no-such-host.invalid");
    }
}
