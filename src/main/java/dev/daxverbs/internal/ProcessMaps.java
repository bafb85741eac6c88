package dev.daxverbs.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What is mapped where in this process, as {@code proc_pid_maps(5)} tells. */
public final class ProcessMaps {
    private static final Path MAPS = Path.of("/proc/self/maps");

    private ProcessMaps() {
    }

    /**
     * The first shared file mapping that overlaps a range.
     *
     * @param address where the range begins
     * @param lengthBytes its length
     * @return the mapping's line, with the file's path at its end; empty if there is none
     */
    public static Optional<String> sharedFileIn(long address, long lengthBytes) {
        try (Stream<String> lines = Files.lines(MAPS)) {
            return lines.filter(line -> overlapsSharedFile(line, address, address + lengthBytes)).findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fields of a line: {@code start-end permissions offset device inode path}; a mapping of no file has inode 0. */
    private static boolean overlapsSharedFile(String line, long from, long to) {
        String[] fields = line.split(" +", 6);
        String[] range = fields[0].split("-");
        return Long.parseUnsignedLong(range[0], 16) < to && Long.parseUnsignedLong(range[1], 16) > from
                && fields[1].endsWith("s") && !fields[4].equals("0");
    }
}
