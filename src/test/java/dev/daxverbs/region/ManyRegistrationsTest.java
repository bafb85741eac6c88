package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** One file, registered again and again: in several domains, on two devices, under breaks, by users who come and go. */
@RequiresDevice({"rxe0", "rxe1"})
@Timeout(900)
class ManyRegistrationsTest {
    private static final int PAIRS = 3;
    private static final int BREAKS = 12;
    private static final Set<AccessFlag> ACCESS = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTakeAllRegionsOfAFileThroughEachBreak(FileSystemUnderTest fs) throws Exception {
        warmUp();
        Leftovers before = Leftovers.now();
        Path path = fs.newFile("f", PAIRS * DEPTH * PAGE);
        Device first = device("rxe0");
        try (DaxFile file = DaxFile.open(path); DaxMapping mapping = file.map(0, file.size()); DaxMapping half = file.map(0, file.size() / 2);
                RegionPair one = new RegionPair(first); RegionPair two = new RegionPair(first); RegionPair three = new RegionPair(device("rxe1"));
                ExecutorService threads = Executors.newCachedThreadPool()) {
            List<RegionPair> pairs = List.of(one, two, three);
            List<MemoryRegion> used = new ArrayList<>();
            for (RegionPair pair : pairs) {
                used.add(pair.closing(register(pair, mapping, used.size())));
            }
            CountDownLatch broken = new CountDownLatch(1);
            List<Future<Long>> loads = new ArrayList<>();
            for (int i = 0; i < PAIRS; i++) {
                int number = i;
                loads.add(threads.submit(() -> PageLoad.during(pairs.get(number), used.get(number), broken::await)));
            }
            List<MemoryRegion> others = new ArrayList<>();
            for (int i = 0; i < BREAKS; i++) {
                Eventually.await("the lease is back", () -> used.getFirst().guard() == Guard.LEASED);
                try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
                    writer.awaitLine("open");
                    // While it is broken one more of each, and some of the older ones go.
                    for (RegionPair pair : pairs) {
                        others.add(register(pair, mapping, 0));
                        others.add(pair.domain.register(half, PAGE, 5L * PAGE, ACCESS));
                    }
                    for (int gone = 0; gone < 3; gone++) {
                        others.remove(others.size() / 2).close();
                    }
                    writer.tell("close");
                    writer.awaitSuccess();
                }
                others.removeLast().close();
                others.add(register(two, half, 0));
            }
            Stream.concat(used.stream(), others.stream())
                    .forEach(region -> Eventually.await("direct", () -> region.path() == TransferPath.DIRECT));
            assertThat(Leftovers.now().leases()).as("one lease for all of them").hasSize(before.leases().size() + 1);
            broken.countDown();
            for (Future<Long> load : loads) {
                assertThat(load.get()).isGreaterThan(DEPTH);
            }
            assertThat(used).allSatisfy(region -> {
                assertThat(region.breaks()).isEqualTo(BREAKS);
                assertThat(region.fenced()).isZero();
                assertThat(region.describe().guard()).isEqualTo(Guard.LEASED);
            });
            used.forEach(MemoryRegion::close);
            assertThat(others).allSatisfy(region -> assertThat(region.path()).isEqualTo(TransferPath.DIRECT));
            others.forEach(MemoryRegion::close);
            assertThat(Leftovers.now().leases()).isEqualTo(before.leases());
        }
        before.awaitNoMore();
    }

    /** What is made once in a process is not left behind by a test. */
    private static void warmUp() throws Exception {
        try (FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs(); RegionPair pair = new RegionPair()) {
            pair.region(pair.map(tmpfs.newFile("warm", PAGE)));
        }
    }

    private static MemoryRegion register(RegionPair pair, DaxMapping mapping, int part) throws IOException {
        return pair.domain.register(mapping, (long) part * DEPTH * PAGE, (long) DEPTH * PAGE, ACCESS);
    }

    private static Device device(String name) {
        return Device.list().stream().filter(device -> device.name().equals(name)).findFirst().orElseThrow();
    }
}
