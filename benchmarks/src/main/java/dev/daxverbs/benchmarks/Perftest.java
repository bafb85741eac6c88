package dev.daxverbs.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs perftest's programs (linux-rdma): two processes, which find each other by TCP. */
final class Perftest {
    private static final int RETRIES = 3;
    private static final int LISTENER_TRIES = 1000;
    private static final int LISTENER_PAUSE_MS = 20;

    private final String device;
    private final int depth;
    private int port = 18_600;

    /**
     * For a device.
     *
     * @param depth how many transfers are under way where the rate is measured
     */
    Perftest(String device, int depth) {
        this.device = device;
        this.depth = depth;
    }

    /**
     * Measures.
     *
     * @param kind {@code lat}: typical latency in microseconds; {@code bw}: transfers a second
     * @param operation {@code write}, {@code read} or {@code send}
     * @return the figure
     */
    double run(String kind, String operation, int bytes, int times) throws IOException, InterruptedException {
        IOException last = null;
        for (int tries = 0; tries < RETRIES; tries++) {
            try {
                return runOnce(kind, operation, bytes, times);
            } catch (IOException e) {
                last = e; // the port may be taken, or the server was not there in time
            }
        }
        throw last;
    }

    private double runOnce(String kind, String operation, int bytes, int times) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ib_" + operation + "_" + kind, "-F", "-d", device, "-s", Integer.toString(bytes),
                "-n", Integer.toString(times), "-p", Integer.toString(++port)));
        if (!operation.equals("read")) {
            command.addAll(List.of("-I", "0"));
        }
        if (kind.equals("bw")) {
            command.addAll(List.of("-t", Integer.toString(depth), "-Q", "1"));
        }
        Path serverLog = Files.createTempFile("daxverbs-perftest-", null);
        Path clientLog = Files.createTempFile("daxverbs-perftest-", null);
        Process server = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(serverLog.toFile()).start();
        try {
            awaitListener();
            command.add("127.0.0.1");
            Process client = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(clientLog.toFile()).start();
            int status = client.waitFor();
            String said = Files.readString(clientLog, StandardCharsets.ISO_8859_1);
            if (status != 0) {
                throw new IOException("%s: status %d: %s%n%s".formatted(command, status, said, Files.readString(serverLog)));
            }
            return result(said, kind, bytes);
        } finally {
            server.destroy();
            server.waitFor();
            Files.delete(serverLog);
            Files.delete(clientLog);
        }
    }

    /** Until somebody listens: by the kernel's table, as a connection for a trial would be taken for the client's. */
    private void awaitListener() throws IOException, InterruptedException {
        String local = String.format(Locale.ROOT, ":%04X ", port);
        for (int tries = 0; tries < LISTENER_TRIES; tries++) {
            for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
                if (Files.readString(Path.of(table)).lines().anyMatch(line -> line.contains(local) && line.contains(" 0A "))) {
                    return;
                }
            }
            Thread.sleep(LISTENER_PAUSE_MS);
        }
        throw new IOException("nobody listens at port " + port);
    }

    /** The line of numbers: bytes, iterations, then least, most, typical ... or peak, average, messages (in millions a second). */
    private static double result(String said, String kind, int bytes) throws IOException {
        for (String line : said.lines().toList()) {
            String[] words = line.strip().split("\\s+");
            if (words.length >= 5 && words[0].equals(Integer.toString(bytes)) && words[1].matches("[0-9]+")) {
                if (kind.equals("lat")) {
                    return Double.parseDouble(words[4]);
                }
                // Each is rounded: the one to hundredths of MiB a second, the other to messages a second.
                return bytes >= Loopback.PAGE_BYTES ? Double.parseDouble(words[3]) * (1 << 20) / bytes : Double.parseDouble(words[4]) * 1e6;
            }
        }
        throw new IOException("perftest has said nothing of " + bytes + " bytes:\n" + said);
    }
}
