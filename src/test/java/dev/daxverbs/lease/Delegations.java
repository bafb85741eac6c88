package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.internal.Errno;
import dev.daxverbs.internal.KernelText;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.file.Path;

/** Whether this kernel has delegations. */
final class Delegations {
    private Delegations() {
    }

    /**
     * Whether it has. If not, that it says so as it should has been checked; and outside the guest, which boots old kernels on purpose, the
     * test is skipped.
     */
    static boolean areThere() throws IOException {
        boolean areOldEnough = isAtLeast(6, 19);
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs(); TestFile open = TestFile.open(fileSystem.newFile("file", 1));
                FileLease lease = FileLease.take(open.fd(), "file", LeaseType.WRITE, LeaseMode.DELEGATION, new RecordingHolder())) {
            assertThat(lease.isHeld()).isTrue();
            assertThat(areOldEnough).isTrue();
            return true;
        } catch (LeaseUnavailableException e) {
            assertThat(e.errno()).isEqualTo(Errno.EOPNOTSUPP);
            assertThat(areOldEnough).isFalse();
            if (!Guest.isHere()) {
                Assumptions.abort(e.getMessage());
            }
            return false;
        }
    }

    private static boolean isAtLeast(int major, int minor) throws IOException {
        String[] release = KernelText.read(Path.of("/proc/sys/kernel/osrelease")).split("[^0-9]+");
        int here = Integer.parseInt(release[0]) * 1000 + Integer.parseInt(release[1]);
        return here >= major * 1000 + minor;
    }
}
