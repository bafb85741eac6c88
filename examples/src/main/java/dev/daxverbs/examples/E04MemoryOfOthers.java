package dev.daxverbs.examples;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;

import dev.daxverbs.region.Guard;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Memory of which nobody knows the file any more: one part of the program maps it and closes the channel, another one, which gets the segment
 * only, registers it and is written to by RDMA while {@code cat} opens the file and so breaks its lease.
 */
final class E04MemoryOfOthers {
    private static final int BYTES = 1 << 20;

    private E04MemoryOfOthers() {
    }

    /**
     * Runs the example.
     *
     * @param arguments the folder for the file, on tmpfs or a DAX file system; without one {@code /dev/shm}
     * @throws IOException if the file cannot be made
     * @throws InterruptedException never
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path path = Files.createTempFile(Path.of(arguments.length > 0 ? arguments[0] : "/dev/shm"), "E04", null);
        Files.write(path, new byte[BYTES]);
        try (Arena arena = Arena.ofShared()) {
            writeTo(mapSomewhere(path, arena), path);
        } finally {
            Files.delete(path);
        }
    }

    private static MemorySegment mapSomewhere(Path path, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(MapMode.READ_WRITE, 0, channel.size(), arena);
        }
    }

    /** Knows nothing of the path but for its {@code cat}. */
    private static void writeTo(MemorySegment memory, Path path) throws IOException, InterruptedException {
        try (DeviceContext context = Device.list().getFirst().open();
                RegionDomain domain = RegionDomain.allocate(context);
                Arena arena = Arena.ofConfined();
                MemoryRegion target = domain.register(memory, LOCAL_WRITE, REMOTE_WRITE);
                MemoryRegion source = domain.register(arena.allocate(4096, 4096));
                CompletionQueue queue = domain.createCompletionQueue(512);
                QueuePair left = domain.createQueuePair(QueuePairOptions.of(queue));
                QueuePair right = domain.createQueuePair(QueuePairOptions.of(queue))) {
            System.out.println(target.describe());
            target.describe().extents().forEach(extent -> System.out.println("  " + extent));
            left.connect(right.address());
            right.connect(left.address());
            Process cat = target.guard() == Guard.LEASED
                    ? new ProcessBuilder("cat", path.toString()).redirectOutput(ProcessBuilder.Redirect.DISCARD).start() : null;
            SendWorkRequests requests = new SendWorkRequests(1);
            WorkCompletions completions = new WorkCompletions(1);
            long number = 0;
            while (number == 0 || cat != null && (cat.isAlive() || target.breaks() == 0)) {
                source.segment().setString(0, "write number " + ++number);
                requests.clear();
                requests.write(number).local(source, 0, 4096).remote(target, 4096).signaled();
                left.postSend(requests);
                while (queue.poll(completions) == 0) {
                    Thread.onSpinWait();
                }
                if (completions.status(0) != CompletionStatus.SUCCESS) {
                    throw new AssertionError("write %d: %s".formatted(number, completions.status(0)));
                }
            }
            System.out.printf("%s, %d writes, %d breaks%n", memory.getString(4096), number, target.breaks());
        }
    }
}
