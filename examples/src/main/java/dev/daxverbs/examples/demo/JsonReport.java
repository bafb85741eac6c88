package dev.daxverbs.examples.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The results for programs. */
final class JsonReport {
    private JsonReport() {
    }

    static void write(Path out, String kernel, String device, List<ScenarioResult> results) throws IOException {
        try (Writer writer = Files.newBufferedWriter(out)) {
            write(writer, kernel, device, results);
            writer.write('\n');
        }
    }

    static void write(Writer out, String kernel, String device, List<ScenarioResult> results) throws IOException {
        JsonGenerator json = new JsonFactory().createGenerator(out).useDefaultPrettyPrinter();
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        json.writeStartObject();
        json.writeStringField("kernel", kernel);
        json.writeStringField("device", device);
        json.writeArrayFieldStart("scenarios");
        for (ScenarioResult result : results) {
            write(json, result);
        }
        json.writeEndArray();
        json.writeEndObject();
        json.close();
    }

    private static void write(JsonGenerator json, ScenarioResult result) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", result.scenario().id());
        if (result.impossible() != null) {
            json.writeStringField("impossible", result.impossible());
        }
        json.writeNumberField("transfers", result.transfers());
        json.writeNumberField("breaks", result.breaks());
        json.writeNumberField("failed", result.failed());
        json.writeNumberField("lost", result.lost());
        json.writeNumberField("p50_us", result.all().p50());
        json.writeNumberField("p99_us", result.all().p99());
        json.writeNumberField("p999_us", result.all().p999());
        json.writeNumberField("max_us", result.all().max());
        json.writeEndObject();
    }
}
