package dev.daxverbs.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a benchmark has found: one line {@code RESULT benchmark=NAME key=value ...} at its end, and the same with all details and
 * the machine as JSON.
 *
 * <p>JSON goes to the output, each line after {@link #MARK}, if system property {@link #WANTED} is true: so it reaches scripts/bench, which takes
 * it out again, from the guest as well.
 */
final class Report {
    /** What stands before each line of JSON in the output. */
    private static final String MARK = "JSON ";
    /** System property: whether JSON is wanted. */
    private static final String WANTED = "daxverbs.benchmarks.json";
    /** System property: what of the library was measured, as {@code git describe} has it. */
    private static final String LIBRARY = "daxverbs.benchmarks.library";

    /**
     * System property: the load of the machine before scripts/bench built anything, in the manner of /proc/loadavg; for a guest, which does not see
     * it, that of its host.
     */
    private static final String HOST_LOAD = "daxverbs.benchmarks.hostLoad";

    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final String name;
    private final String began = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    private final Map<String, Object> machine = machine();
    private final Map<String, Object> settings = new LinkedHashMap<>();
    private final Map<String, Object> summary = new LinkedHashMap<>();
    private final List<Map<String, Object>> results = new ArrayList<>();

    /**
     * A report; the machine's load is that of this moment.
     *
     * @param name the benchmark's name
     */
    Report(String name) {
        this.name = name;
    }

    /** Says how it was measured. */
    void setting(String key, Object value) {
        settings.put(key, value);
    }

    /** Adds to the line at the end; a number with a fraction is rounded to three places there. */
    void summary(String key, Object value) {
        summary.put(key, value);
    }

    /** Adds a result, for JSON alone. */
    void result(Map<String, Object> result) {
        results.add(result);
    }

    void print(PrintStream out) {
        if (Boolean.getBoolean(WANTED)) {
            json().lines().forEach(line -> out.println(MARK + line));
        }
        out.println(summary.entrySet().stream().map(entry -> entry.getKey() + "=" + text(entry.getValue()))
                .collect(Collectors.joining(" ", "RESULT benchmark=" + name + " ", "")));
    }

    private String json() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("benchmark", name);
        all.put("began", began);
        all.put("library", System.getProperty(LIBRARY, "unknown"));
        all.put("machine", machine);
        all.put("settings", settings);
        all.put("summary", summary);
        all.put("results", results);
        try {
            return MAPPER.writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(Object value) {
        return value instanceof Double number ? String.format(Locale.ROOT, "%.3f", number) : String.valueOf(value);
    }

    private static Map<String, Object> machine() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cpu", read("/proc/cpuinfo").lines().filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst().orElse("unknown"));
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        machine.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("jdk", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        machine.put("loadAtStart", load(read("/proc/loadavg")));
        if (System.getProperty(HOST_LOAD) != null) {
            machine.put("hostLoadAtStart", load(System.getProperty(HOST_LOAD)));
        }
        return machine;
    }

    /** Of the last minute, five and fifteen. */
    private static List<Double> load(String averages) {
        return List.of(averages.split(" ")).subList(0, 3).stream().map(Double::valueOf).toList();
    }

    private static String read(String path) {
        try {
            return Files.readString(Path.of(path));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
