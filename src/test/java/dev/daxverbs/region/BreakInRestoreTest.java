package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.lease.LeaseBreak;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A break that comes while the regions of the last one are being registered again, of which there are many. */
@RequiresDevice
@Timeout(300)
class BreakInRestoreTest {
    private static final int REGIONS = 1500;
    private static final int ROUNDS = 3;

    /** Opened by this process, as an open(2) takes less time than to start another. */
    private static FileChannel open(Path path) throws Exception {
        return FileChannel.open(path, StandardOpenOption.WRITE);
    }

    private static long direct(List<MemoryRegion> regions) {
        return regions.stream().filter(region -> region.path() == TransferPath.DIRECT).count();
    }

    @Test
    void shouldNotRegisterTheRestBeforeTheFileIsGivenAway() throws Exception {
        AtomicInteger restores = new AtomicInteger();
        AtomicInteger breaks = new AtomicInteger();
        try (FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
                RegionPair pair = new RegionPair(Device.list().getFirst(), RegionOptions.defaults().withCoolDown(0))) {
            Path path = tmpfs.newFile("f", DEPTH * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion loaded = pair.region(mapping);
            loaded.addListener(new RegionListener() {
                @Override
                public void onBreak(MemoryRegion region, LeaseBreak event) {
                    breaks.incrementAndGet();
                }

                @Override
                public void onRestore(MemoryRegion region) {
                    restores.incrementAndGet();
                }
            });
            List<MemoryRegion> regions = new ArrayList<>();
            for (int i = 0; i < REGIONS; i++) {
                regions.add(pair.closing(pair.domain.register(mapping, (long) i % DEPTH * PAGE, PAGE, EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE))));
            }
            assertThat(direct(regions)).isEqualTo(REGIONS);
            long transfers = PageLoad.during(pair, loaded, () -> {
                for (int i = 1; i <= ROUNDS; i++) {
                    open(path).close();
                    while (direct(regions) == 0) {
                        Thread.onSpinWait();
                    }
                    try (FileChannel second = open(path)) {
                        assertThat(restores).as("whole restores").hasValue(i - 1);
                        assertThat(direct(regions)).as("with a registration though the file is open").isZero();
                        assertThat(loaded.path()).isEqualTo(TransferPath.STAGED);
                        assertThat(breaks).hasValueGreaterThanOrEqualTo(2 * i - 1); // it is told of the last one in this moment
                    }
                    int round = i;
                    Eventually.await("all are registered again", () -> restores.get() == round);
                    assertThat(direct(regions)).isEqualTo(REGIONS);
                    assertThat(breaks).hasValue(2 * i);
                }
            });
            assertThat(transfers).isGreaterThan(DEPTH);
            assertThat(loaded.fenced()).isZero();
        }
    }
}
