package dev.daxverbs.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The JSON of a {@link Report}.
 *
 * @param benchmark its name
 * @param json all of it
 */
record StoredReport(String benchmark, JsonNode json) {
    private static final double QUIET = 0.3; // processes that want a processor
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Those in a folder, by the names of their files. */
    static List<StoredReport> readAll(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().map(StoredReport::read).toList();
        }
    }

    private static StoredReport read(Path file) {
        try {
            JsonNode json = MAPPER.readTree(file.toFile());
            return new StoredReport(json.path("benchmark").asText(), json);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    Stream<JsonNode> results() {
        return StreamSupport.stream(json.path("results").spliterator(), false);
    }

    /** Whether its device was one that does nothing. */
    boolean isOfStandIn() {
        return json.path("summary").path("device").asText().equals(NullDevice.NAME);
    }

    private double load() {
        JsonNode machine = json.path("machine");
        return machine.path(machine.has("hostLoadAtStart") ? "hostLoadAtStart" : "loadAtStart").path(0).asDouble();
    }

    /** Results of a guest from before the load of its host was noted: its own says nothing. */
    private boolean isLoadKnown() {
        JsonNode machine = json.path("machine");
        return machine.has("hostLoadAtStart") || !machine.path("cpu").asText().contains("QEMU");
    }

    private String machine() {
        JsonNode machine = json.path("machine");
        return String.format("%s, %d processors, %s, JDK %s", machine.path("cpu").asText(), machine.path("processors").asInt(),
                machine.path("kernel").asText(), machine.path("jdk").asText().replaceFirst(".* ", ""));
    }

    private String version() {
        return json.path("library").asText() + " of " + json.path("began").asText().substring(0, 10);
    }

    /** For a picture of some reports: the machine, what was measured, and whether the machine had other work. */
    static String origin(Collection<StoredReport> reports) {
        String loads = reports.stream().map(report -> report.isLoadKnown() ? String.format(Locale.ROOT, "%.1f", report.load()) : "not noted")
                .collect(Collectors.joining(", "));
        boolean quiet = reports.stream().allMatch(report -> !report.isLoadKnown() || report.load() < QUIET);
        return String.format("%s; %s; load at the start %s%s", join(reports, StoredReport::machine), join(reports, StoredReport::version),
                loads, quiet ? "" : ": MEASURED UNDER FOREIGN LOAD");
    }

    private static String join(Collection<StoredReport> reports, Function<StoredReport, String> what) {
        return reports.stream().map(what).distinct().collect(Collectors.joining(" and "));
    }
}
