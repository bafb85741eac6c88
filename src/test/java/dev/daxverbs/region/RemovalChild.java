package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.VerbsException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The main class of JVMs whose device is taken away. Arguments: {@code load} or {@code idle}, a file, the device, and another device that stays.
 * It says "ready", writes until it reads a line, says what it saw, closes everything, and uses the file through the other device.
 */
final class RemovalChild {
    private static final Set<AccessFlag> ACCESS = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
    private static final long CLOSE_LIMIT_NS = Duration.ofSeconds(60).toNanos();
    /** For how long it writes that was idle before. */
    private static final long IDLE_NS = Duration.ofSeconds(3).toNanos();

    private RemovalChild() {
    }

    private interface Call {
        void run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        boolean load = arguments[0].equals("load");
        Path path = Path.of(arguments[1]);
        AtomicBoolean told = new AtomicBoolean();
        RegionPair pair = new RegionPair(device(arguments[2]));
        DaxFile file = DaxFile.open(path);
        DaxMapping mapping = file.map(0, file.size());
        MemoryRegion region = pair.domain.register(mapping, 0, mapping.length(), ACCESS);
        pair.write(0, (byte) 1, region, 0);
        pair.completeOne();
        Thread listening = Thread.ofPlatform().daemon().start(() -> {
            try {
                new BufferedReader(new InputStreamReader(System.in)).readLine();
                told.set(true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        System.out.println("ready");
        Map<String, Long> seen = new TreeMap<>();
        long next = 1;
        while (!load && !told.get()) {
            Thread.sleep(1);
        }
        long endNs = System.nanoTime() + IDLE_NS;
        while (load ? !told.get() : System.nanoTime() - endNs < 0) {
            try {
                if (pair.write(next, (byte) next, region, next % DEPTH)) {
                    next++;
                }
                for (String done : pair.completeNow()) {
                    seen.merge(done.substring(done.indexOf(' ') + 1), 1L, Long::sum);
                }
            } catch (VerbsException e) {
                next++;
                seen.merge(e.getClass().getSimpleName() + " " + e.errnoName(), 1L, Long::sum);
                Thread.sleep(1);
            }
        }
        listening.join();
        System.out.println("seen " + seen);
        System.out.println("describe " + region.describe());
        closeAll(pair, region, mapping, file);
        System.out.println("closed");
        try (RegionPair other = new RegionPair(device(arguments[3])); DaxFile again = DaxFile.open(path);
                DaxMapping mappedAgain = again.map(0, again.size());
                MemoryRegion anew = other.domain.register(mappedAgain, 0, PAGE, ACCESS, LeasePolicy.REQUIRED)) {
            other.write(1, (byte) 77, anew, 0);
            other.completeOne();
            System.out.println("again " + anew.describe());
        }
        System.out.println("done");
        System.exit(0);
    }

    private static void closeAll(RegionPair pair, MemoryRegion region, DaxMapping mapping, DaxFile file) {
        long endNs = System.nanoTime() + CLOSE_LIMIT_NS;
        close("requester", endNs, pair.requester::close);
        close("responder", endNs, pair.responder::close);
        close("region", endNs, region::close);
        close("mapping", endNs, mapping::close);
        close("file", endNs, file::close);
        close("buffer", endNs, pair.buffer::close);
        close("queue", endNs, pair.queue::close);
        close("peerQueue", endNs, pair.peerQueue::close);
        close("domain", endNs, pair.domain::close);
        close("context", endNs, pair.context::close);
    }

    /** Until it ends without an exception: one of them may be told, the second call must find it done. */
    private static void close(String what, long endNs, Call closing) {
        String last = null;
        while (true) {
            try {
                closing.run();
                return;
            } catch (Exception e) {
                if (!e.toString().equals(last)) {
                    System.out.println("close of " + what + ": " + e);
                    last = e.toString();
                }
                if (System.nanoTime() - endNs > 0 || last.contains("EBUSY")) {
                    System.out.println("NEVER: close of " + what);
                    return;
                }
            }
        }
    }

    private static Device device(String name) {
        return Device.list().stream().filter(device -> device.name().equals(name)).findFirst().orElseThrow();
    }
}
