package dev.daxverbs.examples.demo;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets other processes work on the file, again and again: one long-lived shell that is told what to do, and the programs that it starts.
 *
 * <p>Its thread ends by itself; {@link #isAlive} and the counters may be read by any.
 */
final class Breaker implements AutoCloseable {
    /**
     * When breaks come.
     *
     * @param startNs the start of the scenario, by {@link System#nanoTime()}
     * @param lengthNs how long the scenario is to be
     * @param restNs no break so long after the start and before the end
     * @param pauseNs from the end of one break to the start of the next
     * @param leastBreaks on a slow machine it goes on until there were so many, for twice the length at most
     */
    record Schedule(long startNs, long lengthNs, long restNs, long pauseNs, int leastBreaks) {
        private boolean goesOn(int breaks) {
            long leftNs = startNs + lengthNs - restNs - System.nanoTime();
            return leftNs > 0 || breaks < leastBreaks && leftNs + lengthNs > 0;
        }
    }

    private final Epoch epoch;
    private final Schedule schedule;
    private final Process shell;
    private final BufferedWriter commands;
    private final BufferedReader answers;
    private final List<BreakInterval> intervals = new ArrayList<>(); // of the breaker's thread; read after join
    private final Thread thread;
    private volatile int count;
    private volatile Exception failure;

    /**
     * Starts the shell.
     *
     * @param epoch is told of each break
     * @param schedule when breaks come
     * @param file the file to work on
     * @param source what is copied over it: as long as the file
     */
    Breaker(Epoch epoch, Schedule schedule, FileUnderTest file, FileUnderTest source) throws IOException {
        this.epoch = epoch;
        this.schedule = schedule;
        shell = new ProcessBuilder("sh", "-c", script(), "breaker", file.path().toString(), Long.toString(file.sizeBytes()),
                source.path().toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        commands = shell.outputWriter(StandardCharsets.US_ASCII);
        answers = shell.inputReader(StandardCharsets.US_ASCII);
        thread = Thread.ofPlatform().name("breaker").unstarted(this::work);
    }

    private static String script() throws IOException {
        try (InputStream script = Breaker.class.getResourceAsStream("breaker.sh")) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Begins: the first break comes after the schedule's rest. */
    void start() {
        thread.start();
    }

    private void work() {
        try {
            sleepUntil(schedule.startNs() + schedule.restNs());
            while (schedule.goesOn(count)) {
                doOne(BreakKind.inTurn(count));
                sleepUntil(System.nanoTime() + schedule.pauseNs());
            }
            sleepUntil(Math.max(schedule.startNs() + schedule.lengthNs(), System.nanoTime() + schedule.restNs()));
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    private void doOne(BreakKind kind) throws IOException {
        epoch.beginBreak();
        long startNs = System.nanoTime();
        try {
            commands.write(kind.word() + "\n");
            commands.flush();
            String answer = answers.readLine();
            if (!"done".equals(answer)) {
                throw new IOException("the process that breaks the lease (%s) said %s".formatted(kind.word(), answer));
            }
        } finally {
            epoch.endBreak();
        }
        intervals.add(new BreakInterval(kind, startNs, System.nanoTime()));
        count = intervals.size();
    }

    private static void sleepUntil(long timeNs) {
        long left;
        while ((left = timeNs - System.nanoTime()) > 0) {
            LockSupport.parkNanos(left);
        }
    }

    /** Whether the scenario is still going on. */
    boolean isAlive() {
        return thread.isAlive();
    }

    /** How many breaks are over. */
    int count() {
        return count;
    }

    /** The breaks, once the thread has ended. */
    List<BreakInterval> awaitIntervals(Duration limit) throws IOException {
        try {
            if (!thread.join(limit)) {
                throw new IOException("the process that breaks the lease is stuck for " + limit);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (failure != null) {
            throw new IOException("the lease could not be broken any more: " + failure.getMessage(), failure);
        }
        return List.copyOf(intervals);
    }

    @Override
    public void close() {
        shell.descendants().forEach(ProcessHandle::destroyForcibly);
        shell.destroyForcibly();
        try {
            shell.waitFor(5, TimeUnit.SECONDS);
            thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
