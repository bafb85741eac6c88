package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.testing.AnyKernel;
import dev.daxverbs.verbs.Gid;
import dev.daxverbs.verbs.GidType;

import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;

import org.junit.jupiter.api.Test;

/** Which of a port's addresses a connection takes; and memory of peers without the library. */
@AnyKernel
class GidChoiceTest {
    private record Entry(GidType type, String gid) {
    }

    private static final List<Entry> TABLE = List.of(new Entry(GidType.ROCE_V1, "fe80::1"), new Entry(GidType.ROCE_V2, "fe80::1"),
            new Entry(GidType.ROCE_V1, "::ffff:10.77.0.1"), new Entry(GidType.ROCE_V2, "::ffff:10.77.0.1"),
            new Entry(GidType.ROCE_V2, "::ffff:192.168.0.1"), new Entry(GidType.ROCE_V2, "2001:db8::1"));

    private static String choice(String local, String peer) throws Exception {
        InetAddress address = InetAddress.getByName(local);
        Gid peers = peer == null ? null : Gid.parse(peer);
        Comparator<Entry> byFitness = Comparator.comparingInt(entry -> LocalEnd.fitness(entry.type(), Gid.parse(entry.gid()), address, peers));
        Entry best = TABLE.stream().max(byFitness).orElseThrow();
        return best.type() + " " + best.gid();
    }

    @Test
    void shouldPreferTheAddressOfTheControlConnection() throws Exception {
        assertThat(choice("10.77.0.1", null)).isEqualTo("ROCE_V2 ::ffff:10.77.0.1");
        assertThat(choice("192.168.0.1", null)).isEqualTo("ROCE_V2 ::ffff:192.168.0.1");
        assertThat(choice("2001:db8::1", null)).isEqualTo("ROCE_V2 2001:db8::1");
        assertThat(choice("fe80::1", null)).isEqualTo("ROCE_V2 fe80::1");
    }

    /** The control connection may take another network than the devices. */
    @Test
    void shouldTakeAnAddressOfThePeersKind() throws Exception {
        assertThat(choice("2001:db8::1", "::ffff:192.168.0.9")).startsWith("ROCE_V2 ::ffff:");
        assertThat(choice("10.77.0.1", "2001:db8::9")).isEqualTo("ROCE_V2 2001:db8::1");
        assertThat(choice("10.77.0.1", "fe80::9")).isEqualTo("ROCE_V2 fe80::1");
    }

    @Test
    void shouldNameAPeersMemoryAsItWasTold() {
        RemoteMemory memory = new RemoteMemory(0x1000, 7, 4096);
        assertThat(memory.hasFixedKeys()).isTrue();
        assertThat(memory.remoteKey()).isEqualTo(7);
        assertThatThrownBy(memory::localKey).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> new RemoteMemory(0x1000, 7, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
