package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Program;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Several runs, one after the other in one JVM: where processors are emulated, to start one takes longer than a short run. What the runs before
 * have left is collected first, so that no run's gaps are those of a collection that they owe it.
 */
final class Series {
    private static final char END = '\0';

    private Series() {
    }

    /**
     * Runs them all, and ends with the worst of their statuses, see {@link Stream#main}.
     *
     * @param arguments a file with the runs: of each its title and then its arguments, each of these with a NUL after it, and one more at the end
     * @throws IOException if the file cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        int status = 0;
        for (List<String> run : runs(Files.readString(Path.of(arguments[0]), StandardCharsets.UTF_8))) {
            System.out.printf("%n== %s%n", run.getFirst());
            System.gc();
            status = Math.max(status, Program.run(new Stream(), run.subList(1, run.size()).toArray(String[]::new)));
            System.out.flush();
        }
        System.exit(status);
    }

    /** What a file says. */
    static List<List<String>> runs(String text) {
        List<List<String>> runs = new ArrayList<>();
        List<String> run = new ArrayList<>();
        int start = 0;
        for (int end = text.indexOf(END); end >= 0; end = text.indexOf(END, start)) {
            if (end > start) {
                run.add(text.substring(start, end));
            } else if (!run.isEmpty()) {
                runs.add(run);
                run = new ArrayList<>();
            }
            start = end + 1;
        }
        return runs;
    }
}
