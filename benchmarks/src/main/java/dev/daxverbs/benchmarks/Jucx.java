package dev.daxverbs.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@link JucxTransfers} in a JVM of its own, which stays, so that its code is compiled in the later pairs as the library's is.
 *
 * <p>UCX's transport is {@code rc_verbs}: reliable connections by libibverbs, as the library has them. Its workers find each other by TCP, since over
 * rxe its datagrams do not arrive ("Endpoint timeout", seen with UCX 1.18.1). Its signal handlers and memory hooks are off, which are at odds with those
 * of a JVM.
 */
final class Jucx implements AutoCloseable {
    /** How UCX is told what to use. */
    static final String TRANSPORTS = "rc_verbs,tcp";

    private static final int PATIENCE_S = 120;

    private final Process process;
    private final BufferedReader said;
    private final Writer told;
    private final Path errors;

    private Jucx(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        said = process.inputReader(StandardCharsets.US_ASCII);
        told = process.outputWriter(StandardCharsets.US_ASCII);
    }

    /**
     * Starts it, and waits until it has moved the first bytes.
     *
     * @param device the RDMA device, whose first port it is to use
     * @throws IOException if UCX is not there, or not over this device; the message has what it said
     */
    static Jucx start(String device) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), JucxTransfers.class.getName()));
        Path errors = Files.createTempFile("daxverbs-jucx-", null);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().putAll(Map.of("UCX_TLS", TRANSPORTS, "UCX_NET_DEVICES", device + ":1,lo", "UCX_ERROR_SIGNALS", "",
                "UCX_HANDLE_ERRORS", "none", "UCX_MEM_EVENTS", "no", "UCX_LOG_LEVEL", "error"));
        Jucx jucx = new Jucx(builder.start(), errors);
        String first;
        try {
            first = jucx.hear();
        } catch (IOException e) {
            jucx.close();
            throw e;
        }
        if (!first.equals("ready")) {
            jucx.close();
            throw new IOException("jucx said " + first);
        }
        return jucx;
    }

    /**
     * Measures.
     *
     * @param what {@code latency}, in microseconds, or {@code rate}, in transfers a second
     * @param operation {@code write}, {@code read} or {@code send}
     * @return the figure
     */
    double measure(String what, String operation, int bytes, int times) throws IOException, InterruptedException {
        told.write("%s %s %d %d%n".formatted(what, operation, bytes, times));
        told.flush();
        return Double.parseDouble(hear());
    }

    private String hear() throws IOException, InterruptedException {
        CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
            try {
                return said.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        String heard = null;
        try {
            heard = line.get(PATIENCE_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
        if (heard == null) {
            throw new IOException("jucx has ended, or said nothing for %d s: %s".formatted(PATIENCE_S, Files.readString(errors, StandardCharsets.ISO_8859_1)));
        }
        return heard;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        process.onExit().join();
        Files.deleteIfExists(errors);
    }
}
