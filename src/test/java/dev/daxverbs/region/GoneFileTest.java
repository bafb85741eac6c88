package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/** Files that lose their name, and openers within this process. */
@RequiresDevice
@Timeout(600)
class GoneFileTest {
    private static final int PAGES = 32;
    private static final int ROUNDS = 6;

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldGoOnWithAFileThatIsDeletedAndAnswerThoseWhoReachIt(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.region(pair.map(path));
            DaxFile file = region.mapping().file();
            Path throughUs = Path.of("/proc/%d/fd/%d".formatted(ProcessHandle.current().pid(), file.fileDescriptor()));
            PageLoad.during(pair, region, () -> {
                OtherProcess.shell("rm \"$1\"", path).awaitSuccess();
                assertThat(region.guard()).as("its name is no lease's business").isEqualTo(Guard.LEASED);
                for (int i = 0; i < ROUNDS; i++) {
                    OtherProcess.readOpen(throughUs).awaitSuccess();
                    Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
                    OtherProcess.writeOpen(throughUs).awaitSuccess();
                    Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
                }
            });
            assertThat(region.breaks()).isEqualTo(2 * ROUNDS);
            assertThat(Files.exists(path)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldGoOnWithAFileThatIsRenamedAndReplaced(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.region(pair.map(path));
            Path renamed = path.resolveSibling("renamed");
            PageLoad.during(pair, region, () -> {
                OtherProcess.shell("mv \"$1\" \"$1ed\"; mv \"$1ed\" \"$(dirname \"$1\")/renamed\"; echo new > \"$1\"", path).awaitSuccess();
                OtherProcess.readOpen(path).awaitSuccess(); // another file by now
                assertThat(region.breaks()).isZero();
                for (int i = 0; i < ROUNDS; i++) {
                    OtherProcess.writeOpen(renamed).awaitSuccess();
                    Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
                }
            });
            assertThat(region.breaks()).isEqualTo(ROUNDS);
            assertThat(Files.readString(path)).isEqualTo("new\n");
            assertThat(Files.size(renamed)).isEqualTo(PAGES * PAGE);
        }
    }

    @Test
    void shouldTakeTransfersThroughOpensByManyThreadsOfThisProcess() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Leftovers before = Leftovers.now();
            try (RegionPair pair = new RegionPair()) {
                Path path = fs.newFile("f", PAGES * PAGE);
                MemoryRegion region = pair.region(pair.map(path));
                PageLoad.during(pair, region, () -> {
                    AtomicBoolean failed = new AtomicBoolean();
                    Thread[] openers = new Thread[4];
                    for (int t = 0; t < openers.length; t++) {
                        int number = t;
                        openers[t] = Thread.ofPlatform().uncaughtExceptionHandler((thread, e) -> {
                            e.printStackTrace();
                            failed.set(true);
                        }).start(() -> openAgainAndAgain(number, path));
                    }
                    for (Thread opener : openers) {
                        opener.join();
                    }
                    assertThat(failed).isFalse();
                });
                assertThat(region.breaks()).isPositive();
                assertThat(region.fenced()).isZero();
                Eventually.await("the lease is back", () -> region.path() == TransferPath.DIRECT);
                assertThat(PageLoad.during(pair, region, () -> Eventually.pause(50))).isPositive();
            }
            before.awaitNoMore();
        }
    }

    private static void openAgainAndAgain(int number, Path path) {
        try {
            for (int i = 0; i < 4 * ROUNDS; i++) {
                switch ((number + i) % 3) {
                    case 0 -> FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
                    case 1 -> DaxFile.open(path).close();
                    default -> assertThat(Files.readAllBytes(path)).hasSize(PAGES * PAGE);
                }
                Eventually.pause(5);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
