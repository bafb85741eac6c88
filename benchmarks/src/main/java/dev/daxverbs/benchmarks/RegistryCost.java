package dev.daxverbs.benchmarks;

import dev.daxverbs.dax.AddressSpace;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.VerbsException;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What it costs to register memory of a leased file, beside {@code ibv_reg_mr} alone, when there are so many regions already: time, heap, and the
 * way from an address to its file. Regions are of one page each, of one file on tmpfs; registered and closed one at a time, by turns
 * with a plain registration of the same page in the same protection domain.
 *
 * <p>Left out: the first region of a file, which takes the lease; larger regions, for which the kernel pins more; several files and threads; what
 * provider and kernel keep for a registration, which is theirs whoever asks for it; on-demand registrations.
 *
 * <p>Arguments: pairs, registrations of each run, numbers of regions in ascending order. Ends with a line {@code RESULT key=value ...}; where
 * a number cannot be reached, the line says how many there were and why there were no more. Exit status 1 if something that is needed cannot be had.
 */
public final class RegistryCost {
    private static final int FILE_PAGES = 4096;
    private static final Set<AccessFlag> ACCESS = Set.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
    private static final double US = 1e3;

    private final int pairs;
    private final int registrations;
    private final Report report = new Report("registry");
    private final List<MemoryRegion> regions = new ArrayList<>();

    private RegistryCost(int pairs, int registrations) {
        this.pairs = pairs;
        this.registrations = registrations;
    }

    /**
     * Measures.
     *
     * @param arguments see above
     * @throws Exception if something that is needed cannot be had
     */
    public static void main(String... arguments) throws Exception {
        NullDevice.loadIfWanted();
        RegistryCost benchmark = new RegistryCost(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]));
        benchmark.report.summary("device", NullDevice.wantedDevice());
        try (Loopback loopback = new Loopback(true, Path.of("/dev/shm"), Loopback.DEPTH, (long) FILE_PAGES * Loopback.PAGE_BYTES, 1, 0,
                RegionOptions.defaults())) {
            System.out.printf("microseconds, medians of %d; bytes of heap a region%n%9s %9s %9s %8s %9s %9s %8s %9s %10s%n", benchmark.registrations,
                    "regions", "reg_mr", "register", "ratio", "dereg_mr", "close", "ratio", "resolve", "heap");
            for (String count : List.of(arguments).subList(2, arguments.length)) {
                benchmark.measure(loopback, Integer.parseInt(count));
            }
            benchmark.closeAll();
        }
        benchmark.report.print(System.out);
    }

    private void measure(Loopback loopback, int count) throws Exception {
        RegionDomain domain = loopback.regionDomain().orElseThrow();
        DaxMapping mapping = loopback.mapping();
        int before = regions.size();
        long heapBefore = usedHeapBytes();
        String limit = grow(domain, mapping, count);
        int made = regions.size() - before;
        String key = "regions%d_".formatted(count);
        if (limit != null) {
            report.summary(key + "reached", regions.size());
            System.out.printf("%d regions are all that there can be: %s%n", regions.size(), limit);
        }
        if (limit != null || made == 0) {
            return;
        }
        double heapBytes = (usedHeapBytes() - heapBefore) / (double) made;
        Pairs registering = new Pairs();
        Pairs closing = new Pairs();
        List<Double> resolving = new ArrayList<>();
        run(domain, mapping, registering, closing, resolving); // a warm-up
        registering = new Pairs();
        closing = new Pairs();
        resolving.clear();
        for (int pair = 0; pair < pairs; pair++) {
            run(domain, mapping, registering, closing, resolving);
        }
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("regions", count);
        registering.report(report, "register at " + count, key, "ibv_reg_mr_us", "register_us", details);
        closing.report(report, "close at " + count, key + "close_", "ibv_dereg_mr_us", "close_us", details);
        report.summary(key + "resolve_us", Pairs.median(resolving));
        System.out.printf("%9d %s %s %9.1f", count, registering.medians(), closing.medians(), Pairs.median(resolving));
        if (made >= 100) { // of fewer, the rest of the heap is all that is seen
            report.summary(key + "heap_bytes_a_region", heapBytes);
            System.out.printf(" %10.0f%n", heapBytes);
        } else {
            System.out.printf(" %10s%n", "-");
        }
    }

    /** Registers until there are so many; returns why there cannot be. */
    private String grow(RegionDomain domain, DaxMapping mapping, int count) throws Exception {
        try {
            while (regions.size() < count) {
                regions.add(domain.register(mapping, offset(regions.size()), Loopback.PAGE_BYTES, ACCESS));
                if (regions.getLast().path() != TransferPath.DIRECT) {
                    return regions.getLast().describe().toString();
                }
            }
            return null;
        } catch (VerbsException e) {
            return e.getMessage();
        }
    }

    private static long offset(int i) {
        return (long) (i % FILE_PAGES) * Loopback.PAGE_BYTES;
    }

    private void run(RegionDomain domain, DaxMapping mapping, Pairs registering, Pairs closing, List<Double> resolving) throws Exception {
        ProtectionDomain plain = domain.protectionDomain();
        List<Double> plainMade = new ArrayList<>();
        List<Double> plainClosed = new ArrayList<>();
        List<Double> made = new ArrayList<>();
        List<Double> closed = new ArrayList<>();
        for (int i = 0; i < registrations; i++) {
            MemorySegment page = mapping.segment().asSlice(offset(i), Loopback.PAGE_BYTES);
            long beganNs = System.nanoTime();
            MemoryRegistration registration = plain.register(page, ACCESS);
            long madeNs = System.nanoTime();
            registration.close();
            long closedNs = System.nanoTime();
            plainMade.add((madeNs - beganNs) / US);
            plainClosed.add((closedNs - madeNs) / US);

            beganNs = System.nanoTime();
            MemoryRegion region = domain.register(mapping, offset(i), Loopback.PAGE_BYTES, ACCESS);
            madeNs = System.nanoTime();
            region.close();
            closedNs = System.nanoTime();
            made.add((madeNs - beganNs) / US);
            closed.add((closedNs - madeNs) / US);

            beganNs = System.nanoTime();
            AddressSpace.resolve(page.address(), page.byteSize());
            resolving.add((System.nanoTime() - beganNs) / US);
        }
        registering.add(Pairs.median(plainMade), Pairs.median(made));
        closing.add(Pairs.median(plainClosed), Pairs.median(closed));
    }

    private void closeAll() {
        long beganNs = System.nanoTime();
        int count = regions.size();
        regions.forEach(MemoryRegion::close);
        report.summary("close_all_ms", (System.nanoTime() - beganNs) / 1e6);
        report.summary("closed", count);
    }

    private static long usedHeapBytes() throws InterruptedException {
        Runtime runtime = Runtime.getRuntime();
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(20);
            used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
        }
        return used;
    }
}
