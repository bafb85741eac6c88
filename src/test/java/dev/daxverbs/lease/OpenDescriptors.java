package dev.daxverbs.lease;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Counts descriptors of this process. */
final class OpenDescriptors {
    private OpenDescriptors() {
    }

    /** How many refer to a file. */
    static long on(Path file) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(descriptor -> {
                try {
                    return Files.readSymbolicLink(descriptor).equals(file);
                } catch (IOException e) {
                    return false; // closed since
                }
            }).count();
        }
    }
}
