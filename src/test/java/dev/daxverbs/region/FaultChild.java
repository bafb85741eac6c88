package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.VerbsException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The main class of JVMs that run as an ordinary user, with limits of their own, and run into them. Arguments: what is to go wrong
 * ({@code owner}, {@code descriptors}, {@code memory}), and a file; where it is to be broken, the file is theirs.
 */
final class FaultChild {
    /** What such a process may lock. */
    static final int LOCKED_KIB = 1024;
    /** How many files it may have open. */
    static final int DESCRIPTORS = 200;

    private static final int PAGES = 64;
    private static final EnumSet<AccessFlag> ACCESS = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);

    private static final RegionOptions OPTIONS = RegionOptions.defaults().withStagingBytes(65_536);

    private final BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    private final Path path;
    private final RegionPair pair = new RegionPair(Device.list().getFirst(), OPTIONS);
    private int nextId;

    private FaultChild(Path path) {
        this.path = path;
    }

    /** Starts such a JVM. */
    static OtherProcess start(String fault, Path path) {
        return OtherProcess.start("sh", "-c", "ulimit -l %d; ulimit -n %d; exec setpriv --reuid=65534 --regid=65534 --clear-groups "
                .formatted(LOCKED_KIB, DESCRIPTORS) + "--inh-caps=-all --bounding-set=-all \"$@\"", "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData", "-Ddaxverbs.guest=" + System.getProperty("daxverbs.guest"), "--enable-native-access=ALL-UNNAMED", "-cp",
                OtherProcess.classPath(FaultChild.class), FaultChild.class.getName(), fault, path.toString());
    }

    public static void main(String[] arguments) throws Exception {
        FaultChild child = new FaultChild(Path.of(arguments[1]));
        switch (arguments[0]) {
            case "owner" -> child.useAnothersFile();
            case "descriptors" -> child.runOutOfDescriptors();
            case "memory" -> child.runOutOfMemory();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        child.pair.close();
        System.out.println("done");
        System.exit(0);
    }

    private static void say(String line) {
        System.out.println(line);
    }

    private void await(String line) throws IOException {
        String read = input.readLine();
        if (!line.equals(read)) {
            throw new IOException("read " + read + " in place of " + line);
        }
    }

    private MemoryRegion register(DaxMapping mapping, LeasePolicy policy) throws IOException {
        return pair.domain.register(mapping, 0, mapping.length(), ACCESS, policy);
    }

    /** Fills the send queue once, and compares. */
    private void move(MemoryRegion region) {
        int first = nextId;
        for (int i = 0; i < DEPTH; i++) {
            if (!pair.write(nextId, (byte) nextId, region, i)) {
                throw new AssertionError("not accepted");
            }
            nextId++;
        }
        List<String> expected = IntStream.range(first, nextId).mapToObj(i -> i + " SUCCESS").toList();
        List<String> seen = pair.complete(DEPTH);
        if (!seen.equals(expected)) {
            throw new AssertionError(seen);
        }
        for (int i = 0; i < DEPTH; i++) {
            if (RegionPair.byteOf(region.mapping().file(), i) != (byte) (first + i)) {
                throw new AssertionError("page " + i);
            }
        }
    }

    private static void awaitDirect(MemoryRegion region) {
        Eventually.await("direct", () -> region.path() == TransferPath.DIRECT);
    }

    private void useAnothersFile() throws Exception {
        DaxMapping mapping = pair.map(path);
        try {
            register(mapping, LeasePolicy.REQUIRED).close();
            say("required: granted");
        } catch (IOException e) {
            say("required: " + e.getClass().getSimpleName() + " " + e.getMessage());
        }
        try (MemoryRegion region = register(mapping, LeasePolicy.PREFERRED)) {
            move(region);
            say("preferred: " + region.describe());
        }
    }

    // Memory.

    private void runOutOfMemory() throws Exception {
        Files.write(path, new byte[PAGES * PAGE], StandardOpenOption.CREATE_NEW);
        DaxMapping mapping = pair.map(path);
        MemoryRegion region = register(mapping, LeasePolicy.PREFERRED);
        move(region);
        say("before: " + region.describe());
        say("ready");
        await("broken");
        try (Arena arena = Arena.ofShared()) {
            Deque<MemoryRegistration> hogs = hog(arena);
            move(region);
            say("exhausted");
            await("closed");
            Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
            Eventually.await("the refusal is told", () -> !region.describe().reasons().isEmpty());
            for (int i = 0; i < 3; i++) {
                move(region);
                Eventually.pause(300); // it is tried again meanwhile
            }
            say("without memory: " + region.describe());
            try {
                register(mapping, LeasePolicy.REQUIRED).close();
                say("required: granted");
            } catch (VerbsException e) {
                say("required: " + e.getMessage());
            }
            try (MemoryRegion another = register(mapping, LeasePolicy.PREFERRED)) {
                move(another);
                say("another: " + another.describe());
                hogs.forEach(MemoryRegistration::close);
                awaitDirect(region);
                awaitDirect(another);
            }
        }
        move(region);
        say("after: " + region.describe());
        region.close();
    }

    private Deque<MemoryRegistration> hog(Arena arena) {
        Deque<MemoryRegistration> hogs = new ArrayDeque<>();
        for (long bytes = 64L * PAGE; bytes >= PAGE; bytes /= 2) {
            boolean more = true;
            while (more) {
                try {
                    hogs.push(pair.domain.protectionDomain().register(arena.allocate(bytes, PAGE), AccessFlag.LOCAL_WRITE));
                } catch (VerbsException e) {
                    more = false;
                }
            }
        }
        return hogs;
    }

    // Descriptors.

    private void runOutOfDescriptors() throws Exception {
        Files.write(path, new byte[PAGES * PAGE], StandardOpenOption.CREATE_NEW);
        Path second = path.resolveSibling(path.getFileName() + "-second");
        Files.write(second, new byte[PAGES * PAGE], StandardOpenOption.CREATE_NEW);
        DaxMapping mapping = pair.map(path);
        DaxMapping other = pair.map(second);
        loadClasses(other);
        MemoryRegion region = register(mapping, LeasePolicy.PREFERRED);
        move(region);
        say("ready");
        await("broken");
        move(region);
        say("moved");
        await("closed");
        awaitDirect(region);
        move(region);

        Deque<Integer> hogs = new ArrayDeque<>();
        for (int fd = open(); fd >= 0; fd = open()) {
            hogs.push(fd);
        }
        for (int free = 0; free < 4; free++) {
            refuseAndCompare(free, () -> register(other, LeasePolicy.PREFERRED));
            refuseAndCompare(free, () -> {
                try (RegionDomain fresh = RegionDomain.allocate(pair.context, OPTIONS)) {
                    fresh.register(other, ACCESS.toArray(AccessFlag[]::new)).close();
                    return null;
                }
            });
            refuseAndCompare(free, () -> {
                DaxFile.open(path).close();
                return null;
            });
            Posix.close(hogs.pop());
        }
        for (int fd = open(); fd >= 0; fd = open()) {
            hogs.push(fd);
        }
        say("exhausted");
        await("broken");
        move(region);
        say("moved");
        await("closed");
        awaitDirect(region);
        move(region);
        say("without descriptors: " + region.describe());
        hogs.forEach(Posix::close);
        try (MemoryRegion late = register(other, LeasePolicy.REQUIRED)) {
            move(late);
            say("after: " + late.describe());
        }
        region.close();
    }

    private interface Registering {
        MemoryRegion run() throws IOException;
    }

    private void refuseAndCompare(int free, Registering registering) throws IOException {
        long before = free();
        try {
            MemoryRegion region = registering.run();
            if (region != null) {
                region.close();
            }
            say("free=" + free + ": granted");
        } catch (IOException | VerbsException e) {
            say("free=" + free + ": " + e.getClass().getSimpleName() + " " + e.getMessage());
        }
        if (free() != before) {
            say("LEAK: free=%d, now %d".formatted(before, free()));
        }
    }

    /** How many descriptors are to be had; without opening a folder, which would need one. */
    private static long free() {
        return DESCRIPTORS - IntStream.range(0, DESCRIPTORS).filter(fd -> Posix.fcntl(fd, LibC.F_GETFD(), 0) >= 0).count();
    }

    private static int open() {
        return Posix.open("/dev/null", LibC.O_RDONLY() | LibC.O_CLOEXEC(), 0);
    }

    /** A class in a folder needs a descriptor to be loaded, which one in an archive does not: do all that follows once while there are some. */
    private void loadClasses(DaxMapping mapping) throws Exception {
        try (RegionDomain domain = RegionDomain.allocate(pair.context, OPTIONS);
                MemoryRegion region = domain.register(mapping, ACCESS.toArray(AccessFlag[]::new)); DaxFile again = DaxFile.open(path)) {
            say(region.describe() + ", " + again);
        }
        refuseAndCompare(DESCRIPTORS, () -> {
            DaxFile.open(path.resolveSibling("missing")).close();
            return null;
        });
        for (String name : List.of("lease.LeaseUnavailableException", "verbs.VerbsException", "verbs.PostException", "dax.FileErrors")) {
            Class.forName("dev.daxverbs." + name);
        }
    }
}
