package dev.daxverbs.examples.demo;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.examples.load.Sizes;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.OnDemandCapabilities;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs scenarios on one device, with one source. */
final class ScenarioRunner {
    private static final int LEAST_BREAKS = 60;
    private static final int DEPTH = 4;
    private static final long REST_NS = TimeUnit.MILLISECONDS.toNanos(1500);
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);
    /** How many points of time the picture has. */
    static final int BUCKETS = 300;
    /** What a plain application waits. With daxverbs a transfer may wait for as long as another process keeps the file open. */
    private static final long PLAIN_PATIENCE_NS = TimeUnit.SECONDS.toNanos(3);
    /** Longer than the kernel lets a lease keep a process waiting. */
    private static final Duration STUCK = Duration.ofSeconds(60);

    private final DeviceContext context;
    private final FileUnderTest source;
    private final Map<Scenario.FileSystem, Path> folders;
    private final int seconds;
    private final Progress progress;

    ScenarioRunner(DeviceContext context, FileUnderTest source, Map<Scenario.FileSystem, Path> folders, int seconds, Progress progress) {
        this.context = context;
        this.source = source;
        this.folders = folders;
        this.seconds = seconds;
        this.progress = progress;
    }

    ScenarioResult run(Scenario scenario) throws IOException {
        if (scenario.needsOnDemand()) {
            String reason = whyNotOnDemand();
            if (reason != null) {
                return ScenarioResult.impossible(scenario, reason);
            }
        }
        progress.say("%s: copying %s to %s".formatted(scenario.title(), Sizes.text(source.sizeBytes()), folders.get(scenario.fileSystem())));
        Path path = folders.get(scenario.fileSystem()).resolve("daxverbs-demo-" + ProcessHandle.current().pid());
        try (FileUnderTest file = FileUnderTest.copy(source.path(), source.sizeBytes(), path);
                DaxFile opened = DaxFile.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (opened.kind() != scenario.kind()) {
                return ScenarioResult.impossible(scenario, "%s is memory of the kind %s, not %s".formatted(path.getParent(), opened.kind(),
                        scenario.kind()));
            }
            return run(scenario, file, opened);
        }
    }

    /** On-demand registrations of rxe are exact only where each packet begins at a page boundary. */
    private String whyNotOnDemand() {
        OnDemandCapabilities onDemand = context.attributes().onDemand();
        if (!onDemand.supported() || !onDemand.reliableConnection().containsAll(EnumSet.of(OnDemandCapabilities.Operation.WRITE,
                OnDemandCapabilities.Operation.READ))) {
            return "%s has no on-demand paging, and FS-DAX memory cannot be pinned (rxe has it since Linux 6.15)".formatted(context.device().name());
        }
        Mtu mtu = context.port(1).activeMtu();
        return mtu == Mtu.MTU_4096 ? null
                : "%s has an active MTU of %s; it must be 4096: raise the MTU of its network device".formatted(context.device().name(), mtu);
    }

    private ScenarioResult run(Scenario scenario, FileUnderTest file, DaxFile opened) throws IOException {
        try (Arena arena = Arena.ofShared(); DaxMapping mapping = opened.map(0, file.pages() * FileUnderTest.PAGE_BYTES)) {
            MemorySegment buffers = arena.allocate(2L * DEPTH * FileUnderTest.PAGE_BYTES, FileUnderTest.PAGE_BYTES);
            try (Loopback loopback = scenario.isTracked() ? new TrackedLoopback(context, mapping, buffers)
                    : new PlainLoopback(context, mapping, buffers, scenario.needsOnDemand())) {
                return run(scenario, file, new Verifier(opened), loopback, buffers);
            }
        }
    }

    private ScenarioResult run(Scenario scenario, FileUnderTest file, Verifier verifier, Loopback loopback, MemorySegment buffers)
            throws IOException {
        long lengthNs = TimeUnit.SECONDS.toNanos(seconds);
        long startNs = System.nanoTime();
        long limitNs = startNs + 2 * lengthNs + STUCK.toNanos();
        Epoch epoch = new Epoch();
        Counts counts = new Counts();
        LatencyLog log = new LatencyLog(startNs, lengthNs / BUCKETS);
        Load load = new Load(loopback, buffers, verifier, epoch, counts, log,
                scenario.isTracked() ? Long.MAX_VALUE : PLAIN_PATIENCE_NS, DEPTH, file.pages());
        Breaker.Schedule schedule = new Breaker.Schedule(startNs, lengthNs, Math.min(REST_NS, lengthNs / 10), PAUSE_NS,
                scenario.isTracked() ? LEAST_BREAKS : 0);
        List<BreakInterval> intervals;
        try (Breaker breaker = new Breaker(epoch, schedule, file, source)) {
            breaker.start();
            try (Progress.Display display = progress.show(scenario, startNs, lengthNs, counts,
                    () -> loopback.leaseBreaks().orElse(breaker.count()))) {
                load.run(() -> breaker.isAlive() && System.nanoTime() - limitNs < 0);
            }
            intervals = breaker.awaitIntervals(Duration.ofSeconds(1));
        }
        if (loopback.fenced() > 0) {
            progress.say("%s: %d times a queue pair was stopped, as what it had posted was not done before a break's deadline".formatted(
                    scenario.title(), loopback.fenced()));
        }
        return ScenarioResult.of(scenario, loopback.leaseBreaks().orElse(intervals.size()), counts, log, startNs, intervals);
    }
}
