package dev.daxverbs.examples.stream;

import java.io.IOException;
import java.nio.file.Path;

/** Another process that opens the file for writing, which breaks the lease, and keeps it open for some time. */
final class Holder implements AutoCloseable {
    /** It says that it is about to close the file a second before: whoever hears it late must not count what was after it. */
    private static final String SCRIPT = "exec 3<> \"$FILE\" && echo open && sleep \"$SECONDS_OPEN\" && echo closing && sleep 1";

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

    /** Whether it is about to close it, or has. */
    boolean isClosing() throws IOException {
        return !process.isAlive() || process.inputReader().ready();
    }

    /** Whether it has closed it. */
    boolean hasClosed() {
        return !process.isAlive();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
