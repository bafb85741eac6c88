package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A device-DAX device as a file: DaxFile on a character device. Writes to the first one that the machine has. */
@Timeout(600)
class DaxDeviceTest {
    /** The largest page that such a device usually has: ranges aligned to it can be mapped. */
    private static final long ALIGNMENT = 2 << 20;

    private Path device;

    @BeforeEach
    void findDevice() throws IOException {
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/dev"), "dax*.*")) {
            for (Path found : devices) {
                device = found;
            }
        }
        if (device == null) {
            Guest.skip("there is no device-DAX device /dev/dax*");
        }
    }

    @Test
    void shouldMapTheDevice() throws Exception {
        try (DaxFile file = DaxFile.open(device)) {
            assertThat(file.kind()).isEqualTo(MemoryKind.DEVICE_DAX);
            assertThat(file.size()).isGreaterThanOrEqualTo(2 * ALIGNMENT).isEqualTo(file.size() / 4096 * 4096);
            try (DaxMapping mapping = file.map(ALIGNMENT, ALIGNMENT); DaxMapping again = file.map(0, 2 * ALIGNMENT)) {
                mapping.segment().set(ValueLayout.JAVA_LONG, 8, System.nanoTime());
                assertThat(again.segment().get(ValueLayout.JAVA_LONG, ALIGNMENT + 8)).isEqualTo(mapping.segment().get(ValueLayout.JAVA_LONG, 8));
            }
            file.force();
        }
    }

    @Test
    void shouldSayWhatADeviceCannot() throws Exception {
        try (DaxFile file = DaxFile.open(device)) {
            long size = file.size();
            assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> file.truncate(0)).withMessageContaining("fixed");
            assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> file.extend(2 * size)).withMessageContaining("fixed");
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> file.read(MemorySegment.ofArray(new byte[1]), 0))
                    .withMessageContainingAll("pread(", "EINVAL", "device-DAX");
            assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> file.map(0, size + 1));
        }
    }
}
