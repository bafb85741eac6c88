package dev.daxverbs.examples.stream;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a shell command again and again in other processes: one shell, which is told each time, and what it starts. FILE and SIZE are in its
 * environment; its output goes where errors go. Any thread may read the counters.
 */
final class ShellLoop implements AutoCloseable {
    private static final String SCRIPT = "while read -r _; do (eval \"$1\") < /dev/null >&2; echo \"$?\"; done";
    /** A run that is under way may end by itself: one that is killed may leave the file short. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private static final Duration BAD_PAUSE = Duration.ofMillis(100);

    private final String command;
    private final Process shell;
    private final Thread thread;
    private volatile boolean ending;
    private volatile long runs;
    private volatile long bad;

    /**
     * Starts it.
     *
     * @param command for {@code sh}
     * @param file what FILE is to be
     * @param sizeBytes what SIZE is to be
     */
    ShellLoop(String command, Path file, long sizeBytes) throws IOException {
        this.command = command;
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", SCRIPT, "breaker", command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("FILE", file.toAbsolutePath().toString());
        builder.environment().put("SIZE", Long.toString(sizeBytes));
        shell = builder.start();
        thread = Thread.ofPlatform().daemon().name("breaker").start(this::work);
    }

    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    private void work() {
        try (BufferedWriter commands = shell.outputWriter(StandardCharsets.US_ASCII);
                BufferedReader answers = shell.inputReader(StandardCharsets.US_ASCII)) {
            while (!ending) {
                commands.write("\n");
                commands.flush();
                String status = answers.readLine();
                if (status == null) {
                    return;
                }
                runs++;
                if (!"0".equals(status)) {
                    bad++;
                    Thread.sleep(BAD_PAUSE); // it may go on failing, and say so each time
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            if (!ending) {
                System.err.println("breaker ended: " + command + ": " + e.getMessage());
            }
        }
    }

    /** What each of several has done. */
    static List<Report.BreakerRuns> runs(List<ShellLoop> loops) {
        return loops.stream().map(loop -> new Report.BreakerRuns(loop.command, loop.runs, loop.bad)).toList();
    }

    String command() {
        return command;
    }

    /** How often the command has ended. */
    long runs() {
        return runs;
    }

    /** How often with another status than 0. */
    long bad() {
        return bad;
    }

    @Override
    public void close() {
        ending = true;
        try {
            if (!thread.join(GRACE)) {
                shell.descendants().forEach(ProcessHandle::destroyForcibly);
                shell.destroyForcibly();
            }
            shell.waitFor(GRACE.toSeconds(), TimeUnit.SECONDS);
            thread.join(GRACE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
