package dev.daxverbs.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The C programs of benchmarks/native, which hold and break leases.
 *
 * @param folder where they are
 */
record LeasePrograms(Path folder) {
    private static final Map<String, Path> FOLDERS =
            Map.of("tmpfs", Path.of("/dev/shm"), "xfs-dax", Path.of("/mnt/xfs"), "page-cache", Path.of("/mnt/pagecache"));
    private static final int LEAST_PAUSE_MS = 20;
    private static final int MOST_PAUSE_MS = 50;

    /**
     * One open(2) that has broken a lease.
     *
     * @param tookNs how long it took
     * @param closedNs when the file was closed again, as {@link System#nanoTime} counts on Linux (CLOCK_MONOTONIC)
     */
    record Opening(long tookNs, long closedNs) {
        double us() {
            return tookNs / 1e3;
        }
    }

    /** A folder on a file system that goes by this name here. */
    static Path folder(String system) {
        Path folder = FOLDERS.get(system);
        if (folder == null) {
            throw new IllegalArgumentException("no file system " + system + "; there are " + FOLDERS.keySet());
        }
        return folder;
    }

    /** Starts a process that holds a lease on a file; it says "ready", and how many breaks there were when it is told to end. */
    Process hold(Path file) throws IOException {
        return new ProcessBuilder(folder.resolve("bare-holder").toString(), file.toString()).redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Opens a leased file so often, each time when its lease is in force and some time has passed; all have broken a lease, or this throws. */
    List<Opening> open(Path file, int opens) throws IOException, InterruptedException {
        Process opener = new ProcessBuilder(folder.resolve("opener").toString(), file.toString(), Integer.toString(opens),
                Integer.toString(LEAST_PAUSE_MS), Integer.toString(MOST_PAUSE_MS)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<Opening> openings;
        try (BufferedReader said = opener.inputReader()) {
            openings = said.lines().map(LeasePrograms::opening).toList();
        }
        if (opener.waitFor() != 0 || openings.size() != opens) {
            throw new IOException("the opener of " + file + " has failed");
        }
        return openings;
    }

    private static Opening opening(String line) {
        String[] words = line.split(" ");
        return new Opening(Long.parseLong(words[0]), Long.parseLong(words[1]));
    }
}
