package dev.daxverbs.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Draws the pictures of benchmarks/README.md from the JSON files in a folder, to files in the same folder. */
public final class Plots {
    private static final String FILLED_BEFORE = "filled before, ";
    private static final String FILLED_ANEW = "filled anew, ";

    private Plots() {
    }

    /**
     * Draws them.
     *
     * @param arguments the folder
     * @throws IOException if it cannot read or write there
     */
    public static void main(String... arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        List<StoredReport> reports = StoredReport.readAll(folder);
        draw(folder, reports.stream().filter(report -> !report.isOfStandIn()).toList(), "", "");
        draw(folder, reports.stream().filter(StoredReport::isOfStandIn).toList(), "-stand-in", ", over a device that does nothing");
    }

    /** Draws what the reports have something of. The last two are added to the pictures' names, and to the titles of those that either device may have. */
    private static void draw(Path folder, List<StoredReport> reports, String suffix, String where) throws IOException {
        Bars one = new Bars("Posting and polling one request, over a device that does nothing", "ns a request");
        Bars batch = new Bars("Posting and polling lists of 16, over a device that does nothing", "ns a request");
        Bars gate = new Bars("An operation that is guarded, with nobody who wants it to stop", "ns an operation");
        Bars seize = new Bars("Seizing and releasing gates", "µs");
        Bars broken = new Bars("A break: open(2) of another process, and until the regions are back" + where, "ms, logarithmic").logarithmic();
        Bars registry = new Bars("Registering a page when there are so many regions" + where, "µs");
        Bars latency = new Bars("Latency over rxe, as a multiple of perftest's (less is better)", "ratio");
        Bars rate = new Bars("Rate over rxe, 32 under way, as a multiple of perftest's (more is better)", "ratio");
        Bars release = new Bars("open(2) of a leased file by another process" + where, "µs");
        Bars tracked = new Bars("Writes of 4 KiB a second over rxe, 32 under way", "writes a second");
        for (StoredReport report : reports) {
            report.results().forEach(result -> {
                switch (report.benchmark()) {
                    case "post" -> addPost(one, batch, report, result);
                    case "gate", "jmh" -> addGate(gate, seize, report, result);
                    case "break" -> addBreak(broken, report, result);
                    case "registry" -> addRegistry(registry, report, result);
                    case "rxe" -> (result.path("what").asText().equals("latency") ? latency : rate).add(report,
                            result.path("operation").asText() + " " + bytes(result), result.path("memory").asText(), result.path("ratios"));
                    case "release" -> addPair(release, report, result, result.path("label").asText(), "bare_us", "daxverbs_us");
                    case "tracked" -> addPair(tracked, report, result, "4 KiB", "untracked_per_s", "tracked_per_s");
                    default -> {
                        // others have no pictures
                    }
                }
            });
        }
        one.draw(folder.resolve("post-one" + suffix + ".png"));
        batch.draw(folder.resolve("post-batch" + suffix + ".png"));
        gate.draw(folder.resolve("gate" + suffix + ".png"));
        seize.draw(folder.resolve("seize" + suffix + ".png"));
        broken.draw(folder.resolve("break" + suffix + ".png"));
        registry.draw(folder.resolve("registry" + suffix + ".png"));
        latency.draw(folder.resolve("rxe-latency" + suffix + ".png"));
        rate.draw(folder.resolve("rxe-rate" + suffix + ".png"));
        release.draw(folder.resolve("release" + suffix + ".png"));
        tracked.draw(folder.resolve("tracked" + suffix + ".png"));
    }

    private static void addBreak(Bars broken, StoredReport report, JsonNode result) {
        String group = "%s, %s regions, %s under way, %s MiB".formatted(result.path("label").asText().replaceFirst("_.*", ""),
                result.path("regions").asText(), result.path("underWay").asText(), result.path("mebibytes").asText());
        broken.add(report, group, "bare C", result.path("bare_ms"));
        broken.add(report, group, "daxverbs", result.path("daxverbs_ms"));
        broken.add(report, group, "until restored", result.path("restored_ms"));
    }

    private static void addRegistry(Bars registry, StoredReport report, JsonNode result) {
        String group = "at " + result.path("regions").asText();
        if (result.has("register_us")) {
            registry.add(report, group, "ibv_reg_mr", result.path("ibv_reg_mr_us"));
            registry.add(report, group, "register", result.path("register_us"));
        } else {
            registry.add(report, group, "ibv_dereg_mr", result.path("ibv_dereg_mr_us"));
            registry.add(report, group, "close", result.path("close_us"));
        }
    }

    private static void addPair(Bars bars, StoredReport report, JsonNode result, String group, String first, String second) {
        bars.add(report, group, first.replaceFirst("_.*", ""), result.path(first));
        bars.add(report, group, second.replaceFirst("_.*", ""), result.path(second));
    }

    private static String bytes(JsonNode result) {
        long bytes = result.path("bytes").asLong();
        return bytes < 1 << 10 ? bytes + " B" : bytes < 1 << 20 ? (bytes >> 10) + " KiB" : (bytes >> 20) + " MiB";
    }

    private static void addPost(Bars one, Bars batch, StoredReport report, JsonNode result) {
        String[] group = result.path("group").asText().split(" "); // PostCost.METHOD SHAPE
        PostShape shape = PostShape.valueOf(group[1]);
        String kind = (group[0].endsWith(".postAndPoll") ? FILLED_BEFORE : FILLED_ANEW) + shape.elements() + (shape.isInline() ? " inline"
                : shape.elements() > 1 ? " elements" : " element");
        (shape.requests() > 1 ? batch : one).add(report, result, kind, words(result), shape.requests());
    }

    private static void addGate(Bars gate, Bars seize, StoredReport report, JsonNode result) {
        String group = result.path("group").asText();
        if (group.startsWith("SeizeCost.")) {
            seize.add(report, result, group.substring(group.indexOf('.') + 1), "owner " + words(result), 1);
        } else if (group.startsWith("GateCost") && !result.path("label").asText().matches(".*(Call|Store)")) {
            gate.add(report, result, result.path("label").asText(), result.path("threads").asInt() == 1 ? "1 thread" : "2 threads", 1);
        }
    }

    private static String words(JsonNode result) {
        return result.path("label").asText().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
