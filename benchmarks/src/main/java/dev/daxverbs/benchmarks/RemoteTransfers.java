package dev.daxverbs.benchmarks;

import dev.daxverbs.region.TransferPath;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Latency of writes to and reads of a {@link dev.daxverbs.connection.RemoteRegion} over a leased file, beside perftest (linux-rdma), which
 * is C, over anonymous memory: by turns, in one boot, both over the first device and back to it. Then the same, beside nothing, while
 * another process holds the files open, so that transfers are EMULATED: they go by messages.
 *
 * <p><b>What is compared.</b> As {@code ib_write_lat} and {@code ib_read_lat} have it: one transfer at a time, signaled, of a page, no
 * inline data ({@code -I 0}), the median. Of a write, half the time of one there and one back: each side writes to the other's file and looks
 * at the last byte of its own in the mapping. Of a read, the time until it has completed. Local memory is anonymous. perftest is two
 * processes; the library one, with two domains, one for each side, and two threads for writes, one for reads, beside those of the library's.
 *
 * <p>Left out: a network; the control connection's distance; TLS; breaks as such; transfers that are not aligned.
 *
 * <p>Arguments: pairs, how many transfers each measurement has, how many if they are EMULATED, and file systems as {@link LeasePrograms}
 * names them. Ends with a line {@code RESULT key=value ...}; exit status 1 if a transfer failed, took the other path than the one that is
 * measured, or something that is needed cannot be had.
 */
public final class RemoteTransfers {
    private static final int BYTES = Loopback.PAGE_BYTES;
    private static final long HANGS_AFTER_NS = TimeUnit.SECONDS.toNanos(60);
    private static final int LOOK_AT_CLOCK_EVERY = 1 << 12;
    private static final int TRANSFERS_OF_BOTH = 3; // two of a write there and back, one of a read
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

    private final int pairs;
    private final Perftest perftest = new Perftest(Device.list().getFirst().name(), 1);
    private final Report report = new Report("remote");
    private final Deque<AutoCloseable> opened = new ArrayDeque<>(); // closed last first
    private final Map<String, ConnectedPair> connected = new LinkedHashMap<>(); // by file system

    /** What is measured; its name is the beginning of perftest's. */
    private enum Operation {
        WRITE, READ;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private RemoteTransfers(int pairs) {
        this.pairs = pairs;
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        RemoteTransfers benchmark = new RemoteTransfers(Integer.parseInt(arguments[0]));
        try {
            benchmark.run(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), List.of(arguments).subList(3, arguments.length));
        } finally {
            while (!benchmark.opened.isEmpty()) {
                benchmark.opened.pop().close();
            }
        }
        benchmark.report.print(System.out);
    }

    private void run(int direct, int emulated, List<String> systems) throws Exception {
        report.setting("bytes", BYTES);
        report.setting("transfers", direct);
        report.setting("transfersEmulated", emulated);
        for (String system : systems) {
            ConnectedPair pair = new ConnectedPair(LeasePrograms.folder(system), BYTES);
            opened.push(pair);
            connected.put(system, pair);
        }
        System.out.printf("medians of %d, us%n%-6s %-10s %-9s %10s %10s %8s%n", pairs, "", "", "", "perftest", "daxverbs", "ratio");
        for (Operation operation : Operation.values()) {
            compare(operation, direct);
        }
        for (Map.Entry<String, ConnectedPair> each : connected.entrySet()) {
            measureEmulated(each.getKey(), each.getValue(), emulated);
        }
    }

    /** Beside perftest, by turns. */
    private void compare(Operation operation, int times) throws Exception {
        Map<String, Pairs> measured = new LinkedHashMap<>();
        for (Map.Entry<String, ConnectedPair> each : connected.entrySet()) {
            each.getValue().await(TransferPath.DIRECT);
            latency(operation, each.getValue(), times); // a warm-up; perftest has none either, but needs no compiler
            measured.put(each.getKey(), new Pairs());
        }
        for (int pair = 0; pair < pairs; pair++) {
            double yardstick = perftest.run("lat", operation.word(), BYTES, times);
            for (Map.Entry<String, ConnectedPair> each : connected.entrySet()) {
                measured.get(each.getKey()).add(yardstick, latency(operation, each.getValue(), times));
            }
        }
        measured.forEach((system, all) -> {
            if (connected.get(system).emulated() != 0) {
                throw new IllegalStateException("transfers were emulated: " + connected.get(system).emulated());
            }
            String label = label(operation, system, TransferPath.DIRECT);
            all.report(report, label, label + "_", "perftest_us", "daxverbs_us", details(operation, system, TransferPath.DIRECT));
            System.out.printf(Locale.ROOT, "%-6s %-10s %-9s %10.1f %10.1f %8.3f%n", operation.word(), system, TransferPath.DIRECT,
                    all.firstMedian(), all.secondMedian(), all.ratioMedian());
        });
    }

    /** While another process has the files open; beside nothing. */
    private void measureEmulated(String system, ConnectedPair pair, int times) throws Exception {
        try (AutoCloseable held = pair.holdOpen()) {
            pair.await(TransferPath.EMULATED);
            for (Operation operation : Operation.values()) {
                latency(operation, pair, times);
                List<Double> medians = new ArrayList<>();
                for (int i = 0; i < pairs; i++) {
                    medians.add(latency(operation, pair, times));
                }
                String label = label(operation, system, TransferPath.EMULATED);
                report.summary(label + "_us", Pairs.median(medians));
                report.summary(label + "_min_us", Pairs.quantile(medians, 0));
                report.summary(label + "_max_us", Pairs.quantile(medians, 1));
                Map<String, Object> result = details(operation, system, TransferPath.EMULATED);
                result.put("daxverbs_us", medians);
                report.result(result);
                System.out.printf(Locale.ROOT, "%-6s %-10s %-9s %10s %10.1f%n", operation.word(), system, TransferPath.EMULATED, "",
                        Pairs.median(medians));
            }
        }
        long made = (pairs + 1L) * TRANSFERS_OF_BOTH * times;
        if (pair.emulated() != made) {
            throw new IllegalStateException("%d of %d transfers were emulated".formatted(pair.emulated(), made));
        }
    }

    private static String label(Operation operation, String system, TransferPath path) {
        return "%s_%s_%s".formatted(operation.word(), system.replace('-', '_'), path.name().toLowerCase(Locale.ROOT));
    }

    private static Map<String, Object> details(Operation operation, String system, TransferPath path) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("operation", operation.word());
        details.put("bytes", BYTES);
        details.put("memory", system);
        details.put("path", path.name());
        return details;
    }

    private static double latency(Operation operation, ConnectedPair pair, int times) throws InterruptedException {
        return operation == Operation.WRITE ? writeLatency(pair, times) : readLatency(pair.connector(), times);
    }

    private static double readLatency(ConnectedPair.End end, int times) {
        SendWorkRequests requests = new SendWorkRequests(1);
        WorkCompletions completions = new WorkCompletions(1);
        List<Double> took = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            long beganNs = System.nanoTime();
            requests.clear();
            requests.read(i).local(end.buffer(), 0, BYTES).remote(end.remote(), 0).signaled();
            post(end, requests);
            take(end, completions);
            took.add((System.nanoTime() - beganNs) / 1e3);
        }
        return Pairs.median(took);
    }

    /** Half of one there and one back, the median. */
    private static double writeLatency(ConnectedPair connected, int times) throws InterruptedException {
        Side one = new Side(connected.connector());
        Side other = new Side(connected.acceptor());
        List<Double> took = new ArrayList<>();
        Throwable[] failure = new Throwable[1];
        Thread answering = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < times; i++) {
                other.hear(i);
                other.say(i);
            }
        });
        answering.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
        try {
            for (int i = 0; i < times; i++) {
                long beganNs = System.nanoTime();
                one.say(i);
                one.hear(i);
                took.add((System.nanoTime() - beganNs) / 1e3);
            }
        } finally {
            answering.join(); // it gives up by itself
        }
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0]);
        }
        return Pairs.median(took) / 2;
    }

    /** One of two that answer each other by writes to the other's file. */
    private static final class Side {
        private final ConnectedPair.End end;
        private final SendWorkRequests requests = new SendWorkRequests(1);
        private final WorkCompletions completions = new WorkCompletions(1);

        Side(ConnectedPair.End end) {
            this.end = end;
            BYTE.setVolatile(end.file(), BYTES - 1L, (byte) -1);
        }

        void say(int i) {
            BYTE.setOpaque(end.anonymous(), BYTES - 1L, (byte) (i & 0x7f));
            requests.clear();
            requests.write(i).local(end.buffer(), 0, BYTES).remote(end.remote(), 0).signaled();
            post(end, requests);
            take(end, completions);
        }

        void hear(int i) {
            long beganNs = System.nanoTime();
            for (int looks = 0; (byte) BYTE.getVolatile(end.file(), BYTES - 1L) != (byte) (i & 0x7f); looks++) {
                pause(looks, beganNs, "a write of the other side");
            }
        }
    }

    private static void post(ConnectedPair.End end, SendWorkRequests requests) {
        if (end.connection().queuePair().postSend(requests) != 1) {
            throw new IllegalStateException("the send queue is full");
        }
    }

    private static void take(ConnectedPair.End end, WorkCompletions completions) {
        QueuePair queuePair = end.connection().queuePair();
        long beganNs = System.nanoTime();
        for (int looks = 0; queuePair.options().sendQueue().poll(completions) == 0; looks++) {
            pause(looks, beganNs, "a completion");
        }
        if (!completions.isSuccess(0)) {
            throw new IllegalStateException("wr_id=%d: %s".formatted(completions.wrId(0), completions.status(0)));
        }
    }

    private static void pause(int looks, long beganNs, String what) {
        Thread.onSpinWait();
        if (looks % LOOK_AT_CLOCK_EVERY == LOOK_AT_CLOCK_EVERY - 1 && System.nanoTime() - beganNs > HANGS_AFTER_NS) {
            throw new IllegalStateException("there was not " + what + " within a minute");
        }
    }
}
