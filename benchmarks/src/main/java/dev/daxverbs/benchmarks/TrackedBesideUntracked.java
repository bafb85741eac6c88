package dev.daxverbs.benchmarks;

import dev.daxverbs.region.RegionCounters;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The rate of RDMA writes of 4 KiB with 32 under way: of plain queue pairs into anonymous memory, and of tracked ones into a leased file on
 * tmpfs, by turns in one process. The same code posts and polls both. Of each pair it is the median of short slices, also by turns.
 *
 * <p>Left out: a network (both ends are on one device), lease breaks, several threads and queue pairs, other operations and sizes, FS-DAX.
 * The two kinds of memory are the kernel's, not the library's: what it makes faster in one of them shows as well.
 *
 * <p>Arguments: pairs, milliseconds of each run, milliseconds of each one's warm-up, and of how many requests one is signaled, 1 to 32.
 * Ends with a line {@code RESULT key=value ...}; exit status 1 if a transfer failed, or if one of the file's was staged or its lease
 * broken: then it would be something else that was measured.
 */
public final class TrackedBesideUntracked {
    private static final int DEPTH = 32;
    private static final int BYTES = 4096;
    private static final long MEMORY_BYTES = 4L << 20;
    /** The two take turns this often within a pair, so that a stall of the machine is not one's alone; the median slice counts. */
    private static final long SLICE_NS = 200_000_000;
    private static final Path TMPFS = Path.of("/dev/shm");

    private final QueuePair queuePair;
    private final CompletionQueue queue;
    private final Loopback loopback;
    private final int signalEvery;
    private final SendWorkRequests requests = new SendWorkRequests(DEPTH);
    private final WorkCompletions completions = new WorkCompletions(DEPTH);
    private long posted;
    private long completed;

    private TrackedBesideUntracked(Loopback loopback, int signalEvery) {
        this.loopback = loopback;
        this.signalEvery = signalEvery;
        queuePair = loopback.requester();
        queue = loopback.requesterQueue();
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        int pairs = Integer.parseInt(arguments[0]);
        long runNs = Long.parseLong(arguments[1]) * 1_000_000;
        long warmUpNs = Long.parseLong(arguments[2]) * 1_000_000;
        int signalEvery = Integer.parseInt(arguments[3]);
        Report report = new Report("tracked");
        try (Loopback plain = new Loopback(false, null, DEPTH, MEMORY_BYTES);
                Loopback file = new Loopback(true, TMPFS, DEPTH, MEMORY_BYTES)) {
            RegionDomain domain = file.regionDomain().orElseThrow();
            TrackedBesideUntracked untracked = new TrackedBesideUntracked(plain, signalEvery);
            TrackedBesideUntracked tracked = new TrackedBesideUntracked(file, signalEvery);
            untracked.run(warmUpNs);
            tracked.run(warmUpNs);
            RegionCounters before = domain.counters();
            long completedBefore = tracked.completed;
            Pairs results = new Pairs();
            System.out.printf("writes a second, one of %d signaled:%n%8s %10s %10s %9s%n", signalEvery, "pair", "untracked", "tracked",
                    "ratio");
            for (int pair = 1; pair <= pairs; pair++) {
                List<Double> yardstick = new ArrayList<>();
                List<Double> measured = new ArrayList<>();
                for (long leftNs = runNs; leftNs > 0; leftNs -= SLICE_NS) {
                    yardstick.add(untracked.run(SLICE_NS));
                    measured.add(tracked.run(SLICE_NS));
                }
                results.add(Pairs.median(yardstick), Pairs.median(measured));
                System.out.printf("%8d %s%n", pair, results.last());
            }
            RegionCounters after = domain.counters();
            long direct = after.direct() - before.direct();
            report.summary("signal_every", signalEvery);
            report.summary("depth", DEPTH);
            report.summary("bytes", BYTES);
            results.report(report, "tracked", "", "untracked_per_s", "tracked_per_s");
            report.summary("direct", direct);
            report.summary("staged", after.staged());
            report.summary("breaks", after.breaks());
            report.print(System.out);
            if (after.staged() != 0 || after.breaks() != 0 || direct != tracked.completed - completedBefore) {
                throw new IllegalStateException(
                        "not all of the %d transfers took the direct path".formatted(tracked.completed - completedBefore));
            }
        }
    }

    /** Keeps as many under way as fit for so long, then waits for the last; the rate is of all together. */
    private double run(long lengthNs) {
        long beganNs = System.nanoTime();
        long first = posted;
        boolean more = true;
        while (more || completed < posted) {
            more = more && System.nanoTime() - beganNs < lengthNs;
            int free = (int) (completed + DEPTH - posted);
            if (more && free >= signalEvery) {
                post(free / signalEvery * signalEvery);
            }
            int found = queue.poll(completions);
            for (int i = 0; i < found; i++) {
                if (!completions.isSuccess(i) || completions.wrId(i) != completed + signalEvery) {
                    throw new IllegalStateException("wr_id=%d, expected %d: %s".formatted(completions.wrId(i), completed + signalEvery,
                            completions.status(i)));
                }
                completed += signalEvery;
            }
            if (found == 0) {
                Thread.onSpinWait();
            }
        }
        return (posted - first) * 1e9 / (System.nanoTime() - beganNs);
    }

    private void post(int count) {
        requests.clear();
        for (int i = 0; i < count; i++) {
            long offset = posted * BYTES % MEMORY_BYTES;
            requests.write(++posted).local(loopback.buffer(), offset, BYTES).remote(loopback.target(), offset);
            if (posted % signalEvery == 0) {
                requests.signaled();
            }
        }
        int accepted = queuePair.postSend(requests);
        if (accepted != count) {
            throw new IllegalStateException("%d of %d requests were accepted".formatted(accepted, count));
        }
    }
}
