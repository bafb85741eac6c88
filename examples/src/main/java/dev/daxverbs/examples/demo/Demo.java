package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Devices;
import dev.daxverbs.examples.load.Json;
import dev.daxverbs.examples.load.Program;
import dev.daxverbs.examples.load.Sizes;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.verbs.DeviceContext;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** The command line of the demonstration. */
@Command(name = "demo", mixinStandardHelpOptions = true, usageHelpAutoWidth = true, description = {
    "Runs RDMA writes and reads against the mapping of a file while other processes break its lease:",
    "with plain verbs, which loses bytes and queue pairs, and with daxverbs, which does not."})
final class Demo implements Callable<Integer> {
    private static final int LONGEST_SECONDS = 3600;

    @Parameters(arity = "0..1", paramLabel = "FILE",
            description = "the file that is copied to the file systems under test (default: lib/modules of this JDK)")
    private Path file;

    @Option(names = "--json", paramLabel = "OUT", description = "write the results there as JSON")
    private Path json;

    @Option(names = "--seconds", paramLabel = "N", description = "length of each scenario (default: ${DEFAULT-VALUE})")
    private int seconds = 25;

    @Option(names = "--size", paramLabel = "MIB", description = "use at most so much of the file, from its head (default: ${DEFAULT-VALUE})")
    private int sizeMib = 32;

    @Option(names = "--picture", paramLabel = "PNG", description = "where the picture goes (default: ${DEFAULT-VALUE})")
    private Path picture = Path.of("target/demo/latency.png");

    @Option(names = "--device", paramLabel = "NAME", description = "RDMA device (default: the first with an active port, of MTU 4096 if there is one)")
    private String device;

    @Option(names = "--only", paramLabel = "SCENARIO", split = ",",
            description = "run these scenarios only; the exit status is 1 then: ${COMPLETION-CANDIDATES}")
    private List<Scenario> only = List.of();

    @Option(names = "--terminal",
            description = "show a progress bar although the output does not go to a terminal directly")
    private boolean terminal = System.console() != null && System.console().isTerminal();

    @Option(names = "--tmpfs", paramLabel = "FOLDER", description = "where tmpfs is mounted (default: ${DEFAULT-VALUE})",
            defaultValue = "${env:DAXVERBS_TMPFS:-/dev/shm}")
    private Path tmpfs;

    @Option(names = "--xfs-dax", paramLabel = "FOLDER", description = "where XFS is mounted with DAX (default: ${DEFAULT-VALUE})",
            defaultValue = "${env:DAXVERBS_XFS_DAX:-/mnt/xfs}")
    private Path xfsDax;

    @Option(names = "--ext4-dax", paramLabel = "FOLDER", description = "where ext4 is mounted with DAX (default: ${DEFAULT-VALUE})",
            defaultValue = "${env:DAXVERBS_EXT4_DAX:-/mnt/ext4}")
    private Path ext4Dax;

    private Demo() {
    }

    /**
     * Runs the demonstration and ends with its status: 0 if it showed what it should, 1 if not or if it could not be run, 2 for wrong usage.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(Program.run(new Demo(), arguments));
    }

    @Override
    public Integer call() throws IOException {
        check(seconds >= 1 && seconds <= LONGEST_SECONDS, "--seconds %d: must be 1 to %d".formatted(seconds, LONGEST_SECONDS));
        check(sizeMib >= 1, "--size %d: must be at least 1".formatted(sizeMib));
        Progress progress = new Progress(System.out, terminal);
        Map<Scenario.FileSystem, Path> folders = new EnumMap<>(Map.of(Scenario.FileSystem.TMPFS, tmpfs, Scenario.FileSystem.XFS_DAX, xfsDax,
                Scenario.FileSystem.EXT4_DAX, ext4Dax));
        Path original = original();
        long size = size(original, folders, progress);
        // From memory, so that the copies over the file take no longer than they must.
        Path sourcePath = tmpfs.resolve("daxverbs-demo-source-" + ProcessHandle.current().pid());
        List<ScenarioResult> results = new ArrayList<>();
        String name;
        try (DeviceContext context = Devices.open(device, "scripts/demo"); FileUnderTest source = FileUnderTest.copy(original, size, sourcePath)) {
            name = context.device().name();
            progress.say("device %s, Linux %s, %s (%s of %s)".formatted(name, Devices.kernel(), original, Sizes.text(size),
                    Sizes.text(Files.size(original))));
            ScenarioRunner runner = new ScenarioRunner(context, source, folders, seconds, progress);
            for (Scenario scenario : only.isEmpty() ? List.of(Scenario.values()) : only) {
                results.add(runner.run(scenario));
            }
        }
        return report(results, name);
    }

    private int report(List<ScenarioResult> results, String deviceName) throws IOException {
        System.out.println();
        System.out.print(new ResultTable(results));
        if (json != null) {
            Json.write(json, new JsonReport(Devices.kernel(), deviceName, results));
        }
        boolean drawn = draw(results, deviceName);
        boolean good = results.size() == Scenario.values().length && results.stream().allMatch(result -> result.complaint().isEmpty());
        return good && drawn ? 0 : 1;
    }

    private boolean draw(List<ScenarioResult> results, String deviceName) {
        String title = "RDMA transfers of 4 KiB while other processes break the lease of the file (%s, Linux %s)".formatted(deviceName, Devices.kernel());
        try {
            new LatencyChart(title, results, Math.max(seconds, longest(results))).save(picture);
            System.out.printf("%nThe picture: %s%n", picture);
            return true;
        } catch (IOException | RuntimeException | LinkageError | InternalError e) { // the last two of a JDK that finds no library, or no font
            System.err.printf("demo: the picture could not be drawn: %s (it needs libfreetype6, libharfbuzz0b, fontconfig and a font)%n", e);
            return false;
        }
    }

    /** In seconds: how long the slowest scenario took to have its breaks. */
    private static double longest(List<ScenarioResult> results) {
        return results.stream().flatMap(result -> result.buckets().stream()).mapToDouble(bucket -> bucket.timeNs() / 1e9).max().orElse(0);
    }

    private static void check(boolean right, String message) throws UserException {
        if (!right) {
            throw new UserException(message);
        }
    }

    private Path original() throws IOException {
        Path path = file != null ? file : Path.of(System.getProperty("java.home"), "lib", "modules");
        check(Files.isRegularFile(path), "%s %s".formatted(path, Files.exists(path) ? "is not a regular file" : "does not exist"));
        check(Files.size(path) >= FileUnderTest.LEAST_BYTES, "%s is too small: it has %s, and %s are needed".formatted(path,
                Sizes.text(Files.size(path)), Sizes.text(FileUnderTest.LEAST_BYTES)));
        return path;
    }

    /** As much of the file as was asked for, or as fits everywhere: twice on tmpfs, where the source of copies is, too. */
    private long size(Path original, Map<Scenario.FileSystem, Path> folders, Progress progress) throws IOException {
        long wanted = Math.min(Files.size(original), (long) sizeMib << 20);
        long size = wanted;
        for (Map.Entry<Scenario.FileSystem, Path> entry : folders.entrySet()) {
            Path folder = entry.getValue();
            check(Files.isDirectory(folder), "%s, for %s, is not there: see --help for how to name another folder".formatted(folder, entry.getKey()));
            long fitting = FileUnderTest.fitting(folder, entry.getKey() == Scenario.FileSystem.TMPFS ? 2 : 1);
            check(fitting >= FileUnderTest.LEAST_BYTES, "not enough space in %s: room for %s, and at least %s are needed".formatted(folder,
                    Sizes.text(fitting), Sizes.text(FileUnderTest.LEAST_BYTES)));
            if (fitting < size) {
                progress.say("%s has room for %s, not %s: using the head of the file".formatted(folder, Sizes.text(fitting), Sizes.text(size)));
                size = fitting;
            }
        }
        return size;
    }
}
