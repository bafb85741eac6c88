package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** KernelText.read. */
class KernelTextTest {
    @Test
    void shouldReadAllDigitsOfASetting() throws Exception {
        Path setting = Path.of("/proc/sys/kernel/pid_max"); // at least 301
        Process cat = new ProcessBuilder("cat", setting.toString()).start();
        assertThat(KernelText.read(setting)).isEqualTo(cat.inputReader().readLine()).hasSizeGreaterThan(2);
    }

    @Test
    void shouldFailForWhatIsNotThere() {
        assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> KernelText.read(Path.of("/proc/sys/missing")));
    }
}
