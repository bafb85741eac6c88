package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** FileLease.close, in each state and from everywhere: it leaves nothing behind, and nothing is called afterwards. */
@Timeout(600)
class FileLeaseCloseTest {
    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private final RecordingHolder holder = new RecordingHolder();
    private Path file;
    private TestFile open;

    @BeforeEach
    void openFile() throws IOException {
        file = fileSystem.newFile("file", 4096);
        open = TestFile.open(file);
    }

    @AfterEach
    void closeFile() throws IOException {
        open.close();
        fileSystem.close();
    }

    @Test
    void shouldReleaseHeldLease() throws Exception {
        FileLease lease = open.lease(LeaseType.WRITE, holder);
        lease.close();
        lease.close();
        assertClosed(lease);
        OtherProcess.writeOpen(file).awaitSuccess();
        lease.hear(System.nanoTime()); // as a rescan that was under way
        Eventually.pause(50);
        assertThat(holder.breaks).isEmpty();
    }

    @Test
    void shouldReleaseBreakingLeaseWithoutWaitingForTheCallback() throws Exception {
        holder.lingering();
        FileLease lease = open.lease(LeaseType.WRITE, holder);
        try (OtherProcess opener = OtherProcess.writeOpen(file)) {
            holder.awaitBreak();
            assertThat(opener.isBlockedFor(Duration.ofMillis(100))).isTrue();
            lease.close();
            opener.awaitSuccess();
        }
        assertClosed(lease);
        assertThat(holder.breaksDone).as("onBreak still runs").hasValue(0);
        holder.letGo();
        Eventually.await("onBreak returns", () -> holder.breaksDone.get() == 1);
        Eventually.pause(100);
        assertThat(holder.regained).isEmpty();
        assertThat(holder.forced).isEmpty();
        assertClosed(lease);
    }

    @Test
    void shouldStopAskingForReleasedLease() throws Exception {
        FileLease lease = open.lease(LeaseType.WRITE, holder);
        try (OtherProcess writer = OtherProcess.writeOpenUntilTold(file)) {
            holder.awaitBreak();
            writer.awaitLine("open");
            lease.close();
            assertClosed(lease);
            writer.tell("close");
            writer.awaitSuccess();
        }
        Eventually.pause(100);
        assertThat(holder.regained).isEmpty();
        assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_UNLCK());
    }

    @Test
    void shouldCloseWithinOnBreak() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        FileLease lease = open.lease(LeaseType.WRITE, new LeaseHolder() {
            @Override
            public void onBreak(LeaseBreak event) {
                event.lease().close();
                closed.countDown();
            }

            @Override
            public void onRegained(FileLease lease) {
                holder.onRegained(lease);
            }
        });
        OtherProcess.writeOpen(file).awaitSuccess();
        Eventually.await("closed", closed);
        Eventually.pause(100);
        assertClosed(lease);
        assertThat(holder.regained).isEmpty();
    }

    @Test
    void shouldCloseWithinOnRegained() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        FileLease lease = open.lease(LeaseType.WRITE, new LeaseHolder() {
            @Override
            public void onBreak(LeaseBreak event) {
                holder.onBreak(event);
            }

            @Override
            public void onRegained(FileLease lease) {
                lease.close();
                closed.countDown();
            }
        });
        OtherProcess.writeOpen(file).awaitSuccess();
        Eventually.await("closed", closed);
        assertClosed(lease);
        OtherProcess.writeOpen(file).awaitSuccess();
        assertThat(holder.breaks).hasSize(1);
    }

    @Test
    void shouldNotBeginCallbackAfterClose() throws Exception {
        // A break that has been heard, but whose callback waits for another one to end: close comes first.
        CountDownLatch regaining = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger breaks = new AtomicInteger();
        FileLease lease = open.lease(LeaseType.WRITE, new LeaseHolder() {
            @Override
            public void onBreak(LeaseBreak event) {
                breaks.incrementAndGet();
            }

            @Override
            public void onRegained(FileLease lease) {
                regaining.countDown();
                Eventually.await("the test goes on", goOn);
            }
        });
        OtherProcess.writeOpen(file).awaitSuccess();
        Eventually.await("onRegained", regaining);
        try (OtherProcess opener = OtherProcess.writeOpen(file)) {
            Eventually.await("the second break is heard", () -> lease.breaks() == 2);
            lease.close();
            opener.awaitSuccess();
        }
        goOn.countDown();
        Eventually.pause(100);
        assertThat(breaks).hasValue(1);
        assertClosed(lease);
    }

    @Test
    void shouldCloseOnceWhenManyThreadsDo() throws Exception {
        for (int round = 0; round < 50; round++) {
            FileLease lease = open.lease(LeaseType.WRITE, holder);
            List<CompletableFuture<Void>> closers = new ArrayList<>();
            CompletableFuture<Void> opener = CompletableFuture.runAsync(() -> {
                try {
                    TestFile.open(file).close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            for (int i = 0; i < 4; i++) {
                closers.add(CompletableFuture.runAsync(lease::close));
            }
            for (CompletableFuture<Void> closer : closers) {
                closer.get(20, TimeUnit.SECONDS);
            }
            opener.get(20, TimeUnit.SECONDS);
            assertClosed(lease);
        }
    }

    /** Close and take, with breaks under way: numbers of closed descriptors come back at once, and stale signals meet other leases. */
    @Test
    void shouldNotConfuseLeasesWhenDescriptorNumbersComeBack() throws Exception {
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            files.add(fileSystem.newFile("churn" + i, 4096));
        }
        for (int round = 0; round < 150; round++) {
            Path path = files.get(round % files.size());
            Path next = files.get((round + 1) % files.size());
            RecordingHolder nextHolder = new RecordingHolder();
            try (TestFile first = TestFile.open(path); TestFile second = TestFile.open(next)) {
                FileLease lease = first.lease(LeaseType.WRITE, new RecordingHolder());
                CompletableFuture<Void> opener = CompletableFuture.runAsync(() -> {
                    try {
                        TestFile.open(path).close();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                if (round % 2 == 0) {
                    Thread.onSpinWait();
                } else {
                    Eventually.await("the break is heard", () -> lease.breaks() > 0);
                }
                lease.close();
                try (FileLease other = second.lease(LeaseType.WRITE, nextHolder)) {
                    opener.get(20, TimeUnit.SECONDS);
                    assertThat(other.isHeld()).isTrue();
                    assertThat(nextHolder.breaks).isEmpty();
                }
            }
        }
    }

    private void assertClosed(FileLease lease) throws IOException {
        assertThat(lease.isHeld()).isFalse();
        assertThat(lease.toString()).contains("state=CLOSED");
        assertThat(OpenDescriptors.on(file)).as("only the test's own").isEqualTo(1);
        assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_UNLCK());
    }
}
