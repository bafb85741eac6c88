package dev.daxverbs.examples.stream;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Another process that opens the file for writing, which breaks the lease, and keeps it open for some time. */
final class Holder implements AutoCloseable {
    private static final String SCRIPT = "exec 3<> \"$FILE\" && echo open && sleep \"$SECONDS_OPEN\"";

    private final Process process;

    /**
     * Starts it.
     *
     * @param file which file
     * @param seconds how long it has it open
     */
    Holder(Path file, int seconds) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", SCRIPT).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("FILE", file.toAbsolutePath().toString());
        builder.environment().put("SECONDS_OPEN", Integer.toString(seconds));
        process = builder.start();
    }

    /** Waits until it has it open; false if it could not. */
    boolean awaitOpen() throws IOException {
        return "open".equals(process.inputReader().readLine());
    }

    /** Waits until it has closed it, for a while; true if it has. */
    boolean awaitClose(long limitMs) throws InterruptedException {
        return process.waitFor(limitMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
