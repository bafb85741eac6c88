package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.internal.KernelText;
import dev.daxverbs.lease.LeaseBreak.Cause;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What breaks a lease, what the holder is told, and that nobody comes through before the holder is done: FileLease.take, LeaseHolder.onBreak. */
@Timeout(600)
class FileLeaseBreakTest {
    private static final Duration A_WHILE = Duration.ofMillis(150);

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfReaderAndLetItInOnlyAfterTheCallback(FileSystemUnderTest fileSystem) throws Exception {
        assertBreak(fileSystem, LeaseType.WRITE, Cause.OPENED_FOR_READING, ": < \"$1\"");
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfWriterAndLetItInOnlyAfterTheCallback(FileSystemUnderTest fileSystem) throws Exception {
        assertBreak(fileSystem, LeaseType.WRITE, Cause.OPENED_FOR_WRITING, ": >> \"$1\"");
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfWriterUnderReadLease(FileSystemUnderTest fileSystem) throws Exception {
        assertBreak(fileSystem, LeaseType.READ, Cause.OPENED_FOR_WRITING, ": >> \"$1\"");
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfOpenThatTruncates(FileSystemUnderTest fileSystem) throws Exception {
        assertBreak(fileSystem, LeaseType.WRITE, Cause.OPENED_FOR_WRITING, ": > \"$1\"");
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldTellOfCopyOverTheFile(FileSystemUnderTest fileSystem) throws Exception {
        assertBreak(fileSystem, LeaseType.WRITE, Cause.OPENED_FOR_WRITING, "cp /proc/self/status \"$1\"");
    }

    @Test
    void shouldTellOfTruncateSystemCall() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 8192);
            RecordingHolder holder = new RecordingHolder().lingering();
            try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                CompletableFuture<Integer> truncation = CompletableFuture.supplyAsync(() -> TestFile.truncate(file, 4096));
                assertThat(holder.awaitBreak().cause()).isEqualTo(Cause.OPENED_FOR_WRITING);
                Eventually.pause(A_WHILE.toMillis());
                assertThat(truncation).isNotDone();
                assertThat(Files.size(file)).isEqualTo(8192);
                holder.letGo();
                assertThat(truncation.get(20, TimeUnit.SECONDS)).isZero();
                assertThat(Files.size(file)).isEqualTo(4096);
                assertThat(lease.breaks()).isEqualTo(1);
            }
        }
    }

    private static void assertBreak(FileSystemUnderTest fileSystem, LeaseType type, Cause cause, String script) throws IOException {
        Path file = fileSystem.newFile("file" + System.nanoTime(), 8192);
        RecordingHolder holder = new RecordingHolder().lingering();
        StandardOpenOption[] mode = type == LeaseType.READ ? new StandardOpenOption[] {StandardOpenOption.READ}
                : new StandardOpenOption[0];
        try (TestFile open = TestFile.open(file, mode); FileLease lease = open.lease(type, holder)) {
            long beforeNs = System.nanoTime();
            try (OtherProcess opener = OtherProcess.shell(script, file)) {
                LeaseBreak event = holder.awaitBreak();
                long heardNs = System.nanoTime();
                assertThat(event.lease()).isSameAs(lease);
                assertThat(event.cause()).isEqualTo(cause);
                assertThat(event.sequence()).isEqualTo(1);
                long patienceNs = Duration.ofSeconds(Long.parseLong(KernelText.read(Path.of("/proc/sys/fs/lease-break-time")))).toNanos() / 2;
                assertThat(event.deadlineNs()).isBetween(beforeNs + patienceNs, heardNs + patienceNs);
                assertThat(lease.isHeld()).isFalse();
                assertThat(opener.isBlockedFor(A_WHILE)).as("waits while onBreak runs").isTrue();
                assertThat(Files.size(file)).isEqualTo(8192);
                holder.letGo();
                opener.awaitSuccess();
            }
            holder.awaitRegained();
            assertThat(lease.isHeld()).isTrue();
            assertThat(lease.breaks()).isEqualTo(1);
            assertThat(lease.forcedBreaks()).isZero();
            assertThat(holder.forced).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldNotBreakWhenNobodyOpensTheFile(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 8192);
        RecordingHolder holder = new RecordingHolder();
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder);
                OtherProcess toucher = OtherProcess.shell("stat \"$1\"; ls -l \"$1\"; chmod 600 \"$1\"; mv \"$1\" \"$1.moved\"; ln \"$1.moved\" \"$1\";"
                        + " rm \"$1\"", file)) {
            toucher.awaitSuccess();
            lease.hear(System.nanoTime()); // as a rescan does
            Eventually.pause(50);
            assertThat(holder.breaks).isEmpty();
            assertThat(lease.isHeld()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldNotBreakReadLeaseForReader(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 8192);
        RecordingHolder holder = new RecordingHolder();
        try (TestFile open = TestFile.open(file, StandardOpenOption.READ); FileLease lease = open.lease(LeaseType.READ, holder);
                OtherProcess reader = OtherProcess.readOpen(file)) {
            reader.awaitSuccess();
            lease.hear(System.nanoTime());
            Eventually.pause(50);
            assertThat(holder.breaks).isEmpty();
            assertThat(lease.isHeld()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldBreakForOpenThatDoesNotWait(FileSystemUnderTest fileSystem) throws Exception {
        Path file = fileSystem.newFile("file", 8192);
        RecordingHolder holder = new RecordingHolder().lingering();
        try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
            // truncate(1) opens with O_NONBLOCK. It is told EWOULDBLOCK, and the break begins all the same.
            try (OtherProcess opener = OtherProcess.shell("truncate -s 100 \"$1\"", file)) {
                assertThat(opener.exitStatus()).isNotZero();
                assertThat(opener.output()).anyMatch(line -> line.contains("temporarily unavailable"));
            }
            assertThat(holder.awaitBreak().cause()).isEqualTo(Cause.OPENED_FOR_WRITING);
            holder.letGo();
            holder.awaitRegained(); // nobody has it open: that opener gave up
            assertThat(lease.isHeld()).isTrue();
        }
    }

    @Test
    void shouldBreakForOpenByOwnProcess() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 8192);
            RecordingHolder holder = new RecordingHolder().lingering();
            try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                CompletableFuture<Boolean> opened = CompletableFuture.supplyAsync(() -> {
                    try (FileChannel channel = FileChannel.open(file)) {
                        return channel.isOpen();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                holder.awaitBreak();
                Eventually.pause(A_WHILE.toMillis());
                assertThat(opened).isNotDone();
                holder.letGo();
                assertThat(opened.get(20, TimeUnit.SECONDS)).isTrue();
                holder.awaitRegained();
                assertThat(lease.isHeld()).isTrue();
            }
        }
    }

    @Test
    void shouldAnswerReaderAndWriterOfOneBreakTogether() throws Exception {
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 8192);
            RecordingHolder holder = new RecordingHolder().lingering();
            try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder);
                    OtherProcess reader = OtherProcess.readOpen(file)) {
                assertThat(holder.awaitBreak().cause()).isEqualTo(Cause.OPENED_FOR_READING);
                try (OtherProcess writer = OtherProcess.writeOpen(file)) { // sends a second signal, as the target changes
                    assertThat(writer.isBlockedFor(A_WHILE)).isTrue();
                    assertThat(reader.isRunning()).isTrue();
                    holder.letGo();
                    reader.awaitSuccess();
                    writer.awaitSuccess();
                }
                holder.awaitRegained();
                assertThat(lease.breaks()).isEqualTo(1);
                assertThat(holder.overlaps).hasValue(0);
            }
        }
    }

    @Test
    void shouldReleaseAfterCallbackThatThrows() throws Exception {
        CompletableFuture<Throwable> uncaught = new CompletableFuture<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.complete(thrown));
        try (FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs()) {
            Path file = fileSystem.newFile("file", 8192);
            RecordingHolder later = new RecordingHolder();
            IllegalStateException mistake = new IllegalStateException("a mistake of the holder's");
            LeaseHolder holder = new LeaseHolder() {
                @Override
                public void onBreak(LeaseBreak event) {
                    if (event.sequence() == 1) {
                        throw mistake;
                    }
                    later.onBreak(event);
                }

                @Override
                public void onRegained(FileLease lease) {
                    later.onRegained(lease);
                }
            };
            try (TestFile open = TestFile.open(file); FileLease lease = open.lease(LeaseType.WRITE, holder)) {
                OtherProcess.writeOpen(file).awaitSuccess();
                assertThat(uncaught.get(20, TimeUnit.SECONDS)).isSameAs(mistake);
                later.awaitRegained();
                OtherProcess.writeOpen(file).awaitSuccess();
                assertThat(later.awaitBreak().sequence()).isEqualTo(2);
                assertThat(lease.breaks()).isEqualTo(2);
            }
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }
}
