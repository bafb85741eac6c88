package dev.daxverbs.examples.stream;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What to do.
 *
 * @param file the file
 * @param create make it, with so many bytes; 0 if it is there
 * @param memory how the program comes by the file's memory
 * @param device the RDMA device; null for a good one
 * @param operation which transfers
 * @param size how many bytes each moves, or at most
 * @param depth how many are in flight on each pair of queue pairs
 * @param queuePairs how many pairs of queue pairs
 * @param regions how many regions the file is registered as
 * @param offsetMode where transfers begin
 * @param length how long
 * @param breaks end after so many breaks; 0 for none
 * @param drain how long to wait for outstanding transfers at the end
 * @param coolDown see {@link dev.daxverbs.region.RegionOptions#coolDown}
 * @param change what other processes may do to the content
 * @param breakers shell commands to run beside
 */
record Settings(Path file, long create, MemorySource memory, String device, Operation operation, int size, int depth, int queuePairs, int regions,
        OffsetMode offsetMode, Duration length, long breaks, Duration drain, int coolDown, ContentChange change, List<String> breakers) {
    int places() {
        return queuePairs * depth;
    }

    /** The same with transfers that the other side makes. */
    Settings with(Operation transfers, RemoteLayout layout) {
        return new Settings(file, create, memory, device, transfers, layout.size(), layout.depth(), layout.connections(), regions, layout.offsetMode(), length,
                breaks, drain, coolDown, change, breakers);
    }

    /** The same of a file that others may change so. */
    Settings with(ContentChange others) {
        return new Settings(file, create, memory, device, operation, size, depth, queuePairs, regions, offsetMode, length, breaks, drain, coolDown, others,
                breakers);
    }
}
