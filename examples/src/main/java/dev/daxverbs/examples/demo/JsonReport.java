package dev.daxverbs.examples.demo;

import dev.daxverbs.examples.load.Json;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.util.List;

/** The results for programs. */
record JsonReport(String kernel, String device, List<ScenarioResult> results) implements Json.Fields {
    @Override
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeStringField("kernel", kernel);
        json.writeStringField("device", device);
        json.writeArrayFieldStart("scenarios");
        for (ScenarioResult result : results) {
            write(json, result);
        }
        json.writeEndArray();
    }

    private static void write(JsonGenerator json, ScenarioResult result) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", result.scenario().id());
        if (result.impossible() != null) {
            json.writeStringField("impossible", result.impossible());
        }
        Json.writeResult(json, result.transfers(), result.breaks(), result.failed(), result.lost(), result.all());
        json.writeEndObject();
    }
}
