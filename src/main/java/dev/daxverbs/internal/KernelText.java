package dev.daxverbs.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Short values in {@code /proc/sys} and {@code /sys}.
 *
 * <p>Not for {@link Files#readString}: that reads one byte first, as the kernel gives these files the size zero, and a number in {@code /proc/sys} answers
 * a second {@code read(2)} with the end of the file. Of 45 it gives 4.
 */
public final class KernelText {
    private static final int LONGEST = 4096;

    private KernelText() {
    }

    /**
     * Reads a value with one {@code read(2)}.
     *
     * @param path the file
     * @return the text, without white space around it
     */
    public static String read(Path path) throws IOException {
        byte[] buffer = new byte[LONGEST];
        try (InputStream input = Files.newInputStream(path)) {
            int length = input.read(buffer);
            return length < 0 ? "" : new String(buffer, 0, length, StandardCharsets.UTF_8).strip();
        }
    }
}
