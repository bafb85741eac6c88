package dev.daxverbs.verbs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.Ibverbs;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

/** What can be asked of devices on any machine, with libibverbs or without, with devices or without. */
class DeviceListTest {
    private static final Device ABSENT = new Device("absent0", 1, NodeType.CA, TransportType.INFINIBAND, 0, "uverbs99",
            Path.of("/sys/class/infiniband/absent0"));

    @Test
    void shouldListDevicesOrNoneOrSayThatTheLibraryIsMissing() {
        if (Ibverbs.missing().isPresent()) {
            assertThatThrownBy(Device::list).isInstanceOfSatisfying(VerbsException.class, e -> {
                assertThat(e.errno()).isEqualTo(Errno.ENOSYS);
                assertThat(e).hasMessageContaining("libibverbs.so.1").hasMessageContaining("install");
            });
        } else {
            assertThat(Device.list()).isEqualTo(Device.list()).allSatisfy(device -> assertThat(device.name()).isNotEmpty());
        }
    }

    @Test
    void shouldNotFindADeviceThatIsNotThere() {
        if (Ibverbs.missing().isEmpty()) {
            assertThat(Device.find("absent0")).isEmpty();
        }
        assertThatThrownBy(() -> Device.byName("absent0")).isInstanceOfSatisfying(VerbsException.class, this::saysWhatIsThere);
        assertThatThrownBy(ABSENT::open).isInstanceOfSatisfying(VerbsException.class, this::saysWhatIsThere);
    }

    private void saysWhatIsThere(VerbsException e) {
        if (Ibverbs.missing().isPresent()) {
            assertThat(e.errnoName()).isEqualTo("ENOSYS");
            return;
        }
        assertThat(e.errno()).isEqualTo(Errno.ENODEV);
        assertThat(e).hasMessageContaining("=absent0").hasMessageContaining("ENODEV (19)");
        if (Device.list().isEmpty()) {
            assertThat(e).hasMessageContaining("no RDMA device");
        } else {
            assertThat(e).hasMessageContainingAll(Device.list().stream().map(Device::name).toArray(CharSequence[]::new));
        }
    }

    @Test
    void shouldPrintAGuidAsOtherToolsDo() {
        assertThat(new Device("x", 0x5054_00ff_fe12_3456L, NodeType.CA, TransportType.INFINIBAND, 0, "", Path.of("")).guidText())
                .isEqualTo("5054:00ff:fe12:3456");
    }
}
