package dev.daxverbs.benchmarks;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionListener;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * What a break costs: from open(2) of another process until it has the file, and from its close(2) until the regions are registered again; for
 * more regions over the file, for transfers under way, for a longer file; with pinned memory (tmpfs) and with memory that the
 * device finds on demand (XFS-DAX). By turns with a C program that gives its lease back at once, on a file of its own as long, in one boot.
 *
 * <p>Beside it, what cannot be less: the time that it takes to end, and to make, as many registrations of that memory by
 * plain verbs, one after the other. (On demand nothing has to end: the registrations stay.)
 *
 * <p>"Restored" is when a listener of the region hears of it, which is a thread later. Of "under way" it is the given number of writes of
 * 4 KiB, by a thread that posts the next when one completes, through the break and after it.
 *
 * <p>Left out: several files, queue pairs and processes at a time; writers that change the file; the rest that files get that are broken
 * again and again ({@link RegionOptions#coolDown}); a JVM that has only just started.
 *
 * <p>Arguments: {@code full}, {@code quick} or {@code smoke}; the folder of the C programs; file systems. Ends with a line {@code RESULT key=value ...};
 * exit status 1 if an open did not break a lease, a transfer failed, or something that is needed cannot be had.
 */
public final class BreakCost {
    private static final int MIB = 1 << 20;
    private static final int MANY_REGIONS = 10_000;
    private static final int FEWER_REGIONS = 1_000; // for --quick
    private static final int WARM_UPS = 10;
    private static final AccessFlag[] ACCESS = {AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ};

    private final String length;
    private final LeasePrograms programs;
    private final Report report = new Report("break");

    /**
     * What is varied.
     *
     * @param regions over the file; all but the first are of one page each
     * @param underWay how many transfers
     * @param mebibytes of the file
     */
    private record Setting(int regions, int underWay, int mebibytes) {
        String key(String system) {
            return "%s_regions%d_underway%d_mib%d_".formatted(system, regions, underWay, mebibytes);
        }
    }

    private BreakCost(String length, LeasePrograms programs) {
        this.length = length;
        this.programs = programs;
        report.summary("device", NullDevice.wantedDevice());
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        NullDevice.loadIfWanted();
        BreakCost benchmark = new BreakCost(arguments[0], new LeasePrograms(Path.of(arguments[1])));
        System.out.println("medians, in ms: open(2) with the C program, with the library, their ratio; restored after close(2); the registrations"
                + " alone; * on demand");
        System.out.printf("%-10s %8s %9s %5s %6s %9s %9s %8s %9s %9s %9s%n", "on", "regions", "under way", "MiB", "opens", "bare",
                "daxverbs", "ratio", "restored", "ending", "making");
        for (String system : List.of(arguments).subList(2, arguments.length)) {
            for (Setting setting : benchmark.settings()) {
                benchmark.measure(system, setting);
            }
        }
        benchmark.report.print(System.out);
    }

    private List<Setting> settings() {
        Setting plain = new Setting(1, 0, 1);
        return length.equals("smoke") ? List.of(plain)
                : List.of(plain, new Setting(100, 0, 1), new Setting(manyRegions(), 0, 1), new Setting(1, 1, 1), new Setting(1, 64, 1),
                        new Setting(1, 0, 256));
    }

    private int manyRegions() {
        return length.equals("full") ? MANY_REGIONS : FEWER_REGIONS;
    }

    private boolean isSlow(Setting setting) {
        return setting.regions() == manyRegions();
    }

    /** Opens of a pair, and pairs: fewer where each takes seconds. */
    private int opens(Setting setting) {
        return switch (length) {
            case "full" -> isSlow(setting) ? 3 : 30;
            case "quick" -> isSlow(setting) ? 1 : 10;
            default -> 2;
        };
    }

    private int pairs() {
        return switch (length) {
            case "full" -> 5;
            case "quick" -> 2;
            default -> 1;
        };
    }

    private void measure(String system, Setting setting) throws Exception {
        Path folder = LeasePrograms.folder(system);
        long bytes = (long) setting.mebibytes() * MIB;
        Path bareFile = Files.createTempFile(folder, "daxverbs-bare-", null);
        try (Loopback loopback = new Loopback(true, folder, Math.max(Loopback.DEPTH, setting.underWay()), bytes, 1, 0,
                RegionOptions.defaults().withCoolDown(0))) {
            Loopback.fill(bareFile, bytes);
            MemoryRegion region = (MemoryRegion) loopback.target();
            DaxMapping mapping = loopback.mapping();
            RegionDomain domain = loopback.regionDomain().orElseThrow();
            double[] registrations = registrations(domain.protectionDomain(), mapping, region, setting.regions());
            for (int i = 1; i < setting.regions(); i++) {
                loopback.open(domain.register(mapping, offset(i, bytes), Loopback.PAGE_BYTES, Set.of(ACCESS)));
            }
            NavigableSet<Long> restores = new ConcurrentSkipListSet<>();
            region.addListener(new RegionListener() {
                @Override
                public void onRestore(MemoryRegion restored) {
                    restores.add(System.nanoTime());
                }
            });
            try (SteadyWrites writes = new SteadyWrites(loopback, setting.underWay())) {
                compare(system, setting, bareFile, region, restores, registrations);
                writes.check();
            }
        } finally {
            Files.delete(bareFile);
        }
    }

    private static long offset(int i, long bytes) {
        return i * (long) Loopback.PAGE_BYTES % bytes;
    }

    /** Milliseconds to end and to make as many registrations of the file's memory: medians, as the first of a process take several times as long. */
    private double[] registrations(ProtectionDomain domain, DaxMapping mapping, MemoryRegion region, int count) {
        List<Double> ending = new ArrayList<>();
        List<Double> making = new ArrayList<>();
        for (int i = 0; i < registrationRounds(); i++) {
            double[] round = registerOnce(domain, mapping, region, count);
            ending.add(round[0]);
            making.add(round[1]);
        }
        return new double[] {Pairs.median(ending), Pairs.median(making)};
    }

    private int registrationRounds() {
        return switch (length) {
            case "full" -> 5;
            case "quick" -> 3;
            default -> 1;
        };
    }

    private static double[] registerOnce(ProtectionDomain domain, DaxMapping mapping, MemoryRegion region, int count) {
        Set<AccessFlag> access = EnumSet.copyOf(List.of(ACCESS));
        if (region.isOnDemand()) {
            access.add(AccessFlag.ON_DEMAND);
        }
        List<MemoryRegistration> made = new ArrayList<>();
        long beganNs = System.nanoTime();
        made.add(domain.register(mapping.segment(), access));
        for (int i = 1; i < count; i++) {
            made.add(domain.register(mapping.segment().asSlice(offset(i, mapping.length()), Loopback.PAGE_BYTES), access));
        }
        long madeNs = System.nanoTime();
        made.forEach(MemoryRegistration::close);
        return new double[] {(System.nanoTime() - madeNs) / 1e6, (madeNs - beganNs) / 1e6};
    }

    private void compare(String system, Setting setting, Path bareFile, MemoryRegion region, NavigableSet<Long> restores,
            double[] registrations) throws Exception {
        Path file = region.describe().file();
        int opens = opens(setting);
        Process holder = programs.hold(bareFile);
        try (BufferedReader said = holder.inputReader()) {
            if (!"ready".equals(said.readLine())) {
                throw new IOException("the bare holder does not start");
            }
            int warmUps = isSlow(setting) || length.equals("smoke") ? 1 : WARM_UPS;
            programs.open(bareFile, warmUps);
            open(file, warmUps, setting, restores);
            Pairs pairs = new Pairs();
            List<Double> restored = new ArrayList<>();
            for (int pair = 0; pair < pairs(); pair++) {
                double bare = Pairs.median(programs.open(bareFile, opens).stream().map(LeasePrograms.Opening::us).toList()) / 1e3;
                List<LeasePrograms.Opening> ours = open(file, opens, setting, restores);
                pairs.add(bare, Pairs.median(ours.stream().map(LeasePrograms.Opening::us).toList()) / 1e3);
                for (LeasePrograms.Opening opening : ours) {
                    restored.add((restores.higher(opening.closedNs()) - opening.closedNs()) / 1e6);
                }
            }
            if (region.breaks() != (long) warmUps + (long) pairs() * opens) {
                throw new IllegalStateException("the library counted %d breaks".formatted(region.breaks()));
            }
            String key = setting.key(system);
            System.out.printf("%-10s %8d %9d %5d %6d %s %9.1f %9.2f %9.2f%n", system + (region.isOnDemand() ? " *" : ""), setting.regions(),
                    setting.underWay(), setting.mebibytes(), opens * pairs(), pairs.medians(), Pairs.median(restored), registrations[0],
                    registrations[1]);
            pairs.report(report, key.substring(0, key.length() - 1), key, "bare_ms", "daxverbs_ms",
                    details(setting, region, restored, registrations));
            report.summary(key + "restored_ms", Pairs.median(restored));
            report.summary(key + "ending_ms", registrations[0]);
            report.summary(key + "making_ms", registrations[1]);
        } finally {
            holder.destroyForcibly().waitFor();
        }
    }

    /**
     * Opens so often, and waits until the regions are back: of many after each, as the lease is back long before them, and an open in between
     * would end that restore.
     */
    private List<LeasePrograms.Opening> open(Path file, int opens, Setting setting, NavigableSet<Long> restores) throws Exception {
        List<LeasePrograms.Opening> all = new ArrayList<>();
        while (all.size() < opens) {
            all.addAll(programs.open(file, isSlow(setting) ? 1 : opens));
            awaitRestore(restores, all.getLast().closedNs());
        }
        return all;
    }

    private static Map<String, Object> details(Setting setting, MemoryRegion region, List<Double> restored, double[] registrations) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("regions", setting.regions());
        details.put("underWay", setting.underWay());
        details.put("mebibytes", setting.mebibytes());
        details.put("onDemand", region.isOnDemand());
        details.put("restored_ms", restored);
        details.put("ending_ms", registrations[0]);
        details.put("making_ms", registrations[1]);
        return details;
    }

    private static void awaitRestore(NavigableSet<Long> restores, long closedNs) throws InterruptedException {
        while (restores.higher(closedNs) == null) {
            Thread.sleep(5);
        }
    }
}
