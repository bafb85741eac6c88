package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.AnyKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/** Texts and bytes of GIDs; needs no device. */
@AnyKernel
class GidTest {
    private static final Gid LINK_LOCAL = new Gid(0xfe80_0000_0000_0000L, 0x5054_00ff_fe12_3456L);
    private static final Gid MAPPED = new Gid(0, 0xffff_0a4d_0001L);

    @ParameterizedTest
    @CsvSource({
        "fe80:0000:0000:0000:5054:00ff:fe12:3456, fe80:0000:0000:0000:5054:00ff:fe12:3456",
        "FE80::5054:FF:FE12:3456, fe80:0000:0000:0000:5054:00ff:fe12:3456",
        "::ffff:10.77.0.1, 0000:0000:0000:0000:0000:ffff:0a4d:0001",
        "0:0:0:0:0:ffff:a4d:1, 0000:0000:0000:0000:0000:ffff:0a4d:0001",
        "::ffff:255.255.255.255, 0000:0000:0000:0000:0000:ffff:ffff:ffff",
        "::, 0000:0000:0000:0000:0000:0000:0000:0000",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
    void shouldParseEveryFormAndPrintTheFullOne(String text, String full) {
        Gid gid = Gid.parse(text);
        assertThat(gid).hasToString(full);
        assertThat(Gid.parse(gid.toString())).isEqualTo(gid).hasSameHashCodeAs(gid);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", ":::", "1", "localhost", "10.77.0.1", "[::1]", "fe80::1%lo", "::ffff:10.77.0", "::ffff:10.77.0.256",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", " ::1"})
    void shouldRefuseWhatIsNoIpv6Address(String text) {
        assertThatThrownBy(() -> Gid.parse(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("text=\"" + text + "\"").hasMessageContaining("fe80::1");
    }

    @Test
    void shouldHaveTheMostSignificantByteFirst() {
        byte[] bytes = LINK_LOCAL.bytes();
        assertThat(bytes).containsExactly(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56);
        assertThat(Gid.of(bytes)).isEqualTo(LINK_LOCAL);
        bytes[0] = 0;
        assertThat(LINK_LOCAL.bytes()[0]).isEqualTo((byte) 0xfe);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 15, 17})
    void shouldRefuseAnotherNumberOfBytes(int length) {
        assertThatThrownBy(() -> Gid.of(new byte[length])).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bytes.length=" + length);
    }

    @Test
    void shouldBeAnIpAddress() throws Exception {
        assertThat(MAPPED.isIpv4Mapped()).isTrue();
        assertThat(MAPPED.toInetAddress()).isInstanceOf(Inet4Address.class).isEqualTo(InetAddress.getByName("10.77.0.1"));
        assertThat(LINK_LOCAL.isIpv4Mapped()).isFalse();
        assertThat(LINK_LOCAL.toInetAddress()).isInstanceOf(Inet6Address.class);
        assertThat(LINK_LOCAL.toInetAddress().getAddress()).isEqualTo(LINK_LOCAL.bytes());
        assertThat(new Gid(0, 0xfffe_0a4d_0001L).isIpv4Mapped()).isFalse();
        assertThat(new Gid(1, 0xffff_0a4d_0001L).isIpv4Mapped()).isFalse();
    }
}
