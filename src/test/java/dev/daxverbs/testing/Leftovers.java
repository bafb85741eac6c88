package dev.daxverbs.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process has of the kernel's at one moment, and must not have more of after a test: descriptors, mappings of files and of staging
 * memory, leases, and objects of RDMA devices.
 *
 * @param descriptors where those lead that are not to files of the class path and the JVM
 * @param mappings of files of tests, and of staging memory
 * @param leases of this process, from {@code /proc/locks}
 * @param registrations memory registrations of this process, on all devices
 * @param queuePairs of this process, on all devices
 * @param domains protection domains of this process, on all devices
 */
public record Leftovers(List<String> descriptors, List<String> mappings, List<String> leases, long registrations, long queuePairs,
        long domains) {
    /** What there is now. */
    public static Leftovers now() {
        return new Leftovers(openDescriptors(), presentMappings(), heldLeases(), resources("mr"), resources("qp"), resources("pd"));
    }

    /** Waits until there is no more than there was then: threads of the library may be about to put down what they have. */
    public void awaitNoMore() {
        Leftovers[] last = new Leftovers[1];
        try {
            Eventually.await("nothing is left", () -> {
                last[0] = now();
                return equals(last[0]);
            });
        } catch (AssertionError e) {
            throw new AssertionError("left behind:%nbefore %s%nafter  %s".formatted(this, last[0]), e);
        }
    }

    private static List<String> openDescriptors() {
        List<String> targets = new ArrayList<>();
        try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
            for (Path link : links.toList()) {
                try {
                    targets.add(Files.readSymbolicLink(link).toString());
                } catch (IOException e) {
                    continue; // the one that lists the folder
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // Pipes lead to other processes that tests have started, and go when the collector finds them; names of temporary folders come from urandom.
        return targets.stream().filter(target -> !target.startsWith("pipe:") && !target.endsWith(".jar") && !target.endsWith("/modules")
                && !target.startsWith("/proc/") && !target.startsWith("/dev/null") && !target.endsWith("random")).sorted().toList();
    }

    private static List<String> presentMappings() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("daxverbs-") && !line.contains(".jar")).map(line -> line.substring(line.indexOf('/')))
                    .sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> heldLeases() {
        String pid = " " + ProcessHandle.current().pid() + " ";
        try (Stream<String> lines = Files.lines(Path.of("/proc/locks"))) {
            return lines.filter(line -> (line.contains("LEASE") || line.contains("DELEG")) && line.contains(pid))
                    .map(line -> line.substring(line.indexOf(':'))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long resources(String kind) {
        try (OtherProcess rdma = OtherProcess.start("rdma", "resource", "show", kind)) {
            rdma.awaitSuccess();
            String pid = " pid " + ProcessHandle.current().pid() + " ";
            return rdma.output().stream().filter(line -> line.contains(pid)).count();
        }
    }
}
