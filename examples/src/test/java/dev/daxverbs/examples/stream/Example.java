package dev.daxverbs.examples.stream;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Settings for tests. */
final class Example {
    static final int SIZE = 4096;
    static final int DEPTH = 4;

    private Example() {
    }

    static Settings settings(Operation operation, OffsetMode offsetMode, ContentChange change) {
        return settings(operation, offsetMode, change, 0);
    }

    static Settings settings(Operation operation, OffsetMode offsetMode, ContentChange change, long breaks) {
        return new Settings(Path.of("/dev/shm/x"), 0, MemorySource.DECLARED, null, operation, SIZE, DEPTH, 2, 1, offsetMode, Duration.ofSeconds(1), breaks,
                Duration.ofSeconds(60), 10, change, List.of());
    }
}
