package dev.daxverbs.examples.stream;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.examples.load.Devices;
import dev.daxverbs.examples.load.Json;
import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.examples.load.Pattern;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDescription;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.DeviceContext;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** One run: opens the file, maps and registers it, lets the threads work, and reports. */
final class StreamRun {
    private static final int WORDS = 8;
    private static final int FILL_BYTES = 1 << 20;
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    private final Settings settings;
    private final PrintStream out;
    private final Path json;
    private final Tally tally = new Tally();
    private volatile boolean ending;

    /**
     * A run.
     *
     * @param settings what to do
     * @param out for people
     * @param json where the results go for programs; null for nowhere
     */
    StreamRun(Settings settings, PrintStream out, Path json) {
        this.settings = settings;
        this.out = out;
        this.json = json;
    }

    Report run() throws IOException {
        try (DeviceContext context = Devices.open(settings.device(), "scripts/stream"); Closing closing = new Closing()) {
            DaxFile file = open(settings, closing);
            long size = file.size();
            Layout layout = Layout.of(size, settings.regions(), settings.places(), settings.size(), settings.operation().hasAtomics());
            if (settings.operation().hasAtomics()) {
                file.write(MemorySegment.ofArray(new byte[(int) Layout.WORDS_BYTES]), 0);
            }
            Arena arena = closing.add(Arena.ofShared());
            FileMemory memory = settings.memory().isDeclared() ? DeclaredMemory.map(file, closing)
                    : UndeclaredMemory.map(file, settings.memory(), closing);
            RegionDomain domain = closing.add(RegionDomain.allocate(context, RegionOptions.defaults().withCoolDown(settings.coolDown())));
            List<MemoryRegion> regions = register(domain, memory, layout, closing);
            out.printf("%s: %s, memory=%s, %,d bytes, regions=%d on %s, Linux %s%n", settings.file(), memory.kind(), settings.memory(), size,
                    regions.size(), context.device().name(), Devices.kernel());
            String first = describe(regions.getFirst());
            out.println("the first region: " + first);
            Report report = run(memory, first, layout, domain, regions, context.device().name(), arena, closing);
            say(report, out, json); // before anything is closed, which may fail or hang after what was seen
            return report;
        }
    }

    /** Tells what happened. */
    static void say(Report report, PrintStream out, Path json) throws IOException {
        out.println();
        out.print(report);
        out.flush();
        if (json != null) {
            Json.write(json, report);
        }
    }

    /** Opens or makes the file. */
    static DaxFile open(Settings settings, Closing closing) throws IOException {
        Path path = settings.file();
        Set<OpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (settings.create() == 0) {
            try {
                return closing.add(DaxFile.open(path, options.toArray(OpenOption[]::new)));
            } catch (NoSuchFileException e) {
                throw new UserException(path + " does not exist: --create makes it");
            }
        }
        DaxFile file;
        try {
            file = DaxFile.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            throw new UserException(path + " exists: leave out --create to use it as it is, or remove it");
        }
        closing.add(() -> Files.deleteIfExists(path));
        closing.add(file);
        fill(file, settings.create());
        return file;
    }

    private static void fill(DaxFile file, long bytes) throws IOException {
        MemorySegment content = Arena.ofAuto().allocate(FILL_BYTES);
        for (long offset = 0; offset < bytes; offset += FILL_BYTES) {
            Pattern.fill(content, -1, offset);
            file.write(content.asSlice(0, Math.min(FILL_BYTES, bytes - offset)), offset);
        }
    }

    private List<MemoryRegion> register(RegionDomain domain, FileMemory memory, Layout layout, Closing closing) throws IOException {
        Set<AccessFlag> access = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
        if (settings.operation().hasAtomics()) {
            access.add(AccessFlag.REMOTE_ATOMIC);
        }
        List<MemoryRegion> regions = new ArrayList<>();
        for (Layout.Part part : layout.regions()) {
            regions.add(closing.add(memory.register(domain, part, access)));
        }
        return regions;
    }

    /** One that lies over one file only does not name what it lies over by itself. */
    static String describe(MemoryRegion region) {
        RegionDescription description = region.describe();
        return description.extents().size() == 1 ? description + "; " + description.extents().getFirst() : description.toString();
    }

    private Report run(FileMemory memory, String described, Layout layout, RegionDomain domain, List<MemoryRegion> regions, String device, Arena arena,
            Closing closing) throws IOException {
        MemoryRegion first = regions.getFirst();
        Supplier<Moment> now = () -> Library.momentOf(first);
        // On-demand registrations may take atomics at page boundaries only.
        WordLedger words = new WordLedger(settings.offsetMode() == OffsetMode.ANY ? WORDS : 1, settings.change());
        List<PairLoad> loads = new ArrayList<>();
        for (int i = 0; i < settings.queuePairs(); i++) {
            Wiring wiring = closing.add(Wiring.of(domain, settings, arena));
            Verification verification = new Verification(closing.add(memory.content()), layout, settings, words, now, tally);
            loads.add(new PairLoad(i, settings, layout, wiring, regions, verification, words, now, tally, new Random(i)));
        }
        long startNs = System.nanoTime();
        List<Thread> threads = start(loads);
        List<ShellLoop> breakers = new ArrayList<>();
        try {
            Path path = settings.breakers().isEmpty() ? settings.file() : memory.pathForOthers();
            for (String command : settings.breakers()) {
                breakers.add(new ShellLoop(command, path, memory.sizeBytes()));
            }
            SecondLine line = new SecondLine(startNs, false);
            BooleanSupplier enough = () -> loads.stream().allMatch(PairLoad::isDead)
                    || settings.breaks() > 0 && first.breaks() >= settings.breaks();
            for (long second = 1; second <= settings.length().toSeconds() && !enough.getAsBoolean(); second++) {
                sleepUntil(startNs + second * SECOND_NS, enough);
                out.println(line.next(second, System.nanoTime(), tally, Counts.of(domain)));
            }
        } finally {
            breakers.parallelStream().forEach(ShellLoop::close);
            ending = true;
            threads.forEach(StreamRun::join);
        }
        double seconds = (System.nanoTime() - startNs) / 1e9;
        for (int i = 0; i < loads.size(); i++) {
            if (loads.get(i).isDead()) {
                out.printf("queue pairs %d died: %s%n", i, loads.get(i).states());
            }
        }
        if (settings.operation().hasAtomics() && tally.failed() == 0) {
            new Verification(closing.add(memory.content()), layout, settings, words, now, tally).wordsEnded();
        }
        Counts numbers = Counts.of(domain); // before the file is opened once more, which breaks its lease
        memory.compareInTheEnd(tally);
        tally.newLatencies();
        return new Report(Devices.kernel(), device, memory.kind().toString(), described, settings, seconds, tally.transfers(), tally.failed(), tally.truncated(),
                tally.outOfOrder(), tally.compared(), tally.excused(), tally.lost(), numbers,
                Latency.of(tally.allLatencies()), tally.reasons(),
                ShellLoop.runs(breakers), null);
    }

    private List<Thread> start(List<PairLoad> loads) {
        List<Thread> threads = new ArrayList<>();
        for (PairLoad load : loads) {
            threads.add(Thread.ofPlatform().name("load-" + threads.size()).start(() -> {
                try {
                    load.run(() -> !ending);
                } catch (IOException | RuntimeException | Error e) {
                    e.printStackTrace();
                    load.giveUp("the load ended: " + e);
                }
            }));
        }
        return threads;
    }

    private static void sleepUntil(long timeNs, BooleanSupplier enough) {
        long left;
        while ((left = timeNs - System.nanoTime()) > 0 && !enough.getAsBoolean()) {
            try {
                TimeUnit.NANOSECONDS.sleep(Math.min(left, SECOND_NS / 20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
