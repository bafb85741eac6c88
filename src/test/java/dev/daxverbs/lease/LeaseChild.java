package dev.daxverbs.lease;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.bindings.libc.rlimit;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The main class of JVMs that tests start: takes write leases, says "ready", prints what its holder is told, and ends when it reads a line.
 *
 * <p>Arguments: options, then the files. {@code linger}: {@code onBreak} does not return before the JVM has gone; {@code shutdown-linger}: only
 * for the cause SHUTDOWN; {@code no-signal-queue}: the process may queue no real-time signal; {@code DELEGATION}: takes delegations.
 */
final class LeaseChild implements LeaseHolder {
    private final boolean linger;
    private final boolean lingerAtShutdown;

    private LeaseChild(List<String> options) {
        linger = options.contains("linger");
        lingerAtShutdown = options.contains("shutdown-linger");
    }

    public static void main(String[] arguments) throws Exception {
        List<String> options = new ArrayList<>(List.of(arguments));
        List<Path> files = options.stream().filter(argument -> argument.startsWith("/")).map(Path::of).toList();
        if (options.contains("no-signal-queue")) {
            forbidQueuedSignals();
        }
        LeaseMode mode = options.contains("DELEGATION") ? LeaseMode.DELEGATION : LeaseMode.LEASE;
        LeaseChild holder = new LeaseChild(options);
        List<FileLease> leases = new ArrayList<>();
        for (Path file : files) {
            leases.add(FileLease.take(TestFile.open(file).fd(), file.toString(), LeaseType.WRITE, mode, holder));
        }
        System.out.println("ready");
        new BufferedReader(new InputStreamReader(System.in)).readLine();
        System.out.println("breaks=" + leases.stream().mapToLong(FileLease::breaks).sum());
        System.exit(0);
    }

    private static void forbidQueuedSignals() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = rlimit.allocate(arena); // both zero
            if (LibC.setrlimit(LibC.RLIMIT_SIGPENDING(), limit) != 0) {
                throw new IllegalStateException("setrlimit(RLIMIT_SIGPENDING)");
            }
        }
    }

    @Override
    public void onBreak(LeaseBreak event) {
        System.out.println("onBreak " + event.cause());
        boolean shutdown = event.cause() == LeaseBreak.Cause.SHUTDOWN;
        while (linger || lingerAtShutdown && shutdown) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void onForced(LeaseBreak event) {
        System.out.println("onForced " + (event.deadlineNs() == event.heardNs() ? "and late" : "meanwhile"));
    }

    @Override
    public void onRegained(FileLease lease) {
        System.out.println("onRegained");
    }
}
