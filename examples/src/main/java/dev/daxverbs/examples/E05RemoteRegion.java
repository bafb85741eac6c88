package dev.daxverbs.examples;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.connection.Listener;
import dev.daxverbs.connection.RemoteRegion;
import dev.daxverbs.connection.Right;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same write, to a file of another side's, which is opened by a name: while another process has that file open, too. Both sides are in this
 * process here; they need not be.
 */
final class E05RemoteRegion {
    private E05RemoteRegion() {
    }

    /**
     * Runs the example.
     *
     * @param arguments the folder for the file, on tmpfs or a DAX file system; without one {@code /dev/shm}
     * @throws IOException if the file cannot be made, or the two sides do not come together
     * @throws InterruptedException if somebody interrupts it
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path path = Files.createTempFile(Path.of(arguments.length > 0 ? arguments[0] : "/dev/shm"), "E05", null);
        Files.write(path, new byte[1 << 20]);
        try (Arena arena = Arena.ofConfined();
                DaxFile file = DaxFile.open(path);
                DaxMapping mapping = file.map(0, file.size());
                DeviceContext context = Device.list().getFirst().open();
                RegionDomain domain = RegionDomain.allocate(context);
                MemoryRegion region = domain.register(mapping, LOCAL_WRITE, REMOTE_WRITE);
                Listener listener = Listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), domain)) {
            listener.export("table", region, Right.WRITE);

            MemorySegment from = arena.allocate(4096, 4096);
            try (Connection connection = Connection.connect(listener.address(), domain);
                    Connection accepted = listener.accept();
                    RemoteRegion table = connection.remote("table");
                    MemoryRegion source = domain.register(from)) {
                write(connection, table, source, from, "write of a side that has a key");
                Process other = new ProcessBuilder("sleep", "2").redirectOutput(ProcessBuilder.Redirect.appendTo(path.toFile())).start();
                write(connection, table, source, from, "write while another process has the file");
                table.flush(4096, 4096);
                MemorySegment found = arena.allocate(4096);
                file.read(found, 4096);
                System.out.printf("path: %s, breaks: %d, connections: %s; the file has \"%s\"%n", table.path(), region.breaks(),
                        accepted.isOpen() ? "open" : "closed", found.getString(0));
                other.waitFor();
            }
        } finally {
            Files.delete(path);
        }
    }

    private static void write(Connection connection, RemoteRegion table, MemoryRegion source, MemorySegment from, String text) {
        from.setString(0, text);
        SendWorkRequests requests = new SendWorkRequests(1);
        requests.write(1).local(source, 0, 4096).remote(table, 4096).signaled();
        connection.queuePair().postSend(requests);
        WorkCompletions completions = new WorkCompletions(1);
        while (connection.queuePair().options().sendQueue().poll(completions) == 0) {
            Thread.onSpinWait();
        }
        if (!completions.isSuccess(0)) {
            throw new AssertionError("the write failed: " + completions.status(0));
        }
    }
}
