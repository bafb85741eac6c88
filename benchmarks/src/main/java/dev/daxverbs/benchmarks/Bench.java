package dev.daxverbs.benchmarks;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs JMH with its own command line, then prints the median of each benchmark's iterations, its ratio to the {@link Baseline} of the
 * same run, and what it allocates; at the end the {@link Report}. Times of different runs are not comparable on a noisy machine; ratios within one
 * run nearly are.
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

    /** System property: the name in the report. */
    private static final String NAME = "daxverbs.benchmarks.name";

    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final int MEDIAN = 50;
    private static final int[] PERCENTILES = {0, 25, 75, 99};

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
        Report report = new Report(System.getProperty(NAME, "jmh"));
        Collection<RunResult> results = new Runner(new CommandLineOptions(arguments)).run();
        boolean good = !results.isEmpty();
        System.out.println();
        for (List<RunResult> group : groups(results).values()) {
            print(group, System.out);
            report(group, report);
            good &= allocatesNothing(group);
        }
        report.print(System.out);
        System.exit(good ? 0 : 1);
    }

    /** What is compared with one another: a method with all values of its parameter, or all methods of a class without parameters. */
    private static Map<String, List<RunResult>> groups(Collection<RunResult> results) {
        Map<String, List<RunResult>> groups = new TreeMap<>();
        for (RunResult result : results) {
            String group = groupName(result) + " " + result.getParams().getMode().shortLabel();
            groups.computeIfAbsent(group, name -> new ArrayList<>()).add(result);
        }
        return groups;
    }

    private static double baseline(List<RunResult> group) {
        return group.stream().filter(Bench::isBaseline).findFirst().map(Bench::median).orElse(Double.NaN);
    }

    private static void print(List<RunResult> group, PrintStream out) {
        double baseline = baseline(group);
        out.printf("%-50s %14s %10s %12s%n", groupName(group.getFirst()), "median", "ratio", "allocated");
        for (RunResult result : group) {
            out.printf("    %-46s %8.3f %-5s %9.2fx %12s%n", label(result), median(result), unit(result),
                    median(result) / baseline, allocated(result).map("%.4f B/op"::formatted).orElse("-"));
        }
        out.println();
    }

    private static void report(List<RunResult> group, Report report) {
        double baseline = baseline(group);
        for (RunResult result : group) {
            BenchmarkParams params = result.getParams();
            report.setting("forks", params.getForks());
            report.setting("warmup", params.getWarmup().toString());
            report.setting("measurement", params.getMeasurement().toString());
            report.setting("operationsASample", operationsASample(result));
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("group", groupName(result));
            row.put("label", label(result));
            row.put("mode", params.getMode().shortLabel());
            row.put("threads", params.getThreads());
            row.put("unit", unit(result));
            row.put("median", median(result));
            row.put("ratio", Double.isNaN(baseline) ? null : median(result) / baseline);
            row.put("forkMedians", result.getBenchmarkResults().stream()
                    .map(fork -> percentile(fork.getPrimaryResult(), MEDIAN, result)).toList());
            for (int percent : PERCENTILES) {
                row.put("p" + percent, percentile(result.getPrimaryResult(), percent, result));
            }
            row.put("samples", result.getPrimaryResult().getStatistics().getN());
            row.put("allocatedBytes", allocated(result).orElse(null));
            report.result(row);
            String key = groupName(result).replace(' ', '.') + "." + label(result);
            report.summary(key + "_" + unit(result).replaceFirst("/op$", ""), median(result));
            if (!Double.isNaN(baseline) && !isBaseline(result)) {
                report.summary(key + "_ratio", median(result) / baseline);
            }
        }
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
            System.out.printf("%s %s: %.4f bytes an operation, the limit is %.1f%s%n", groupName(result), label(result), allocated, limit,
                    enough ? "" : "; not counted, as %.0f operations an iteration are too few".formatted(operations(result)));
            good &= !enough;
        }
        return good;
    }

    /** In one iteration. */
    private static double operations(RunResult result) {
        double iteration = result.getParams().getMeasurement().getTime().convertTo(TimeUnit.NANOSECONDS);
        double operation = percentile(result.getPrimaryResult(), MEDIAN, result);
        return iteration / (operationsASample(result) > 1 ? operation : operation * result.getParams().getTimeUnit().toNanos(1));
    }

    /** Of iterations where the result is an average each, of operations where JMH samples them. */
    private static double median(RunResult result) {
        return percentile(result.getPrimaryResult(), MEDIAN, result);
    }

    /** Of JMH's result, or of a fork's, in {@link #unit}. */
    private static double percentile(Result<?> of, double percent, RunResult result) {
        double score = of.getStatistics().getPercentile(percent);
        int operations = operationsASample(result);
        return operations > 1 ? score * result.getParams().getTimeUnit().toNanos(1) / operations : score;
    }

    private static String unit(RunResult result) {
        return operationsASample(result) > 1 ? "ns/op" : result.getPrimaryResult().getScoreUnit();
    }

    private static int operationsASample(RunResult result) {
        OperationsASample annotation = classOf(result).getAnnotation(OperationsASample.class);
        return annotation == null ? 1 : annotation.value();
    }

    private static Optional<Double> allocated(RunResult result) {
        return result.getSecondaryResults().values().stream().filter(one -> one.getLabel().endsWith(ALLOCATED)).findFirst()
                // the median, as JMH allocates more in its last iteration than in the others
                .map(one -> one.getStatistics().getPercentile(MEDIAN) / operationsASample(result));
    }

    private static boolean isBaseline(RunResult result) {
        return label(result).equals(classOf(result).getAnnotation(Baseline.class).value());
    }

    private static String label(RunResult result) {
        String method = result.getParams().getBenchmark();
        return parameter(result).orElseGet(() -> method.substring(method.lastIndexOf('.') + 1));
    }

    /** The value of the parameter whose values are compared. */
    private static Optional<String> parameter(RunResult result) {
        return compared(result).map(result.getParams()::getParam);
    }

    private static Optional<String> compared(RunResult result) {
        Baseline baseline = classOf(result).getAnnotation(Baseline.class);
        if (baseline.methods()) {
            return Optional.empty();
        }
        String named = baseline.parameter();
        return named.isEmpty() ? result.getParams().getParamsKeys().stream().findFirst() : Optional.of(named);
    }

    /** Class, method if its parameter's values are compared, and the values of other parameters. */
    private static String groupName(RunResult result) {
        String method = result.getParams().getBenchmark();
        String name = classOf(result).getSimpleName();
        if (parameter(result).isEmpty()) {
            return name + result.getParams().getParamsKeys().stream().map(key -> " " + result.getParams().getParam(key)).collect(Collectors.joining());
        }
        String others = result.getParams().getParamsKeys().stream().filter(key -> !key.equals(compared(result).orElseThrow()))
                .map(key -> " " + result.getParams().getParam(key)).collect(Collectors.joining());
        return name + method.substring(method.lastIndexOf('.')) + others;
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
