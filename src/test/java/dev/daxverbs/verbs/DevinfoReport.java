package dev.daxverbs.verbs;

import dev.daxverbs.testing.Guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What {@code ibv_devinfo -v} says of a device: a C program of the distribution, which has its own headers. */
final class DevinfoReport {
    private final Map<String, String> values = new HashMap<>();
    private final Map<String, Set<String>> lists = new HashMap<>();
    private final List<String> gids = new ArrayList<>();

    static DevinfoReport of(String device) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder("ibv_devinfo", "-v", "-d", device).redirectErrorStream(true).start();
        } catch (IOException e) {
            Guest.skip("no program ibv_devinfo: install the package ibverbs-utils");
            throw e;
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError("ibv_devinfo failed: " + output);
        }
        return new DevinfoReport(output);
    }

    private DevinfoReport(String output) {
        String list = "";
        for (String line : output.lines().map(String::strip).toList()) {
            if (line.startsWith("GID[")) {
                gids.add(line.replaceFirst("^GID\\[ *(\\d+)\\]:\\s*", "$1 "));
            } else if (line.contains(":")) {
                String[] parts = line.split(":\\s*", 2);
                list = parts[0];
                values.putIfAbsent(list, parts[1]);
            } else {
                lists.computeIfAbsent(list, key -> new TreeSet<>()).add(line);
            }
        }
    }

    /** The text behind a key. */
    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new AssertionError("ibv_devinfo does not say " + key + ": " + values);
        }
        return value;
    }

    /** The number behind a key, or the one in parentheses if there is one: {@code 4096 (5)}. */
    long number(String key) {
        String text = text(key).replaceFirst("^.*\\((\\d+)\\)$", "$1");
        return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
    }

    /** The lines below a key. */
    Set<String> list(String key) {
        return lists.getOrDefault(key, Set.of());
    }

    /** The entries of the GID table: index, address, type. */
    List<String> gids() {
        return gids;
    }
}
