package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Json;
import dev.daxverbs.examples.load.Latency;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What happened.
 *
 * @param kernel the kernel's release
 * @param device the RDMA device
 * @param memory what the file's memory is
 * @param region what the library said of the first region when the transfers began
 * @param settings what was to be done
 * @param seconds how long it took
 * @param transfers how many were posted or tried to be
 * @param failed transfers that failed
 * @param truncated transfers that the end of the file refused
 * @param outOfOrder completions and messages out of order
 * @param compared comparisons that had to be right
 * @param excused comparisons that found zeros where another process may have made some
 * @param lost those that found something else than must be there
 * @param numbers what the library has counted
 * @param latency of the transfers that succeeded
 * @param reasons what went wrong, and how often
 * @param breakers what ran beside
 * @param connected what one of two processes adds; null if there was one
 */
record Report(String kernel, String device, String memory, String region, Settings settings, double seconds, long transfers, long failed,
        long truncated, long outOfOrder, long compared, long excused, long lost, Counts numbers, Latency latency, Map<String, Long> reasons,
        List<BreakerRuns> breakers, ConnectedNumbers connected) implements Json.Fields {
    /**
     * What ran beside.
     *
     * @param command the shell command
     * @param runs how often it has ended
     * @param bad how often with another status than 0
     */
    record BreakerRuns(String command, long runs, long bad) {
    }

    @Override
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeStringField("kernel", kernel);
        json.writeStringField("device", device);
        json.writeStringField("file", file());
        json.writeStringField("memory", memory);
        json.writeStringField("memory_source", settings.memory().toString());
        json.writeStringField("first_region", region);
        json.writeStringField("op", settings.operation().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("size", settings.size());
        json.writeNumberField("depth", settings.depth());
        json.writeNumberField("queue_pairs", settings.queuePairs());
        json.writeNumberField("regions", settings.regions());
        json.writeStringField("offset_mode", settings.offsetMode().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("seconds", seconds);
        Json.writeResult(json, transfers, numbers.breaks(), failed, lost, latency);
        json.writeNumberField("direct", numbers.direct());
        json.writeNumberField("staged", numbers.staged());
        json.writeNumberField("emulated", numbers.emulated());
        json.writeNumberField("truncated", truncated);
        json.writeNumberField("forced", numbers.forced());
        json.writeNumberField("fenced", numbers.fenced());
        json.writeNumberField("out_of_order", outOfOrder);
        json.writeNumberField("compared", compared);
        json.writeNumberField("excused", excused);
        json.writeObjectFieldStart("reasons");
        for (Map.Entry<String, Long> reason : reasons.entrySet()) {
            json.writeNumberField(reason.getKey(), reason.getValue());
        }
        json.writeEndObject();
        json.writeArrayFieldStart("breakers");
        for (BreakerRuns breaker : breakers) {
            json.writeStartObject();
            json.writeStringField("command", breaker.command());
            json.writeNumberField("runs", breaker.runs());
            json.writeNumberField("bad", breaker.bad());
            json.writeEndObject();
        }
        json.writeEndArray();
        if (connected != null) {
            connected.writeTo(json);
        }
    }

    /** The file, or of a process that has none, where it is. */
    private String file() {
        return settings.file() == null ? "at " + connected.address() : settings.file().toString();
    }

    /** What is not as it should be. */
    Optional<String> complaint() {
        if (failed + lost + outOfOrder > 0) {
            return Optional.of("failed=%d, lost=%d, out_of_order=%d: all should be 0".formatted(failed, lost, outOfOrder));
        }
        if (transfers == 0) {
            return Optional.of("nothing was transferred");
        }
        if (compared == 0 && !(connected != null && connected.leavesComparing(settings.operation()))) {
            return Optional.of("nothing was compared");
        }
        if (settings.breaks() > 0 && numbers.breaks() == 0) {
            return Optional.of("there were no lease breaks");
        }
        return connected == null ? Optional.empty() : connected.complaint();
    }

    /** For people. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, """
                %s on %s (%s, memory=%s), Linux %s: %,d transfers in %.1f s
                direct %,d  staged %,d%s  breaks %,d  forced %,d  fenced %,d
                failed %,d  lost %,d  out of order %,d  truncated %,d  compared %,d  excused %,d
                latency: p50 %,.1f µs  p99 %,.1f µs  p99.9 %,.1f µs  max %,.1f µs
                """, file(), device, memory, settings.memory(), kernel, transfers, seconds, numbers.direct(), numbers.staged(),
                connected == null ? "" : String.format(Locale.ROOT, "  emulated %,d", numbers.emulated()), numbers.breaks(), numbers.forced(), numbers.fenced(), failed, lost, outOfOrder, truncated, compared, excused,
                latency.p50(), latency.p99(), latency.p999(), latency.max()));
        if (connected != null) {
            text.append(connected);
        }
        breakers.forEach(breaker -> text.append(String.format(Locale.ROOT, "breaker ran %,d times, %,d with a bad status: %s%n", breaker.runs(),
                breaker.bad(), breaker.command())));
        reasons.forEach((reason, times) -> text.append(String.format(Locale.ROOT, "%,d times: %s%n", times, reason)));
        complaint().ifPresent(complaint -> text.append("not as it should be: ").append(complaint).append('\n'));
        return text.toString();
    }
}
