package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.rlimit;
import dev.daxverbs.testing.Eventually;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/**
 * The main class of a JVM that holds leases on all files of a folder, with a short queue for signals, and at the end of its input says how it
 * fared.
 *
 * <p>Arguments: the folder, how many signals may be queued, and a file for reports. For each line that it reads it writes there {@code breaks N
 * forced N held N late N callers N median_us N max_us N}, and prints "reported": times are from hearing a break to the end of {@code onBreak},
 * without those of files whose name begins with "slow", whose holders take {@value #SLOW_MS} ms. Late are those that were past their deadline.
 */
final class CrowdChild implements LeaseHolder {
    static final long SLOW_MS = 2000;

    private final Queue<Long> answeredNs = new ConcurrentLinkedQueue<>();
    private final Queue<LeaseBreak> late = new ConcurrentLinkedQueue<>();

    public static void main(String[] arguments) throws Exception {
        CrowdChild holder = new CrowdChild();
        List<FileLease> leases = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of(arguments[0]))) {
            for (Path file : files.toList()) {
                try (TestFile open = TestFile.open(file)) {
                    leases.add(open.lease(LeaseType.WRITE, holder));
                }
            }
        }
        limitQueuedSignals(Long.parseLong(arguments[1]));
        System.out.println("ready " + leases.size());
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        while (input.readLine() != null) {
            long[] times = holder.answeredNs.stream().mapToLong(Long::longValue).sorted().toArray();
            Files.writeString(Path.of(arguments[2]), "breaks " + leases.stream().mapToLong(FileLease::breaks).sum()
                    + " forced " + leases.stream().mapToLong(FileLease::forcedBreaks).sum()
                    + " held " + leases.stream().filter(FileLease::isHeld).count()
                    + " late " + holder.late.size() + " callers " + LeaseThreads.running().mostCallers()
                    + " median_us " + (times.length == 0 ? 0 : times[times.length / 2] / 1000)
                    + " max_us " + Arrays.stream(times).max().orElse(0) / 1000);
            System.out.println("reported");
        }
        System.exit(0);
    }

    private static void limitQueuedSignals(long most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = rlimit.allocate(arena);
            rlimit.rlim_cur(limit, most);
            rlimit.rlim_max(limit, most);
            if (LibC.setrlimit(LibC.RLIMIT_SIGPENDING(), limit) != 0) {
                throw new IllegalStateException("setrlimit(RLIMIT_SIGPENDING)");
            }
        }
    }

    @Override
    public void onBreak(LeaseBreak event) {
        boolean slow = event.lease().name().contains("/slow");
        if (slow) {
            Eventually.pause(SLOW_MS);
        }
        long nowNs = System.nanoTime();
        if (!slow) {
            answeredNs.add(nowNs - event.heardNs());
        }
        if (nowNs - event.deadlineNs() > 0) {
            late.add(event);
        }
    }

    @Override
    public void onRegained(FileLease lease) {
    }
}
