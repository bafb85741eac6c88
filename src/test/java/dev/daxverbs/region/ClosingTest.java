package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.internal.Errno;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.VerbsException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;

/** Everything is closed at the same moment, by a thread each, while transfers are under way and other processes break the lease. */
@RequiresDevice
@Timeout(900)
class ClosingTest {
    private static final int PAGES = 64;
    private static final int ROUNDS = 8;
    private static final RegionOptions OPTIONS = RegionOptions.defaults().withStagingBytes(65_536);

    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private Leftovers before;

    @BeforeEach
    void look() throws Exception {
        try (RegionPair pair = new RegionPair()) {
            pair.region(pair.map(fs.newFile("warm", PAGE))); // what is made once in a process is not left behind by a test
        }
        before = Leftovers.now();
    }

    @AfterEach
    void lookAgain() throws Exception {
        before.awaitNoMore();
        fs.close();
    }

    private interface Closing {
        void run() throws Exception;
    }

    /** A user who goes on until nothing is left to work with, and is told so each time. */
    private static final class User implements Runnable {
        final RegionPair pair;
        final List<MemoryRegion> regions;
        final DaxMapping mapping;
        final Queue<Throwable> surprises;
        final AtomicBoolean stop = new AtomicBoolean();
        volatile long completed;

        User(RegionPair pair, List<MemoryRegion> regions, Queue<Throwable> surprises) {
            this.pair = pair;
            this.regions = regions;
            this.mapping = regions.getFirst().mapping();
            this.surprises = surprises;
        }

        @Override
        public void run() {
            long next = 0;
            while (!stop.get()) {
                long id = next++;
                expectClosed(() -> pair.write(id, (byte) id, regions.get((int) (id % 2)), id % DEPTH));
                expectClosed(() -> completed += pair.completeNow().size());
            }
        }

        void registerAgainAndAgain() {
            while (!stop.get()) {
                expectClosed(() -> pair.domain.register(mapping, 0, 4L * PAGE, regions.getFirst().access()).close());
                Eventually.pause(1);
            }
        }

        private void expectClosed(Closing call) {
            try {
                call.run();
            } catch (RegionTruncatedException e) {
                return; // another process is at it
            } catch (IllegalStateException e) {
                if (!e.getMessage().contains("closed") && !e.getMessage().contains("in use")) {
                    surprises.add(e);
                }
            } catch (Throwable e) {
                surprises.add(e);
            }
        }
    }

    @Test
    void shouldLetEverythingBeClosedAtOnceInTheMiddleOfBreaks() throws Exception {
        String storm = "while :; do : < \"$1\"; : >> \"$1\"; (exec 3<>\"$1\"; truncate -s %d \"$1\"; truncate -s %d \"$1\"); done"
                .formatted(4 * PAGE, PAGES * PAGE);
        for (int round = 0; round < ROUNDS; round++) {
            Path path = fs.newFile("storm" + round, PAGES * PAGE);
            closeDuring(round, path, () -> OtherProcess.shell(storm, path), false);
        }
    }

    @Test
    void shouldLetEverythingBeClosedAtOnceWhileTransfersWaitForAFile() throws Exception {
        for (int round = 0; round < ROUNDS / 2; round++) {
            Path path = fs.newFile("wait" + round, PAGES * PAGE);
            closeDuring(round, path, () -> {
                OtherProcess keeper = OtherProcess.truncate(path, PAGE, PAGES * PAGE);
                keeper.awaitLine("open");
                return keeper;
            }, true);
        }
    }

    private interface Breaker {
        OtherProcess start();
    }

    private static void closeDuring(int round, Path path, Breaker breaker, boolean waits) throws Exception {
        Queue<Throwable> surprises = new ConcurrentLinkedQueue<>();
        RegionPair pair = new RegionPair(Device.list().getFirst(), OPTIONS);
        DaxMapping mapping = pair.map(path);
        List<MemoryRegion> regions = List.of(pair.region(mapping), pair.region(mapping));
        User user = new User(pair, regions, surprises);
        Thread posting = Thread.ofPlatform().start(user);
        Thread registering = Thread.ofPlatform().start(user::registerAgainAndAgain);
        try (OtherProcess process = breaker.start()) {
            Eventually.await("breaks", () -> regions.getFirst().breaks() > (waits ? 0 : round % 3));
            long seen = user.completed;
            Eventually.await("transfers", () -> waits || user.completed > seen + DEPTH);
            List<Closing> closings = new ArrayList<>(List.of(regions.get(0)::close, regions.get(1)::close, pair.requester::close,
                    pair.responder::close, pair.queue::close, pair.peerQueue::close, pair.buffer::close, mapping::close, mapping.file()::close,
                    pair.domain::close, pair.context::close));
            Collections.shuffle(closings, new Random(round));
            closeAll(closings, surprises);
            user.stop.set(true);
            posting.join();
            registering.join();
        }
        assertThat(surprises).as("round %d", round).isEmpty();
        OtherProcess.writeOpen(path).awaitSuccess(); // nobody is in the way any more
        pair.close(); // which finds all of it closed
    }

    private static void closeAll(List<Closing> closings, Queue<Throwable> surprises) throws InterruptedException {
        CyclicBarrier together = new CyclicBarrier(closings.size());
        List<Thread> threads = new ArrayList<>();
        for (Closing closing : closings) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    together.await();
                    Eventually.await("closed", () -> isClosed(closing, surprises));
                } catch (Exception | AssertionError e) {
                    surprises.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static boolean isClosed(Closing closing, Queue<Throwable> surprises) {
        try {
            closing.run();
            return true;
        } catch (VerbsException e) {
            if (e.errno() != Errno.EBUSY) {
                surprises.add(e);
            }
        } catch (IllegalStateException e) { // of a mapping that regions or native calls have
            if (!e.getMessage().contains("in use") && !e.getMessage().contains("acquired")) {
                surprises.add(e);
            }
        } catch (Throwable e) {
            surprises.add(e);
        }
        return false;
    }

    /** Java gives a library no way to keep an arena open: what is registered must be put down all the same. */
    @Test
    void shouldCloseARegionWhoseArenaIsGone() throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Leftovers once = Leftovers.now();
            for (int i = 0; i < 10; i++) {
                MemoryRegion region;
                try (Arena arena = Arena.ofConfined()) {
                    region = pair.domain.register(arena.allocate(4L * PAGE, PAGE), AccessFlag.LOCAL_WRITE);
                }
                assertThat(region.describe().guard()).isEqualTo(Guard.NOT_NEEDED);
                region.close();
            }
            once.awaitNoMore();
        }
    }
}
