package dev.daxverbs.examples;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** The same write, to a file's mapping this time, again and again while {@code cat} opens the file and so breaks its lease. */
final class E03HitlessWrite {
    private E03HitlessWrite() {
    }

    /**
     * Runs the example.
     *
     * @param arguments the folder for the file, on tmpfs or a DAX file system; without one {@code /dev/shm}
     * @throws IOException if the file cannot be made, or its lease not be had
     */
    public static void main(String[] arguments) throws IOException {
        Path path = Files.createTempFile(Path.of(arguments.length > 0 ? arguments[0] : "/dev/shm"), "E03", null);
        Files.write(path, new byte[1 << 20]);
        try (Arena arena = Arena.ofConfined();
                DaxFile file = DaxFile.open(path);
                DaxMapping mapping = file.map(0, file.size());
                DeviceContext context = Device.list().getFirst().open();
                RegionDomain domain = RegionDomain.allocate(context);
                MemoryRegion target = domain.register(mapping, LOCAL_WRITE, REMOTE_WRITE);
                CompletionQueue queue = domain.createCompletionQueue(512);
                QueuePair left = domain.createQueuePair(QueuePairOptions.of(queue));
                QueuePair right = domain.createQueuePair(QueuePairOptions.of(queue))) {
            left.connect(right.address());
            right.connect(left.address());

            MemorySegment from = arena.allocate(4096, 4096);
            try (MemoryRegion source = domain.register(from)) {
                Process cat = null;
                SendWorkRequests requests = new SendWorkRequests(1);
                WorkCompletions completions = new WorkCompletions(1);
                long number = 0;
                while (cat == null || cat.isAlive() || target.breaks() == 0) {
                    from.setString(0, "write number " + ++number);
                    requests.clear();
                    requests.write(number).local(source, 0, 4096).remote(target, 4096).signaled();
                    left.postSend(requests);
                    while (queue.poll(completions) == 0) {
                        Thread.onSpinWait();
                    }
                    if (!completions.isSuccess(0)) {
                        throw new AssertionError("a write failed: " + completions.status(0));
                    }
                    if (cat == null) {
                        cat = new ProcessBuilder("cat", path.toString()).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
                    }
                }
                MemorySegment found = arena.allocate(4096);
                file.read(found, 4096);
                System.out.printf("breaks: %d, writes: %d, all %s; the file has \"%s\"%n", target.breaks(), number, completions.status(0),
                        found.getString(0));
            }
        } finally {
            Files.delete(path);
        }
    }
}
