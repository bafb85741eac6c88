package dev.daxverbs.examples.demo;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Shows how far a scenario is: a bar that stays on its line on a terminal, a line every few seconds elsewhere. */
final class Progress {
    private static final int BAR = 24;
    private static final long BAR_PERIOD_MS = 250;
    private static final long LINE_PERIOD_MS = 5000;

    private final PrintStream out;
    private final boolean terminal;

    Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** A line of its own. */
    void say(String message) {
        out.println(message);
    }

    /** The display of one scenario, until it is closed. */
    final class Display implements AutoCloseable {
        private final ScheduledExecutorService timer = Executors
                .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("progress").factory());
        private final Scenario scenario;
        private final long startNs;
        private final long lengthNs;
        private final Counts counts;
        private final LongSupplier breaks;

        private Display(Scenario scenario, long startNs, long lengthNs, Counts counts, LongSupplier breaks) {
            this.scenario = scenario;
            this.startNs = startNs;
            this.lengthNs = lengthNs;
            this.counts = counts;
            this.breaks = breaks;
        }

        private void start() {
            long periodMs = terminal ? BAR_PERIOD_MS : LINE_PERIOD_MS;
            timer.scheduleAtFixedRate(() -> print(System.nanoTime() - startNs), periodMs, periodMs, TimeUnit.MILLISECONDS);
        }

        private void print(long elapsedNs) {
            String line = line(scenario.title(), Math.min(elapsedNs, lengthNs), lengthNs, counts, breaks.getAsLong());
            if (terminal) {
                out.print("\r" + line + "\033[K");
                out.flush();
            } else {
                out.println(line);
            }
        }

        @Override
        public void close() {
            timer.shutdownNow();
            try {
                timer.awaitTermination(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            print(lengthNs);
            if (terminal) {
                out.println();
            }
        }
    }

    Display show(Scenario scenario, long startNs, long lengthNs, Counts counts, LongSupplier breaks) {
        Display display = new Display(scenario, startNs, lengthNs, counts, breaks);
        display.start();
        return display;
    }

    static String line(String title, long elapsedNs, long lengthNs, Counts counts, long breaks) {
        int done = (int) (BAR * elapsedNs / lengthNs);
        return String.format(Locale.ROOT, "[%s%s] %3d/%d s  %s: %,d transfers, %d breaks, %,d failed, %,d lost", "#".repeat(done), ".".repeat(BAR - done),
                TimeUnit.NANOSECONDS.toSeconds(elapsedNs), TimeUnit.NANOSECONDS.toSeconds(lengthNs), title, counts.transfers(), breaks,
                counts.failed(), counts.lost());
    }
}
