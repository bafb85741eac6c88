package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** That a lease comes back when the others are gone, and hears the next break however early it comes. */
@Timeout(600)
class FileLeaseRetakeTest {
    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldBeRegainedWhenTheWriterClosesTheFileAndNotBefore(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 4096);
        RecordingHolder holder = new RecordingHolder();
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder);
                OtherProcess writer = OtherProcess.writeOpenUntilTold(file)) {
            holder.awaitBreak();
            writer.awaitLine("open");
            Eventually.pause(150); // some ten tries
            assertThat(lease.isHeld()).isFalse();
            assertThat(lease.toString()).contains("state=RELEASED");
            assertThat(holder.regained).isEmpty();
            writer.tell("close");
            writer.awaitLine("closed");
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldHearEachOfManyBreaks(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 4096);
        RecordingHolder holder = new RecordingHolder();
        int times = 120;
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
            for (int i = 1; i <= times; i++) {
                TestFile.open(file).close();
                assertThat(holder.awaitBreak().sequence()).isEqualTo(i);
                holder.awaitRegained();
            }
            assertThat(lease.breaks()).isEqualTo(times);
            assertThat(holder.breaks).isEmpty();
            assertThat(holder.regained).isEmpty();
            assertThat(holder.overlaps).hasValue(0);
        }
    }

    /**
     * Openers in a tight loop come in every state of the lease, also right after a grant. A break that were lost would be found by the next rescan,
     * up to a second later: so none may take nearly that long, unless the machine stalls by itself.
     */
    @Test
    void shouldLoseNoBreakThatComesRightAfterTheGrant() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            RecordingHolder holder = new RecordingHolder();
            Slowest open = new Slowest();
            Slowest sleep = new Slowest();
            try (TestFile ours = TestFile.open(file); FileLease lease = ours.lease(LeaseType.WRITE, holder)) {
                Runnable opener = () -> {
                    open.measure(() -> openAndClose(file));
                    // Now and then a pause in which the lease can be retaken: the first try is 0.1 ms after the release.
                    Eventually.pause(open.count.get() % 3 == 0 ? 0 : 1);
                };
                runAtTheSameTime(Duration.ofSeconds(3), opener, opener, () -> sleep.measure(() -> Eventually.pause(1)));
                assertThat(lease.breaks()).isGreaterThan(20);
                Eventually.await("the lease is regained", lease::isHeld);
                Eventually.await("the holder has heard of it", () -> holder.regained.size() == lease.breaks());
                assertThat(holder.breaks).hasSize((int) lease.breaks());
                assertThat(holder.overlaps).hasValue(0);
                assumeThat(sleep.get()).as("the machine stalls").isLessThan(Duration.ofMillis(200));
                assertThat(open.get()).isLessThan(Duration.ofMillis(BreakListener.RESCAN_MS * 9 / 10));
            }
        }
    }

    private static void openAndClose(Path file) {
        try {
            TestFile.open(file).close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void runAtTheSameTime(Duration time, Runnable... actions) throws InterruptedException {
        long endNs = System.nanoTime() + time.toNanos();
        List<Thread> threads = Stream.of(actions).map(action -> Thread.ofPlatform().start(() -> {
            while (System.nanoTime() - endNs < 0) {
                action.run();
            }
        })).toList();
        for (Thread thread : threads) {
            assertThat(thread.join(OtherProcess.LIMIT)).isTrue();
        }
    }

    /** The longest that something took. */
    private static final class Slowest {
        private final AtomicLong ns = new AtomicLong();
        private final AtomicLong count = new AtomicLong();

        void measure(Runnable action) {
            long beganNs = System.nanoTime();
            action.run();
            ns.accumulateAndGet(System.nanoTime() - beganNs, Math::max);
            count.incrementAndGet();
        }

        Duration get() {
            return Duration.ofNanos(ns.get());
        }
    }

    @Test
    void shouldAnswerBreakOfOneFileWhileHolderOfAnotherLingers() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path slow = fileSystem.newFile("slow", 4096);
            Path quick = fileSystem.newFile("quick", 4096);
            RecordingHolder slowHolder = new RecordingHolder().lingering();
            RecordingHolder quickHolder = new RecordingHolder();
            try (TestFile slowFile = TestFile.open(slow); TestFile quickFile = TestFile.open(quick);
                    FileLease slowLease = slowFile.lease(LeaseType.WRITE, slowHolder);
                    FileLease quickLease = quickFile.lease(LeaseType.WRITE, quickHolder);
                    OtherProcess waiting = OtherProcess.readOpen(slow)) {
                slowHolder.awaitBreak();
                for (int i = 0; i < 10; i++) {
                    OtherProcess.readOpen(quick).awaitSuccess();
                    quickHolder.awaitRegained();
                }
                assertThat(quickLease.breaks()).isEqualTo(10);
                assertThat(waiting.isRunning()).isTrue();
                assertThat(slowLease.isHeld()).isFalse();
                slowHolder.letGo();
                waiting.awaitSuccess();
                slowHolder.awaitRegained();
            }
        }
    }

    @Test
    void shouldAnswerNextBreakAfterRegainedHasReturned() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 4096);
            RecordingHolder inner = new RecordingHolder();
            RecordingHolder gate = new RecordingHolder().lingering();
            LeaseHolder holder = new LeaseHolder() {
                @Override
                public void onBreak(LeaseBreak event) {
                    inner.onBreak(event);
                }

                @Override
                public void onRegained(FileLease lease) {
                    inner.onRegained(lease);
                    if (lease.breaks() == 1) { // lingers the first time
                        gate.onBreak(new LeaseBreak(lease, LeaseBreak.Cause.SHUTDOWN, 0, 0, 0));
                    }
                }
            };
            try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                OtherProcess.readOpen(file).awaitSuccess();
                inner.awaitBreak();
                inner.awaitRegained();
                gate.awaitBreak();
                try (OtherProcess second = OtherProcess.readOpen(file)) {
                    Eventually.await("the second break is heard", () -> lease.breaks() == 2);
                    assertThat(second.isBlockedFor(Duration.ofMillis(150))).isTrue();
                    assertThat(inner.breaks).as("not beside onRegained").isEmpty();
                    gate.letGo();
                    second.awaitSuccess();
                }
                assertThat(inner.awaitBreak().sequence()).isEqualTo(2);
                inner.awaitRegained();
            }
        }
    }
}
