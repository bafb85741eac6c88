package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.QueuePairState;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Transfers through breaks of the lease, on each kind of file, broken by other processes. */
@RequiresDevice
@Timeout(120)
class HitlessBreakTest {
    private static final int PAGES = 64;

    /** Those whose memory this kernel can register; {@link RegistrationTableTest} holds which these are. */
    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldReachTheFileAndLeaseItWhileNobodyElseHasIt(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(fs.newFile("f", PAGES * PAGE));
            MemoryRegion region = pair.region(mapping);

            assertThat(region.guard()).isEqualTo(Guard.LEASED);
            assertThat(pair.write(1, (byte) 5, region, 3)).isTrue();
            pair.completeOne();
            assertThat(RegionPair.byteOf(mapping.file(), 3)).isEqualTo((byte) 5);
            assertThat(region.breaks()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldGoOnInOrderThroughStagingMemoryWhileAnotherHasTheFile(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            pair.write(1, (byte) 1, region, 0);
            pair.completeOne();

            try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
                writer.awaitLine("open"); // so the lease was released: the break was answered
                assertThat(region.guard()).isEqualTo(Guard.UNLEASED);
                assertThat(region.path()).isEqualTo(TransferPath.STAGED);
                for (int i = 0; i < DEPTH; i++) {
                    assertThat(pair.write(100 + i, (byte) (10 + i), region, i)).as("write %d", i).isTrue();
                }
                assertThat(pair.complete(DEPTH)).containsExactlyElementsOf(
                        IntStream.range(0, DEPTH).mapToObj(i -> (100 + i) + " SUCCESS").toList());
                for (int i = 0; i < DEPTH; i++) {
                    assertThat(RegionPair.byteOf(mapping.file(), i)).as("page %d", i).isEqualTo((byte) (10 + i));
                }
                assertThat(pair.domain.counters().staged()).isEqualTo(DEPTH);
                writer.tell("close");
                writer.awaitSuccess();
            }

            Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
            assertThat(region.path()).isEqualTo(TransferPath.DIRECT);
            pair.write(200, (byte) 99, region, 0);
            assertThat(pair.complete(1)).containsExactly("200 SUCCESS");
            assertThat(pair.domain.counters()).isEqualTo(new RegionCounters(2, DEPTH, 0, 0, 1, 0, 0));
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldCountDeferredWorkAsOutstanding(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.region(pair.map(path));
            try (OtherProcess writer = OtherProcess.truncate(path, 0, PAGES * PAGE)) {
                writer.awaitLine("open");
                for (int i = 0; i < DEPTH; i++) {
                    assertThat(pair.write(100 + i, (byte) (10 + i), region, i)).as("write %d", i).isTrue();
                }
                assertThat(pair.write(60, (byte) 99, region, 0)).as("the send queue is full").isFalse();
                Eventually.pause(50);
                assertThat(pair.completeNow()).as("the file has none of it, but may get it back").isEmpty();
                OtherProcess.extend(writer);
            }
            assertThat(pair.complete(DEPTH)).containsExactlyElementsOf(
                    IntStream.range(0, DEPTH).mapToObj(i -> (100 + i) + " SUCCESS").toList());
        }
    }

    /** What the plain verbs lose: pinned pages are orphans after a truncation, and on-demand ones stop the queue pair during it. */
    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldReachTheNewPagesOfAFileThatWasTruncatedAndExtended(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            pair.write(1, (byte) 1, region, 0);
            pair.completeOne();
            TransferPath before = region.path();

            OtherProcess.shell("exec 3<>\"$1\"; truncate -s 0 \"$1\"; truncate -s %d \"$1\"".formatted(PAGES * PAGE), path).awaitSuccess();
            pair.write(2, (byte) 2, region, 0);
            pair.write(3, (byte) 3, region, PAGES - 1);

            assertThat(pair.complete(2)).containsExactly("2 SUCCESS", "3 SUCCESS");
            assertThat(RegionPair.byteOf(mapping.file(), 0)).isEqualTo((byte) 2);
            assertThat(RegionPair.byteOf(mapping.file(), PAGES - 1)).isEqualTo((byte) 3);
            Eventually.await("the path is that of before", () -> region.path() == before); // those may have been staged
            pair.write(4, (byte) 4, region, 0);
            assertThat(pair.complete(1)).containsExactly("4 SUCCESS");
            assertThat(RegionPair.byteOf(mapping.file(), 0)).isEqualTo((byte) 4);
            assertThat(pair.requester.query().state()).isEqualTo(QueuePairState.RTS);
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldDrainForABreakWhenNobodyPolls(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            for (int i = 0; i < DEPTH; i++) {
                pair.write(i, (byte) (i + 1), region, i);
            }

            OtherProcess.readOpen(path).awaitSuccess(); // gets through only when all of them were polled by the break
            Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
            assertThat(pair.write(50, (byte) 50, region, 50)).as("their places are free again").isTrue();

            List<String> expected = new ArrayList<>(IntStream.range(0, DEPTH).mapToObj(i -> i + " SUCCESS").toList());
            expected.add("50 SUCCESS");
            assertThat(pair.complete(DEPTH + 1)).containsExactlyElementsOf(expected);
            for (int i = 0; i < DEPTH; i++) {
                assertThat(RegionPair.byteOf(mapping.file(), i)).isEqualTo((byte) (i + 1));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldDrainUnsignaledWritesAndShowTheirUserNothing(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            for (int round = 0; round < 3; round++) {
                Eventually.await("the lease is there", () -> region.path() == TransferPath.DIRECT);
                for (int i = 0; i < DEPTH - 1; i++) {
                    assertThat(pair.write(i, (byte) (round + 1), region, i, false)).isTrue();
                }
                OtherProcess.writeOpen(path).awaitSuccess();
                for (int i = 0; i < DEPTH - 1; i++) {
                    assertThat(RegionPair.byteOf(mapping.file(), i)).as("round %d, page %d", round, i).isEqualTo((byte) (round + 1));
                }
                assertThat(pair.completeNow()).isEmpty();
            }
            pair.write(7, (byte) 7, region, 0);
            assertThat(pair.complete(1)).containsExactly("7 SUCCESS");
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldKeepTheOrderOfWorkThatNamesNoFile(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.region(pair.map(path));
            try (OtherProcess writer = OtherProcess.truncate(path, 0, PAGES * PAGE)) {
                writer.awaitLine("open");
                pair.write(1, (byte) 1, region, 0);
                pair.write(2, (byte) 2, pair.buffer, 30); // anonymous, but behind deferred work
                pair.write(3, (byte) 3, region, 1);
                Eventually.pause(50);
                assertThat(pair.completeNow()).isEmpty();
                OtherProcess.extend(writer);
            }
            assertThat(pair.complete(3)).containsExactly("1 SUCCESS", "2 SUCCESS", "3 SUCCESS");
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldCompleteAsTruncatedInOrderWhatTheFileNoLongerHasAndGoOn(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            try (OtherProcess writer = OtherProcess.shell("exec 3>>\"$1\"; truncate -s %d \"$1\"; echo open; read line".formatted(8 * PAGE),
                    path)) {
                writer.awaitLine("open");
                pair.write(1, (byte) 1, region, 7);
                pair.write(2, (byte) 2, region, 8); // just beyond the end
                pair.write(3, (byte) 3, region, 0);
                pair.write(4, (byte) 4, region, PAGES - 1);
                pair.write(5, (byte) 5, region, 1, false);
                writer.tell("close");
            }

            assertThat(pair.complete(4)).containsExactly("1 SUCCESS", "2 FILE_TRUNCATED", "3 SUCCESS", "4 FILE_TRUNCATED");
            assertThat(RegionPair.byteOf(mapping.file(), 7)).isEqualTo((byte) 1);
            assertThat(region.usableBytes()).isEqualTo(8L * PAGE);
            assertThatThrownBy(() -> pair.write(6, (byte) 6, region, 8)).isInstanceOf(RegionTruncatedException.class)
                    .hasMessageContaining("offset=" + 8 * PAGE).hasMessageContaining("lengthBytes=" + PAGE);
            pair.write(7, (byte) 7, region, 6);
            assertThat(pair.complete(1)).as("the queue pair works").containsExactly("7 SUCCESS");
            assertThat(RegionPair.byteOf(mapping.file(), 1)).isEqualTo((byte) 5);

            OtherProcess.shell("exec 3>>\"$1\"; truncate -s %d \"$1\"".formatted(PAGES * PAGE), path).awaitSuccess();
            Eventually.await("the region grows with the file", () -> region.usableBytes() == (long) PAGES * PAGE);
            pair.write(8, (byte) 8, region, PAGES - 1);
            assertThat(pair.complete(1)).containsExactly("8 SUCCESS");
            assertThat(RegionPair.byteOf(mapping.file(), PAGES - 1)).isEqualTo((byte) 8);
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldSurviveBreaksInQuickSuccessionUnderLoad(FileSystemUnderTest fs) throws Exception {
        String storm = "i=0; while [ $i -lt 6 ]; do : < \"$1\"; : >> \"$1\"; "
                + "(exec 3<>\"$1\"; truncate -s 0 \"$1\"; truncate -s %d \"$1\"); i=$((i+1)); done".formatted(PAGES * PAGE);
        long breaks = loadWhile(fs, storm, (breaker, region) -> breaker.awaitSuccess());
        assertThat(breaks).as("an open while the lease is broken breaks nothing").isBetween(1L, 18L);
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldSurviveEachOfManyBreaksUnderLoad(FileSystemUnderTest fs) throws Exception {
        String onRequest = "while read kind; do case $kind in read) : < \"$1\" ;; write) : >> \"$1\" ;; "
                + "truncate) (exec 3<>\"$1\"; truncate -s 0 \"$1\"; truncate -s %d \"$1\") ;; ".formatted(PAGES * PAGE)
                + "end) exit 0 ;; esac; echo done; done";
        long breaks = loadWhile(fs, onRequest, (breaker, region) -> {
            for (int i = 0; i < 24; i++) {
                Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
                breaker.tell(List.of("read", "write", "truncate").get(i % 3));
                breaker.awaitLine("done");
            }
            breaker.tell("end");
            breaker.awaitSuccess();
        });
        assertThat(breaks).isEqualTo(24);
    }

    /** Writes to pages of a file as fast as they complete, while another process does a script's work; returns how often the lease broke. */
    private static long loadWhile(FileSystemUnderTest fs, String script, BiConsumer<OtherProcess, MemoryRegion> course) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            long next = 0;
            long completed = 0;
            try (OtherProcess breaker = OtherProcess.shell(script, path)) {
                CompletableFuture<Void> breaking = CompletableFuture.runAsync(() -> course.accept(breaker, region));
                while (!breaking.isDone() || completed < next) {
                    while (!breaking.isDone() && next - completed < DEPTH && pair.write(next, (byte) next, region, next % DEPTH)) {
                        next++;
                    }
                    for (String done : pair.completeNow()) {
                        assertThat(done).isEqualTo(completed++ + " SUCCESS");
                    }
                }
                breaking.get();
            }
            Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
            for (int i = 0; i < DEPTH; i++) { // once more each, now that nobody truncates: all of these must be in the file
                pair.write(next + i, (byte) (i + 100), region, i);
            }
            assertThat(pair.complete(DEPTH)).allMatch(done -> done.endsWith(" SUCCESS"));
            for (int i = 0; i < DEPTH; i++) {
                assertThat(RegionPair.byteOf(mapping.file(), i)).isEqualTo((byte) (i + 100));
            }
            assertThat(region.fenced()).isZero();
            return region.breaks();
        }
    }
}
