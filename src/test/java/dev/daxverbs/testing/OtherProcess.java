package dev.daxverbs.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A real process beside the test, such as one that breaks a lease. Closing it ends it. */
public final class OtherProcess implements AutoCloseable {
    /** Longer than anything takes: the guest may have emulated processors, where a JVM alone takes half a minute to start. */
    public static final Duration LIMIT = Duration.ofSeconds(Guest.isHere() ? 180 : 30);

    private final Process process;
    private final String command;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> seen = new ArrayList<>();
    private final Thread reader;

    private OtherProcess(List<String> command) {
        this.command = String.join(" ", command);
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        reader = Thread.ofPlatform().daemon().start(this::read);
    }

    /** Starts a command. */
    public static OtherProcess start(String... command) {
        return new OtherProcess(List.of(command));
    }

    /** Starts a shell script; {@code $1} is the file. */
    public static OtherProcess shell(String script, Path file) {
        return start("sh", "-c", script, "sh", file.toString());
    }

    /** Opens a file for reading, and closes it. */
    public static OtherProcess readOpen(Path file) {
        return shell(": < \"$1\"", file);
    }

    /** Opens a file for writing, and closes it. */
    public static OtherProcess writeOpen(Path file) {
        return shell(": >> \"$1\"", file);
    }

    /** Opens a file for writing, says "open", and closes it when it is {@linkplain #tell told} anything. */
    public static OtherProcess writeOpenUntilTold(Path file) {
        return shell("exec 3>> \"$1\"; echo open; read line; exec 3>&-; echo closed", file);
    }

    /** Opens and truncates a file, says "open", makes it as long as it is to be when told ({@link #extend}), and closes it when told again. */
    public static OtherProcess truncate(Path file, long sizeBytes, long laterBytes) {
        return shell("exec 3>> \"$1\"; truncate -s %d \"$1\"; echo open; read line; truncate -s %d \"$1\"; echo extended; read line"
                .formatted(sizeBytes, laterBytes), file);
    }

    /** The second step of {@link #truncate}. */
    public static void extend(OtherProcess truncating) {
        truncating.tell("extend");
        truncating.awaitLine("extended");
    }

    /**
     * Starts a JVM on the main class, with the class path of this one. System property {@code daxverbs.children}: more options for it,
     * separated by spaces, such as an archive of its classes where hundreds are started.
     *
     * @param main has a {@code main} method, and uses nothing but the library and the tests' own classes
     */
    public static OtherProcess java(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(new Scanner(System.getProperty("daxverbs.children", "")).tokens().toList());
        command.addAll(List.of("-cp", classPath(main), main.getName()));
        command.addAll(List.of(arguments));
        return new OtherProcess(command);
    }

    /** The class path for a JVM on a main class of the tests'. */
    public static String classPath(Class<?> main) {
        return placeOf(dev.daxverbs.lease.FileLease.class) + ":" + placeOf(main);
    }

    /** The folder or jar that a class was loaded from: the tests' classes may be patched into the module, so the code source is no help. */
    private static String placeOf(Class<?> type) {
        String file = type.getName().replace('.', '/') + ".class";
        String url = type.getClassLoader().getResource(file).getPath();
        return url.substring(0, url.length() - file.length()).replaceFirst("^file:", "").replaceFirst("!/$", "");
    }

    private void read() {
        try (BufferedReader output = process.inputReader()) {
            output.lines().forEach(lines::add);
        } catch (IOException | UncheckedIOException e) {
            lines.add("(" + e + ")");
        }
    }

    /** The kernel's number of the process. */
    public long pid() {
        return process.pid();
    }

    /** Whether it still runs after this long: then it waits for something. */
    public boolean isBlockedFor(Duration time) {
        return !endsWithin(time);
    }

    /** Whether it runs. */
    public boolean isRunning() {
        return process.isAlive();
    }

    private boolean endsWithin(Duration time) {
        try {
            return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits for its end, and returns its exit status. */
    public int exitStatus() {
        if (!endsWithin(LIMIT)) {
            throw new AssertionError("still running after " + LIMIT + ": " + this);
        }
        return process.exitValue();
    }

    /** Waits for its successful end. */
    public void awaitSuccess() {
        if (exitStatus() != 0) {
            throw new AssertionError("exit status " + process.exitValue() + ": " + this + ": " + output());
        }
    }

    /** Waits until it prints a line. */
    public void awaitLine(String expected) {
        long endNs = System.nanoTime() + LIMIT.toNanos();
        try {
            String line;
            do {
                line = lines.poll(endNs - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (line == null) {
                    throw new AssertionError("no line \"" + expected + "\" within " + LIMIT + ": " + this + ": " + seen);
                }
                seen.add(line);
            } while (!line.equals(expected));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** All that it printed; to be asked for after its end. */
    public List<String> output() {
        try {
            reader.join(LIMIT);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        lines.drainTo(seen);
        return seen;
    }

    /** Writes a line to its standard input. */
    public void tell(String line) {
        try {
            process.outputWriter().write(line + "\n");
            process.outputWriter().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it at once (SIGKILL). */
    public void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        kill();
        endsWithin(LIMIT);
    }

    @Override
    public String toString() {
        return "process " + pid() + " (" + command + ")";
    }
}
