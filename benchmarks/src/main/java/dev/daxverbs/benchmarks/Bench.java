package dev.daxverbs.benchmarks;

import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Runs JMH with its own command line, then prints the median of each benchmark's iterations, its ratio to the {@link Baseline} of the
 * same run, and what it allocates. Times of different runs are not comparable on a noisy machine; ratios within one run nearly are.
 *
 * <p>Exit status 1 if a benchmark failed, if none ran, or if one that is {@link AllocatesNothing} allocates {@link #LIMIT} or more bytes
 * an operation.
 */
public final class Bench {
    /**
     * Bytes an operation, as a system property: the limit; none where it is absent, as for runs too short for the compiler.
     * An object has at least eight.
     */
    private static final String LIMIT = "daxverbs.benchmarks.allocationLimit";
    /** JMH itself allocates some ten kilobytes an iteration: with fewer operations, nothing can be said of one. */
    private static final double ENOUGH_OPERATIONS = 10_000;

    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final int MEDIAN = 50;

    private Bench() {
    }

    /**
     * Runs benchmarks.
     *
     * @param arguments as org.openjdk.jmh.Main takes them
     * @throws RunnerException if JMH cannot run them, or if one fails and {@code -foe true} was given
     * @throws CommandLineOptionException if JMH does not know an argument
     */
    public static void main(String... arguments) throws RunnerException, CommandLineOptionException {
        Collection<RunResult> results = new Runner(new CommandLineOptions(arguments)).run();
        boolean good = !results.isEmpty();
        System.out.println();
        for (List<RunResult> group : groups(results).values()) {
            print(group, System.out);
            good &= allocatesNothing(group);
        }
        System.exit(good ? 0 : 1);
    }

    /** What is compared with one another: a method with all its parameter values, or all methods of a class without parameters. */
    private static Map<String, List<RunResult>> groups(Collection<RunResult> results) {
        Map<String, List<RunResult>> groups = new TreeMap<>();
        for (RunResult result : results) {
            String method = result.getParams().getBenchmark();
            String group = (parameter(result).isEmpty() ? className(method) : method) + " " + result.getParams().getMode().shortLabel();
            groups.computeIfAbsent(group, name -> new ArrayList<>()).add(result);
        }
        return groups;
    }

    private static void print(List<RunResult> group, PrintStream out) {
        double baseline = group.stream().filter(Bench::isBaseline).findFirst().map(Bench::median).orElse(Double.NaN);
        out.printf("%-50s %14s %10s %12s%n", simpleName(group.getFirst()), "median", "ratio", "allocated");
        for (RunResult result : group) {
            out.printf("    %-46s %8.3f %-5s %9.2fx %12s%n", label(result), median(result), result.getPrimaryResult().getScoreUnit(),
                    median(result) / baseline, allocated(result).map("%.4f B/op"::formatted).orElse("-"));
        }
        out.println();
    }

    private static boolean allocatesNothing(List<RunResult> group) {
        double limit = Double.parseDouble(System.getProperty(LIMIT, "Infinity"));
        boolean good = true;
        for (RunResult result : group) {
            double allocated = allocated(result).orElse(0.0);
            if (!classOf(result).isAnnotationPresent(AllocatesNothing.class) || allocated < limit) {
                continue;
            }
            boolean enough = operations(result) >= ENOUGH_OPERATIONS;
            System.out.printf("%s %s: %.4f bytes an operation, the limit is %.1f%s%n", simpleName(result), label(result), allocated, limit,
                    enough ? "" : "; not counted, as %.0f operations an iteration are too few".formatted(operations(result)));
            good &= !enough;
        }
        return good;
    }

    /** In one iteration. */
    private static double operations(RunResult result) {
        double iteration = result.getParams().getMeasurement().getTime().convertTo(TimeUnit.NANOSECONDS);
        return iteration / (median(result) * result.getParams().getTimeUnit().toNanos(1));
    }

    /** Of iterations where the result is an average each, of operations where JMH samples them. */
    private static double median(RunResult result) {
        return result.getPrimaryResult().getStatistics().getPercentile(MEDIAN);
    }

    private static Optional<Double> allocated(RunResult result) {
        return result.getSecondaryResults().values().stream().filter(one -> one.getLabel().endsWith(ALLOCATED)).findFirst()
                .map(one -> one.getStatistics().getPercentile(MEDIAN)); // in its last iteration JMH allocates more than in the others
    }

    private static boolean isBaseline(RunResult result) {
        return label(result).equals(classOf(result).getAnnotation(Baseline.class).value());
    }

    private static String label(RunResult result) {
        String method = result.getParams().getBenchmark();
        return parameter(result).orElseGet(() -> method.substring(method.lastIndexOf('.') + 1));
    }

    private static Optional<String> parameter(RunResult result) {
        return result.getParams().getParamsKeys().stream().findFirst().map(result.getParams()::getParam);
    }

    private static String simpleName(RunResult result) {
        String method = result.getParams().getBenchmark();
        String name = classOf(result).getSimpleName();
        return parameter(result).isEmpty() ? name : name + method.substring(method.lastIndexOf('.'));
    }

    private static Class<?> classOf(RunResult result) {
        try {
            return Class.forName(className(result.getParams().getBenchmark()));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String className(String method) {
        return method.substring(0, method.lastIndexOf('.'));
    }
}
