package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Changes of the holder's own, and whom they meet: FileLease.whileReleased. */
@Timeout(600)
class WhileReleasedTest {
    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private final RecordingHolder holder = new RecordingHolder();
    private Path file;

    @BeforeEach
    void makeFile() {
        file = fileSystem.newFile("file", 8192);
    }

    @AfterEach
    void deleteFile() throws IOException {
        holder.letGo();
        fileSystem.close();
    }

    private FileLease take(TestFile open, LeaseMode mode) throws LeaseUnavailableException {
        return FileLease.take(open.fd(), file.toString(), LeaseType.WRITE, mode, holder);
    }

    @Test
    void shouldOnlyRunTheActionUnderLease() throws Exception {
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.LEASE)) {
            boolean held = lease.whileReleased(() -> {
                assertThat(Posix.ftruncate(open.fd(), 100)).isZero();
                assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_WRLCK());
            });
            assertThat(held).isTrue();
            assertThatThrownBy(() -> lease.whileReleased(() -> {
                throw new IOException("mine");
            })).hasMessage("mine");
            assertThat(lease.isHeld()).isTrue();
        }
        assertThat(holder.breaks).isEmpty();
    }

    @Test
    void shouldTakeItBackAfterTheActionHoweverItEnds() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION)) {
            boolean held = lease.whileReleased(() -> {
                assertThat(lease.isHeld()).isFalse();
                TestFile.open(file).close(); // would wait for onBreak
                assertThat(lease.whileReleased(() -> assertThat(TestFile.truncate(file, 100)).isZero())).as("held inside").isFalse();
            });
            assertThat(held).isTrue();
            assertThatThrownBy(() -> lease.whileReleased(() -> {
                throw new IOException("mine");
            })).hasMessage("mine");
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.breaks()).isZero();
            OtherProcess.readOpen(file).awaitSuccess();
            holder.awaitBreak();
            holder.awaitRegained();
            assertThat(holder.regained).isEmpty();
        }
    }

    @Test
    void shouldBeRegainedLaterWhenAnotherHasOpenedTheFileMeanwhile() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION)) {
            TestFile[] other = new TestFile[1];
            assertThat(lease.whileReleased(() -> other[0] = TestFile.open(file))).isFalse();
            assertThat(lease.isHeld()).isFalse();
            assertThat(lease.refusal()).hasValueSatisfying(refusal -> assertThat(refusal.errnoName()).isEqualTo("EAGAIN"));
            Eventually.pause(50);
            assertThat(holder.regained).isEmpty();
            other[0].close();
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.refusal()).isEmpty();
            assertThat(lease.breaks()).isZero();
        }
    }

    @Test
    void shouldAnswerBreakThatIsUnderWayAndKeepRetakerAwayUntilTheChangeIsOver() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        holder.lingering();
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION);
                OtherProcess reader = OtherProcess.readOpen(file)) {
            holder.awaitBreak();
            boolean held = lease.whileReleased(() -> {
                reader.awaitSuccess(); // though onBreak lingers still
                holder.letGo();
                Eventually.await("onBreak has returned", () -> holder.breaksDone.get() == 1);
                Eventually.pause(100); // the retaker would come within 0.1 ms
                assertThat(lease.isHeld()).isFalse();
                assertThat(Posix.ftruncate(open.fd(), 4096)).isZero();
            });
            assertThat(held).isFalse();
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.breaks()).isEqualTo(1);
            assertThat(lease.forcedBreaks()).isZero();
            assertThat(holder.overlaps).hasValue(0);
        }
    }

    @Test
    void shouldHearOfBreakThatItGaveWayTo() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        // An opener comes just before each change: heard or not, nobody waits for long, and each onBreak has its onRegained.
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION)) {
            long untilNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
            CompletableFuture<Void> opener = CompletableFuture.runAsync(() -> {
                while (System.nanoTime() - untilNs < 0) {
                    try {
                        TestFile.open(file).close();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            int changes = 0;
            while (System.nanoTime() - untilNs < 0) {
                int length = 4096 + changes++ % 100;
                lease.whileReleased(() -> assertThat(Posix.ftruncate(open.fd(), length)).isZero());
            }
            opener.get(OtherProcess.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(changes).isGreaterThan(10);
            Eventually.await("it is held", lease::isHeld);
            Eventually.await("the holder has heard of all", () -> holder.breaks.size() == lease.breaks());
            assertThat(holder.overlaps).hasValue(0);
            assertThat(lease.forcedBreaks()).isZero();
            assertThat(Posix.fcntl(open.fd(), LibC.F_GETLEASE(), 0)).isEqualTo(LibC.F_UNLCK());
        }
    }

    @Test
    void shouldRunOneChangeAfterTheOther() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        try (TestFile open = TestFile.open(file); FileLease lease = take(open, LeaseMode.DELEGATION)) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            CompletableFuture<Boolean> first = change(lease, () -> {
                inside.countDown();
                Eventually.await("the test lets go", end);
            });
            Eventually.await("the first change", inside);
            CompletableFuture<Boolean> second = change(lease, () -> assertThat(end.getCount()).isZero());
            Eventually.pause(50);
            assertThat(second).isNotDone();
            end.countDown();
            assertThat(first.get(60, TimeUnit.SECONDS)).isTrue();
            assertThat(second.get(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static CompletableFuture<Boolean> change(FileLease lease, FileLease.Action action) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return lease.whileReleased(action);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void shouldStayClosedWhenClosedByTheAction() throws Exception {
        if (!Delegations.areThere()) {
            return;
        }
        try (TestFile open = TestFile.open(file)) {
            FileLease lease = take(open, LeaseMode.DELEGATION);
            assertThat(lease.whileReleased(lease::close)).isFalse();
            assertThat(lease.toString()).contains("state=CLOSED");
            assertThat(OpenDescriptors.on(file)).isEqualTo(1);
            assertThat(lease.whileReleased(() -> { })).isFalse();
            take(open, LeaseMode.DELEGATION).close();
        }
        assertThat(holder.breaks).isEmpty();
        assertThat(holder.regained).isEmpty();
    }
}
