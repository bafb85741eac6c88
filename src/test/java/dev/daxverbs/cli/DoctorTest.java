package dev.daxverbs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The doctor's word on each kind of file, on rxe: tmpfs can be pinned, FS-DAX cannot, and newer kernels pin no page-cache file. */
@RequiresDevice
@Timeout(300)
class DoctorTest {
    private static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    /** Whether this kernel is at least that one. */
    private static boolean kernelHas(int major, int minor) {
        String[] parts = System.getProperty("os.version").split("[^0-9]+");
        int have = Integer.parseInt(parts[0]);
        return have > major || have == major && Integer.parseInt(parts[1]) >= minor;
    }

    private static String registration(MemoryKind kind) {
        if (kind == MemoryKind.TMPFS || kind == MemoryKind.PAGE_CACHE && !kernelHas(6, 12)) {
            return "pinned";
        }
        return kernelHas(6, 15) ? "on demand" : "none";
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellHowTransfersWouldGo(FileSystemUnderTest fs) {
        Path file = fs.newFile("f", 1 << 20);
        for (int i = 0; i < 2; i++) { // again, as nothing is left behind
            Run run = Run.of("doctor", file.toString(), "--device", "rxe0");
            String registration = registration(fs.kind());
            boolean direct = !registration.equals("none");
            assertThat(run.status()).as(run.out()).isEqualTo(direct ? 0 : 1);
            assertThat(run.err()).isEmpty();
            assertThat(run.out()).contains("memory: " + fs.kind()).contains("lease: to be had (WRITE)").contains("- device: rxe0")
                    .contains("registration: " + registration).contains("path: " + (direct ? "DIRECT" : "STAGED"))
                    .contains("mapSync: " + (fs.kind() == MemoryKind.FS_DAX ? "yes" : "no"));
            if (registration.equals("pinned")) {
                assertThat(run.out()).contains("reasons: none").doesNotContain("onDemandTrial").endsWith("verdict: direct\n");
            } else {
                assertThat(run.out()).contains("onDemandTrial: " + (direct ? "PAGE_ALIGNED: right at page boundaries" : "UNSUPPORTED: "))
                        .contains("cannot be pinned").contains("verdict: " + (direct ? "direct, for some transfers" : "not direct"));
            }
        }
    }

    /** The project's folder is shared with the guest by 9p, which has no leases. */
    @Test
    void shouldSayThatAFileSystemHasNoLeasesAndWhichHave() throws Exception {
        if (!Guest.isHere()) {
            Guest.skip("no 9p file system");
        }
        Path file = Files.createTempFile(Path.of("target"), "doctor", "");
        try {
            Files.write(file, new byte[8192]);
            Run run = Run.of("doctor", file.toString(), "--json");
            assertThat(run.status()).as(run.out()).isEqualTo(1);
            assertThat(run.out()).contains("\"fileSystem\": \"9p").contains("EINVAL").contains("use ext4, XFS or tmpfs")
                    .contains("\"path\": \"STAGED\"").contains("\"verdict\": \"not direct");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void shouldDescribeTheDevices() {
        assertThat(Run.of("info").out()).contains("- name: rxe0").contains("state: ACTIVE").contains("activeMtuBytes: 4096")
                .contains("onDemandPaging: " + (kernelHas(6, 15) ? "yes" : "no")).contains("ROCE_V2");
    }
}
