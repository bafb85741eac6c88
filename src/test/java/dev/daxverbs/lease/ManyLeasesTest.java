package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Thousands of leases in one process, and breaks while the garbage collector is at work. */
@Timeout(600)
class ManyLeasesTest {
    private static final int FILES = 2000;

    private final FileSystemUnderTest fileSystem = FileSystemUnderTest.tmpfs();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : opened.reversed()) {
            closeable.close();
        }
        fileSystem.close();
    }

    private List<FileLease> takeLeases(int count, LeaseHolder holder) throws IOException {
        List<FileLease> leases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            TestFile file = TestFile.open(fileSystem.newFile("file" + i, 4096));
            opened.add(file);
            FileLease lease = file.lease(LeaseType.WRITE, holder);
            opened.add(lease);
            leases.add(lease);
        }
        return leases;
    }

    @Test
    void shouldMissNoneOfThousandsOfBreaks() throws Exception {
        RecordingHolder holder = new RecordingHolder();
        List<FileLease> leases = takeLeases(FILES, holder);
        OtherProcess.shell("for file in \"$1\"/file*; do : < \"$file\" || exit 1; done", fileSystem.folder()).awaitSuccess();
        Eventually.await("all are regained", () -> holder.regained.size() == FILES);
        assertThat(holder.breaks).hasSize(FILES).extracting(LeaseBreak::lease).containsExactlyInAnyOrderElementsOf(leases);
        assertThat(leases).allMatch(FileLease::isHeld).allMatch(lease -> lease.breaks() == 1).allMatch(lease -> lease.forcedBreaks() == 0);
    }

    @Test
    void shouldAnswerManyBreaksAtTheSameTime() throws Exception {
        int files = 200;
        CountDownLatch letGo = new CountDownLatch(1);
        AtomicInteger inside = new AtomicInteger();
        RecordingHolder regained = new RecordingHolder();
        takeLeases(files, new LeaseHolder() {
            @Override
            public void onBreak(LeaseBreak event) {
                inside.incrementAndGet();
                Eventually.await("the test lets go", letGo);
            }

            @Override
            public void onRegained(FileLease lease) {
                regained.regained.add(lease);
            }
        });
        // Opens that do not wait: one process breaks all of them before the first is answered.
        try (OtherProcess opener = OtherProcess.shell("truncate -s 0 \"$1\"/file*", fileSystem.folder())) {
            opener.exitStatus();
        }
        Eventually.await("all holders are told, none having returned", () -> inside.get() == files);
        letGo.countDown();
        Eventually.await("all are regained", () -> regained.regained.size() == files);
    }

    @Test
    void shouldHearBreaksUnderConstantGarbageCollection() throws Exception {
        RecordingHolder holder = new RecordingHolder();
        FileLease lease = takeLeases(1, holder).getFirst();
        AtomicInteger running = new AtomicInteger(1);
        int opens = 0;
        Thread litterer = Thread.ofPlatform().start(() -> {
            List<byte[]> litter = new ArrayList<>();
            while (running.get() == 1) {
                litter.add(new byte[100_000]);
                if (litter.size() == 50) {
                    litter.clear();
                    System.gc();
                }
            }
        });
        try {
            long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            while (System.nanoTime() - endNs < 0) {
                TestFile.open(fileSystem.folder().resolve("file0")).close();
                holder.awaitRegained();
                opens++;
            }
        } finally {
            running.set(0);
            litterer.join();
        }
        assertThat(lease.breaks()).isEqualTo(opens).isPositive();
    }
}
