package dev.daxverbs.connection;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** Frames kept in a file: lines of "good" or "bad", a name, and bytes. */
final class Corpus {
    record Entry(boolean valid, String name, byte[] frame) {
    }

    private Corpus() {
    }

    static List<Entry> entries() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(Corpus.class.getResourceAsStream("frames.txt"),
                StandardCharsets.UTF_8))) {
            return reader.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).map(line -> {
                String[] words = line.split(" +", 3);
                return new Entry(words[0].equals("good"), words[1], HexFormat.of().parseHex(words[2].replace(" ", "")));
            }).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
