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
        Bars one = new Bars("Posting and polling one request, over a device that does nothing", "ns a request");
        Bars batch = new Bars("Posting and polling lists of 16, over a device that does nothing", "ns a request");
        Bars gate = new Bars("An operation that is guarded, with nobody who wants it to stop", "ns an operation");
        Bars seize = new Bars("Seizing and releasing gates", "µs");
        for (StoredReport report : reports) {
            report.results().forEach(result -> {
                switch (report.benchmark()) {
                    case "post" -> addPost(one, batch, report, result);
                    case "gate" -> addGate(gate, seize, report, result);
                    default -> {
                        // others have no pictures
                    }
                }
            });
        }
        one.draw(folder.resolve("post-one.png"));
        batch.draw(folder.resolve("post-batch.png"));
        gate.draw(folder.resolve("gate.png"));
        seize.draw(folder.resolve("seize.png"));
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
        } else if (!result.path("label").asText().matches(".*(Call|Store)")) {
            gate.add(report, result, result.path("label").asText(), result.path("threads").asInt() == 1 ? "1 thread" : "2 threads", 1);
        }
    }

    private static String words(JsonNode result) {
        return result.path("label").asText().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
