package dev.daxverbs.region;

import dev.daxverbs.dax.MemoryKind;

import java.nio.file.Path;
import java.util.List;

/**
 * What a region is, at one moment, and why transfers take the path that they take.
 *
 * @param file the first file that it lies over, by the path that it had when the region was made; null for anonymous memory
 * @param kind what the memory of that file is; null for anonymous memory, and where it cannot be told
 * @param guard what keeps the memory in place
 * @param path the way that transfers take now
 * @param onDemand whether the device takes page faults on it, instead of having its pages pinned
 * @param lengthBytes how long it is
 * @param usableBytes how much of that the file had at the last restore
 * @param breaks lease breaks
 * @param forced of those, how many the kernel ended by force
 * @param fenced how many queue pairs were stopped for them
 * @param lastBreakNs how long the last break took, in nanoseconds, from when it was heard until the lease could be released; 0 if there was none
 * @param reasons why not all transfers are direct, each with what could be done; empty if they are
 * @param extents what the region lies over, in order, from its first byte to its last
 */
public record RegionDescription(Path file, MemoryKind kind, Guard guard, TransferPath path, boolean onDemand, long lengthBytes,
        long usableBytes, long breaks, long forced, long fenced, long lastBreakNs, List<String> reasons, List<RegionExtent> extents) {
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(path.name()).append(", ").append(guard).append(", ");
        text.append(file == null ? "anonymous" : kind + " " + file).append(onDemand ? ", on demand" : ", pinned");
        text.append(", lengthBytes=").append(lengthBytes).append(", usableBytes=").append(usableBytes);
        text.append(", breaks=").append(breaks).append(", forced=").append(forced).append(", fenced=").append(fenced);
        reasons.forEach(reason -> text.append("; ").append(reason));
        if (extents.size() > 1) {
            extents.forEach(extent -> text.append("; ").append(extent));
        }
        return text.toString();
    }
}
