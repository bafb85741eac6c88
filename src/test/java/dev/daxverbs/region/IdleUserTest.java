package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A user that has posted and neither polls nor posts again: nothing of the library's may wait for it. */
@RequiresDevice
@Timeout(180)
class IdleUserTest {
    private static final int PAGES = 64;
    private static final int ROUNDS = 3;
    /** How long the user is away in the last round; a minute takes {@code -Ddaxverbs.awayMs=60000}. */
    private static final long AWAY_MS = Long.getLong("daxverbs.awayMs", 1000);

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldAnswerBreaksAndFinishTransfersForAUserThatIsAway(FileSystemUnderTest fs) throws Exception {
        long leastNs = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            try (RegionPair pair = new RegionPair()) {
                Path path = fs.newFile("f" + round, PAGES * PAGE);
                MemoryRegion region = pair.region(pair.map(path));
                List<String> expected = new ArrayList<>();
                for (int i = 0; i < DEPTH / 2; i++) {
                    pair.write(i, (byte) (i + 1), region, i);
                    expected.add(i + " SUCCESS");
                }
                try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
                    writer.awaitLine("open");
                    if (region.breaks() > 0) {
                        leastNs = Math.min(leastNs, region.describe().lastBreakNs());
                    }
                    for (int i = DEPTH / 2; i < DEPTH; i++) { // these are staged
                        pair.write(i, (byte) (i + 1), region, i);
                        expected.add(i + " SUCCESS");
                    }
                    Eventually.await("the last of them is in the file, though nobody polls",
                            () -> RegionPair.byteOf(region.mapping().file(), DEPTH - 1) == DEPTH);
                    writer.tell("close");
                }
                Eventually.pause(round == ROUNDS - 1 ? AWAY_MS : 0);
                assertThat(pair.complete(DEPTH)).containsExactlyElementsOf(expected);
                for (int i = 0; i < DEPTH; i++) {
                    assertThat(RegionPair.byteOf(region.mapping().file(), i)).isEqualTo((byte) (i + 1));
                }
            }
        }
        if (leastNs != Long.MAX_VALUE) {
            assertThat(Duration.ofNanos(leastNs)).as("the quickest of three: the processors may be emulated, and busy")
                    .isLessThan(Duration.ofMillis(100));
        }
    }
}
