package dev.daxverbs.benchmarks;

import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Latency and rate of writes, reads and sends over a real device, beside perftest (linux-rdma), which is C, and UCX's Java binding (jucx): by
 * turns, in one boot, all over the first device and back to it. Of the library: plain queue pairs with anonymous memory, and tracked ones with a leased file on
 * tmpfs at the side that data comes from and goes to (sends: comes from).
 *
 * <p><b>What is compared.</b> Latency: as {@code ib_write_lat}, {@code ib_read_lat} and {@code ib_send_lat} have it: one transfer at a time, the
 * median; of a write or send half the time of one there and one back, of a read the time until it has completed. Rate: as
 * {@code ib_write_bw}, {@code ib_read_bw} and {@code ib_send_bw} with {@code -t 32 -Q 1}: 32 under way, one posted with each call, each
 * signaled. No inline data ({@code -I 0}). perftest is two processes, the library one with two threads. jucx is one process as well
 * ({@link JucxTransfers}): the same transfers as UCX makes them, with its own protocols and copies; 32 requests under way.
 *
 * <p>Left out: a network; several queue pairs; lists posted with one doorbell, with which the library would be faster; lease breaks; FS-DAX.
 *
 * <p>Arguments: pairs, how many transfers of the usual number are made (1 is all of them, 0.1 a tenth), and sizes in bytes. Ends with a line
 * {@code RESULT key=value ...}; exit status 1 if a transfer failed, was staged, or something that is needed cannot be had.
 */
public final class RxeTransfers {
    private static final int DEPTH = 32;
    private static final int RECEIVES = 128;
    private static final int LEAST_LATENCIES = 10;
    private static final Path TMPFS = Path.of("/dev/shm");
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

    private final int pairs;
    private final double share;
    private final String device = Device.list().getFirst().name();
    private final Perftest perftest = new Perftest(device, DEPTH);
    private final Jucx jucx; // null: it could not be had
    private final Report report = new Report("rxe");

    /** What is transferred; its name is the middle of perftest's. */
    private enum Operation {
        WRITE, READ, SEND;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** One measurement. */
    @FunctionalInterface
    private interface Measurement {
        double run() throws Exception;
    }

    private RxeTransfers(int pairs, double share) throws InterruptedException {
        this.pairs = pairs;
        this.share = share;
        report.setting("depth", DEPTH);
        jucx = startJucx();
    }

    private Jucx startJucx() throws InterruptedException {
        try {
            Jucx started = Jucx.start(device);
            report.setting("jucx", Jucx.TRANSPORTS);
            return started;
        } catch (IOException e) {
            System.out.println("without jucx: " + e.getMessage());
            report.setting("jucx", "none: " + e.getMessage());
            return null;
        }
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        RxeTransfers benchmark = new RxeTransfers(Integer.parseInt(arguments[0]), Double.parseDouble(arguments[1]));
        System.out.printf("medians of %d pairs; latency in us, rate in transfers a second; ratios to perftest%n%-6s %8s %-8s %10s %10s %8s %10s %8s %10s %8s%n",
                benchmark.pairs, "", "bytes", "", "perftest", "plain", "ratio", "tracked", "ratio", "jucx", "ratio");
        for (String size : List.of(arguments).subList(2, arguments.length)) {
            int bytes = Integer.parseInt(size);
            for (Operation operation : Operation.values()) {
                benchmark.measure(operation, bytes);
            }
        }
        if (benchmark.jucx != null) {
            benchmark.jucx.close();
        }
        benchmark.report.print(System.out);
    }

    private void measure(Operation operation, int bytes) throws Exception {
        long memory = 2L * Math.max(bytes, Loopback.PAGE_BYTES);
        try (Loopback plain = new Loopback(false, null, RECEIVES, memory); Loopback tracked = new Loopback(true, TMPFS, RECEIVES, memory)) {
            int times = times(bytes, LEAST_LATENCIES, 2000, 300, 20);
            compare(operation, bytes, times, "latency", "lat", () -> latency(plain, operation, bytes, times),
                    () -> latency(tracked, operation, bytes, times));
            int many = times(bytes, 2 * DEPTH, 10_000, 1000, 100);
            compare(operation, bytes, many, "rate", "bw", () -> rate(plain, operation, bytes, many),
                    () -> rate(tracked, operation, bytes, many));
            if (tracked.regionDomain().orElseThrow().counters().staged() != 0) {
                throw new IllegalStateException("transfers were staged: " + tracked.regionDomain().get().counters());
            }
        }
    }

    /** How many transfers, at least so many: of small ones, of 64 KiB, of more. */
    private int times(int bytes, int least, int small, int middle, int large) {
        int usual = bytes <= Loopback.PAGE_BYTES ? small : bytes <= 1 << 16 ? middle : large;
        return Math.max(least, (int) (usual * share));
    }

    private void compare(Operation operation, int bytes, int times, String what, String kind, Measurement plain, Measurement tracked)
            throws Exception {
        Measurement other = jucx == null ? () -> Double.NaN : () -> jucx.measure(what, operation.word(), bytes, times);
        Pairs plainPairs = new Pairs();
        Pairs trackedPairs = new Pairs();
        Pairs jucxPairs = new Pairs();
        plain.run(); // warm-ups; perftest has none either, but needs no compiler
        tracked.run();
        other.run();
        for (int pair = 0; pair < pairs; pair++) {
            double yardstick = perftest.run(kind, operation.word(), bytes, times);
            plainPairs.add(yardstick, plain.run());
            trackedPairs.add(yardstick, tracked.run());
            jucxPairs.add(yardstick, other.run());
        }
        String unit = what.equals("latency") ? "us" : "per_s";
        String label = "%s_%d_%s".formatted(operation.word(), bytes, what);
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("operation", operation.word());
        details.put("bytes", bytes);
        details.put("what", what);
        details.put("memory", "plain");
        plainPairs.report(report, label + "_plain", label + "_plain_", "perftest_" + unit, "daxverbs_" + unit, details);
        details.put("memory", "tracked");
        trackedPairs.report(report, label + "_tracked", label + "_tracked_", "perftest_" + unit, "daxverbs_" + unit, details);
        if (jucx != null) {
            details.put("memory", "jucx");
            jucxPairs.report(report, label + "_jucx", label + "_jucx_", "perftest_" + unit, "jucx_" + unit, details);
        }
        System.out.printf("%-6s %8d %-8s %10.1f %10.1f %8.3f %10.1f %8.3f %10.1f %8.3f%n", operation.word(), bytes, what, plainPairs.firstMedian(),
                plainPairs.secondMedian(), plainPairs.ratioMedian(), trackedPairs.secondMedian(), trackedPairs.ratioMedian(),
                jucxPairs.secondMedian(), jucxPairs.ratioMedian());
    }

    // The library.

    private static double latency(Loopback loopback, Operation operation, int bytes, int times) throws Exception {
        return switch (operation) {
            case WRITE -> pingPong(times, new WritingSide(loopback, true, bytes), new WritingSide(loopback, false, bytes)) / 2;
            case SEND -> pingPong(times, new SendingSide(loopback, true, bytes, times), new SendingSide(loopback, false, bytes, times)) / 2;
            case READ -> readLatency(loopback, bytes, times);
        };
    }

    private static double readLatency(Loopback loopback, int bytes, int times) {
        SendWorkRequests requests = new SendWorkRequests(1);
        WorkCompletions completions = new WorkCompletions(1);
        List<Double> took = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            long beganNs = System.nanoTime();
            requests.clear();
            requests.read(i).local(loopback.buffer(), 0, bytes).remote(loopback.target(), 0).signaled();
            postAll(loopback.requester(), requests);
            take(loopback.requesterQueue(), completions, 1);
            took.add((System.nanoTime() - beganNs) / 1e3);
        }
        return Pairs.median(took);
    }

    /** One of two that answer each other. */
    private abstract static class Side {
        final QueuePair queuePair;
        final CompletionQueue queue;
        final SendWorkRequests requests = new SendWorkRequests(1);
        final WorkCompletions completions = new WorkCompletions(2);

        Side(Loopback loopback, boolean first) {
            queuePair = first ? loopback.requester() : loopback.responder();
            queue = first ? loopback.requesterQueue() : loopback.responderQueue();
        }

        abstract void begin();

        abstract void say(int i);

        abstract void hear(int i);

        void end() {
            // for those that have something left
        }
    }

    /** Microseconds of one there and one back, the median. */
    private static double pingPong(int times, Side one, Side other) throws InterruptedException {
        List<Double> took = new ArrayList<>();
        Throwable[] failure = new Throwable[1];
        one.begin();
        other.begin();
        Thread answering = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < times; i++) {
                other.hear(i);
                other.say(i);
            }
            other.end();
        });
        answering.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
        for (int i = 0; i < times; i++) {
            long beganNs = System.nanoTime();
            one.say(i);
            one.hear(i);
            took.add((System.nanoTime() - beganNs) / 1e3);
        }
        one.end();
        answering.join();
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0]);
        }
        return Pairs.median(took);
    }

    /** Writes to the other's memory, and looks at the last byte of its own. */
    private static final class WritingSide extends Side {
        private final RegisteredMemory source;
        private final RegisteredMemory destination;
        private final MemorySegment mine; // what the other writes to, and what is written from
        private final long sourceOffset;
        private final long destinationOffset;
        private final int bytes;

        /** The buffer has the first one's source in front and its destination behind; the target has the other's source behind. */
        WritingSide(Loopback loopback, boolean first, int bytes) {
            super(loopback, first);
            this.bytes = bytes;
            source = first ? loopback.buffer() : loopback.target();
            destination = first ? loopback.target() : loopback.buffer();
            long half = source.byteSize() / 2;
            sourceOffset = first ? 0 : half;
            destinationOffset = first ? 0 : half;
            mine = memory(source);
        }

        @SuppressWarnings("restricted")
        private static MemorySegment memory(RegisteredMemory registered) {
            return MemorySegment.ofAddress(registered.address()).reinterpret(registered.byteSize());
        }

        private long incomingOffset() {
            return sourceOffset == 0 ? mine.byteSize() / 2 : 0;
        }

        @Override
        void begin() {
            BYTE.setVolatile(mine, incomingOffset() + bytes - 1, (byte) -1);
        }

        @Override
        void say(int i) {
            BYTE.setOpaque(mine, sourceOffset + bytes - 1, (byte) (i & 0x7f));
            requests.clear();
            requests.write(i).local(source, sourceOffset, bytes).remote(destination, destinationOffset).signaled();
            postAll(queuePair, requests);
            take(queue, completions, 1);
        }

        @Override
        void hear(int i) {
            long last = incomingOffset() + bytes - 1;
            while ((byte) BYTE.getVolatile(mine, last) != (byte) (i & 0x7f)) {
                Thread.onSpinWait();
            }
        }
    }

    /** Sends, and takes what the other has sent. */
    private static final class SendingSide extends Side {
        private final Loopback loopback;
        private final ReceiveWorkRequests receives = new ReceiveWorkRequests(1);
        private final RegisteredMemory source;
        private final long incomingOffset;
        private final int bytes;
        private final int times;
        private int sent; // completions that have been seen
        private int received;

        SendingSide(Loopback loopback, boolean first, int bytes, int times) {
            super(loopback, first);
            this.loopback = loopback;
            this.bytes = bytes;
            this.times = times;
            source = loopback.target();
            incomingOffset = first ? 0 : loopback.buffer().byteSize() / 2;
        }

        @Override
        void begin() {
            postReceive(0);
        }

        private void postReceive(int i) {
            receives.clear();
            receives.receive(i).local(loopback.buffer(), incomingOffset, bytes);
            if (queuePair.postReceive(receives) != 1) {
                throw new IllegalStateException("the receive queue is full");
            }
        }

        @Override
        void say(int i) {
            if (i + 1 < times) {
                postReceive(i + 1); // for the answer that comes after the next
            }
            requests.clear();
            requests.send(i).local(source, 0, bytes).signaled();
            postAll(queuePair, requests);
        }

        @Override
        void hear(int i) {
            while (received <= i) {
                poll();
            }
        }

        private void poll() {
            int count = queue.poll(completions);
            for (int k = 0; k < count; k++) {
                checkSuccess(completions, k);
                if (completions.opcode(k).isReceive()) {
                    received++;
                } else {
                    sent++;
                }
            }
        }

        @Override
        void end() {
            while (sent < times) {
                poll();
            }
        }
    }

    private static double rate(Loopback loopback, Operation operation, int bytes, int times) throws Exception {
        if (operation != Operation.SEND) {
            return keepUnderWay(loopback, operation, bytes, times);
        }
        Throwable[] failure = new Throwable[1];
        ReceiveWorkRequests receives = new ReceiveWorkRequests(RECEIVES);
        int first = Math.min(times, RECEIVES);
        receive(loopback, receives, first, bytes);
        Thread receiving = Thread.ofPlatform().start(() -> {
            WorkCompletions completions = new WorkCompletions(DEPTH);
            int posted = first;
            int received = 0;
            while (received < times) {
                int count = loopback.responderQueue().poll(completions);
                for (int k = 0; k < count; k++) {
                    checkSuccess(completions, k);
                }
                received += count;
                int more = Math.min(count, times - posted);
                if (more > 0) {
                    receive(loopback, receives, more, bytes);
                    posted += more;
                }
            }
        });
        receiving.setUncaughtExceptionHandler((thread, thrown) -> failure[0] = thrown);
        double rate = keepUnderWay(loopback, operation, bytes, times);
        receiving.join();
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0]);
        }
        return rate;
    }

    private static void receive(Loopback loopback, ReceiveWorkRequests receives, int count, int bytes) {
        receives.clear();
        for (int i = 0; i < count; i++) {
            receives.receive(i).local(loopback.buffer(), loopback.buffer().byteSize() / 2, bytes);
        }
        if (loopback.responder().postReceive(receives) != count) {
            throw new IllegalStateException("the receive queue is full");
        }
    }

    private static double keepUnderWay(Loopback loopback, Operation operation, int bytes, int times) {
        SendWorkRequests requests = new SendWorkRequests(1);
        WorkCompletions completions = new WorkCompletions(DEPTH);
        int posted = 0;
        int completed = 0;
        long beganNs = System.nanoTime();
        while (completed < times) {
            while (posted < times && posted - completed < DEPTH) {
                requests.clear();
                switch (operation) {
                    case WRITE -> requests.write(posted).local(loopback.buffer(), 0, bytes).remote(loopback.target(), 0);
                    case READ -> requests.read(posted).local(loopback.buffer(), 0, bytes).remote(loopback.target(), 0);
                    case SEND -> requests.send(posted).local(loopback.target(), 0, bytes);
                }
                requests.signaled();
                postAll(loopback.requester(), requests);
                posted++;
            }
            int count = loopback.requesterQueue().poll(completions);
            for (int k = 0; k < count; k++) {
                checkSuccess(completions, k);
            }
            completed += count;
        }
        return times * 1e9 / (System.nanoTime() - beganNs);
    }

    private static void postAll(QueuePair queuePair, SendWorkRequests requests) {
        if (queuePair.postSend(requests) != requests.size()) {
            throw new IllegalStateException("the send queue is full");
        }
    }

    private static void take(CompletionQueue queue, WorkCompletions completions, int count) {
        int seen = 0;
        while (seen < count) {
            int polled = queue.poll(completions);
            for (int k = 0; k < polled; k++) {
                checkSuccess(completions, k);
            }
            seen += polled;
        }
    }

    private static void checkSuccess(WorkCompletions completions, int k) {
        if (!completions.isSuccess(k)) {
            throw new IllegalStateException("wr_id=%d: %s".formatted(completions.wrId(k), completions.status(k)));
        }
    }
}
