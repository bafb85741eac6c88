package dev.daxverbs.examples.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Results for programs. */
public final class Json {
    /** Writes the fields of an object. */
    @FunctionalInterface
    public interface Fields {
        /** Writes them, each with its name. */
        void writeTo(JsonGenerator json) throws IOException;
    }

    private Json() {
    }

    /** Writes one object to a file, with a line feed at the end. */
    public static void write(Path out, Fields fields) throws IOException {
        try (Writer writer = Files.newBufferedWriter(out)) {
            write(writer, fields);
            writer.write('\n');
        }
    }

    /** Writes one object. */
    public static void write(Writer out, Fields fields) throws IOException {
        JsonGenerator json = new JsonFactory().createGenerator(out).useDefaultPrettyPrinter();
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        json.writeStartObject();
        fields.writeTo(json);
        json.writeEndObject();
        json.close();
    }

    /** The fields that all results have. */
    public static void writeResult(JsonGenerator json, long transfers, long breaks, long failed, long lost, Latency latency) throws IOException {
        json.writeNumberField("transfers", transfers);
        json.writeNumberField("breaks", breaks);
        json.writeNumberField("failed", failed);
        json.writeNumberField("lost", lost);
        json.writeNumberField("p50_us", latency.p50());
        json.writeNumberField("p99_us", latency.p99());
        json.writeNumberField("p999_us", latency.p999());
        json.writeNumberField("max_us", latency.max());
    }
}
