package dev.daxverbs.benchmarks;

import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How long another process waits in open(2) for a leased file: when its holder is a C program that waits for the signal and gives the
 * lease back at once, and when it is this library, with a region over the file, a queue pair that has used it, and nothing under way. By
 * turns, in one boot, both holders being there all the time, each with a file of its own on the same file system.
 *
 * <p>What waits is a C program as well (benchmarks/native), which sees to it by itself that each open breaks a lease. Then some opens more
 * with a JFR recording, which tells what the library spends the time on; it takes time of its own, so they are not in the result.
 *
 * <p>Left out: transfers under way, whose completion has to be awaited; more regions and queue pairs; openers that come faster than the
 * lease comes back; a JVM that has only just started, but for its first break, which is shown. With a stand-in for the device also what
 * ending and renewing a registration costs.
 *
 * <p>Arguments: pairs, opens in each run, the folder of the C programs, and file systems (tmpfs, xfs-dax, page-cache), whose names begin the
 * keys of the line {@code RESULT key=value ...} at the end. Exit status 1 if an open did not break a lease, or something that is needed cannot be had.
 */
public final class ReleaseLatency {
    private static final int FILE_BYTES = 1 << 20;
    private static final String EVENT = "dev.daxverbs.LeaseBreak";
    private static final String[] PHASES = {"heard", "seize", "drain", "deregister"};

    private final int pairs;
    private final int opens;
    private final LeasePrograms programs;
    private final Report report = new Report("release");

    private ReleaseLatency(int pairs, int opens, LeasePrograms programs) {
        this.pairs = pairs;
        this.opens = opens;
        this.programs = programs;
        report.summary("device", NullDevice.wantedDevice());
        report.summary("opens", opens);
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        NullDevice.loadIfWanted();
        ReleaseLatency benchmark =
                new ReleaseLatency(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]), new LeasePrograms(Path.of(arguments[2])));
        for (String system : List.of(arguments).subList(3, arguments.length)) {
            benchmark.measure(system);
        }
        benchmark.report.print(System.out);
    }

    private void measure(String system) throws Exception {
        Path folder = LeasePrograms.folder(system);
        Path file = Files.createTempFile(folder, "daxverbs-bare-", null);
        try (Loopback loopback = new Loopback(true, folder, Loopback.DEPTH, FILE_BYTES)) {
            Files.write(file, new byte[FILE_BYTES]);
            MemoryRegion region = (MemoryRegion) loopback.target();
            use(loopback);
            Process holder = programs.hold(file);
            try (BufferedReader said = holder.inputReader()) {
                if (!"ready".equals(said.readLine())) {
                    throw new IOException("the bare holder does not start");
                }
                compare(system, file, region);
                holder.toHandle().destroy(); // that of the process closes the streams as well
                requireBreaks("the bare holder", (pairs + 1L) * opens, Long.parseLong(said.readLine()));
                requireBreaks("the library", (pairs + 2L) * opens, region.breaks());
            } finally {
                holder.destroyForcibly().waitFor();
            }
        } finally {
            Files.delete(file);
        }
    }

    private void compare(String system, Path bareFile, MemoryRegion region) throws Exception {
        Path file = region.describe().file();
        System.out.printf("%s: %s%n", system, region.describe());
        System.out.printf("microseconds of open(2), medians of %d:%n%8s %10s %10s %9s%n", opens, "pair", "bare", "daxverbs", "ratio");
        List<Double> cold = open(file);
        Pairs warmUp = new Pairs();
        warmUp.add(Pairs.median(open(bareFile)), Pairs.median(cold));
        System.out.printf("%8s %s%n", "warm-up", warmUp.last());

        Pairs results = new Pairs();
        List<Double> bare = new ArrayList<>();
        List<Double> ours = new ArrayList<>();
        for (int pair = 1; pair <= pairs; pair++) {
            List<Double> one = open(bareFile);
            List<Double> other = open(file);
            bare.addAll(one);
            ours.addAll(other);
            results.add(Pairs.median(one), Pairs.median(other));
            System.out.printf("%8d %s%n", pair, results.last());
        }
        String prefix = system + "_";
        results.report(report, system, prefix, "bare_us", "daxverbs_us");
        report.summary(prefix + "bare_p99_us", Pairs.quantile(bare, 0.99));
        report.summary(prefix + "daxverbs_p99_us", Pairs.quantile(ours, 0.99));
        report.summary(prefix + "daxverbs_first_us", cold.getFirst());
        profile(file, prefix);
    }

    /** Medians of the phases that the library's events tell, and of the opens of the same run. */
    private void profile(Path file, String prefix) throws Exception {
        Path dump = Files.createTempFile("daxverbs-release-", ".jfr");
        try (Recording recording = new Recording()) {
            recording.enable(EVENT).withoutThreshold();
            recording.start();
            report.summary(prefix + "recorded_us", Pairs.median(open(file)));
            recording.stop();
            recording.dump(dump);
            List<RecordedEvent> events = RecordingFile.readAllEvents(dump).stream()
                    .filter(event -> event.getEventType().getName().equals(EVENT)).toList();
            for (String phase : PHASES) {
                List<Double> times = events.stream().map(event -> event.getDuration(phase).toNanos() / 1e3).toList();
                report.summary(prefix + phase + "_us", times.isEmpty() ? null : Pairs.median(times));
            }
        } finally {
            Files.delete(dump);
        }
    }

    /** One write to the file, so that the queue pair is one that a break has to think of. */
    private static void use(Loopback loopback) {
        SendWorkRequests requests = new SendWorkRequests(1);
        WorkCompletions completions = new WorkCompletions(1);
        requests.write(1).local(loopback.buffer(), 0, Loopback.PAGE_BYTES).remote(loopback.target(), 0).signaled();
        loopback.requester().postSend(requests);
        while (loopback.requesterQueue().poll(completions) == 0) {
            Thread.onSpinWait();
        }
        if (!completions.isSuccess(0)) {
            throw new IllegalStateException("the write failed: " + completions.status(0));
        }
    }

    /** Microseconds of each open of one run. */
    private List<Double> open(Path file) throws IOException, InterruptedException {
        return programs.open(file, opens).stream().map(LeasePrograms.Opening::us).toList();
    }

    private static void requireBreaks(String who, long expected, long counted) {
        if (counted != expected) {
            throw new IllegalStateException("%s counted %d breaks of %d opens".formatted(who, counted, expected));
        }
    }
}
