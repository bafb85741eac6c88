package dev.daxverbs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.FileOutputStream;
import java.nio.file.Path;

/** The command line where no RDMA device is needed. */
@Timeout(60)
class MainTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "cure", "doctor", "doctor a b", "doctor a --device", "doctor a --fast", "info a", "info --device rxe0",
            "--version --json"})
    void shouldRefuseWrongUsage(String line) {
        Run run = Run.of(line.isEmpty() ? new String[0] : line.split(" "));
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("daxverbs: ").contains("usage: java -jar daxverbs.jar doctor FILE");
    }

    @Test
    void shouldPrintHelpThatWarnsOfBreaks() {
        Run run = Run.of("doctor", "--help");
        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("usage: ").contains("BREAKS THE LEASE");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void shouldPrintAVersion() {
        assertThat(Run.of("--version").out()).startsWith("daxverbs ");
    }

    @Test
    void shouldTellOfThisMachine() {
        Run run = Run.of("info");
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("kernel: Linux " + System.getProperty("os.version")).contains("leasesEnabled: 1")
                .containsPattern("leaseBreakTimeSeconds: [0-9]+\n").containsPattern("gate: (membarrier|fence)\n").contains("devices:");
        assertThat(Run.of("info", "--json").out()).startsWith("{\n  \"library\": \"").contains("\"leasesEnabled\": 1,").endsWith("}\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/no/such/file", "/tmp", "/dev/null", "nul\0character"})
    void shouldSayInOneLineWhyAFileIsNoGood(String file) {
        Run run = Run.of("doctor", file);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("daxverbs: ").doesNotContain("\tat ");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void shouldSayThatAnEmptyFileHasNothingToMap() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Run run = Run.of("doctor", fs.newFile("empty", 0).toString());
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.out()).contains("memory: TMPFS").contains("verdict: not possible: the file is empty");
        }
    }

    @Test
    void shouldTellWhyTheLeaseIsNotToBeHadAndGiveItBackWhenItIs() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path file = fs.newFile("f", 10_000);
            for (int i = 0; i < 2; i++) {
                assertThat(Run.of("doctor", file.toString()).out()).contains("lease: to be had (WRITE)").contains("sizeBytes: 10000");
            }
            try (FileOutputStream other = new FileOutputStream(file.toFile(), true)) {
                assertThat(Run.of("doctor", file.toString()).out()).contains("EAGAIN").contains("the file is open elsewhere");
                other.flush();
            }
            assertThat(Run.of("doctor", file.toString()).out()).contains("lease: to be had (WRITE)");
        }
    }

    @Test
    void shouldSayThatADeviceIsNotThere() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Run run = Run.of("doctor", "--device", "no-such-device", "--", fs.newFile("f", 1).toString());
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.out()).contains("memory: TMPFS").contains("verdict: not possible: ");
        }
    }
}
