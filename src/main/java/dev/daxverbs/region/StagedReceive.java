package dev.daxverbs.region;

import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.ReceiveWorkRequests;

/**
 * A receive that names files: what it gets arrives in staging memory, and is copied before the user sees it.
 */
final class StagedReceive {
    private final StagingBuffer buffer;
    private final MemoryRegion[] regions; // of each element; null where it names no file
    private final long[] offsets; // in the region; for an element without one, the address that it had
    private final long[] lengths;

    private StagedReceive(StagingBuffer buffer, int elements) {
        this.buffer = buffer;
        regions = new MemoryRegion[elements];
        offsets = new long[elements];
        lengths = new long[elements];
    }

    /**
     * Takes staging memory for a receive, and directs it there.
     *
     * @return null if there is none now
     */
    static StagedReceive prepare(ReceiveWorkRequests requests, int i, StagingPool pool) {
        StagingBuffer buffer = pool.take(trackedBytes(requests, i), null);
        if (buffer == null) {
            return null;
        }
        StagedReceive receive = new StagedReceive(buffer, requests.elementCount(i));
        long at = 0;
        for (int k = 0; k < receive.regions.length; k++) {
            receive.lengths[k] = requests.localLength(i, k);
            receive.offsets[k] = requests.localAddress(i, k);
            if (Binding.isTracked(requests.localMemory(i, k))) {
                receive.regions[k] = (MemoryRegion) requests.localMemory(i, k);
                receive.offsets[k] -= receive.regions[k].address();
                requests.redirect(i, k, buffer.address() + at, buffer.localKey());
                at += receive.lengths[k];
            }
        }
        return receive;
    }

    /** Gives the user's list its own addresses back. */
    void restore(ReceiveWorkRequests requests, int i) {
        for (int k = 0; k < regions.length; k++) {
            if (regions[k] != null) {
                requests.redirect(i, k, regions[k].address() + offsets[k], 0);
            }
        }
    }

    /** How many bytes of a receive are over files; zero if it names none. */
    static long trackedBytes(ReceiveWorkRequests requests, int i) {
        long bytes = 0;
        for (int k = 0; k < requests.elementCount(i); k++) {
            bytes += Binding.isTracked(requests.localMemory(i, k)) ? requests.localLength(i, k) : 0;
        }
        return bytes;
    }

    /** Refuses what cannot be posted, before anything is accepted. */
    static void check(TrackedQueuePair queuePair, ReceiveWorkRequests requests, int i) {
        for (int k = 0; k < requests.elementCount(i); k++) {
            if (!Binding.isTracked(requests.localMemory(i, k))) {
                continue;
            }
            MemoryRegion region = Binding.local(queuePair.domain(), requests.localMemory(i, k));
            if (!region.allows(AccessFlag.LOCAL_WRITE)) {
                throw new IllegalArgumentException("a receive writes to memory: register %s with LOCAL_WRITE".formatted(region));
            }
            MemoryRegion.Usable usable = region.usableFor(queuePair);
            long offset = requests.localAddress(i, k) - region.address();
            if (usable != null && region.lacks(usable, offset, requests.localLength(i, k))) {
                throw new RegionTruncatedException(region, offset, requests.localLength(i, k), usable.bytes());
            }
        }
        if (trackedBytes(requests, i) > queuePair.stagingBytes()) {
            throw new IllegalArgumentException(("a receive of %d bytes over files goes through staging memory of stagingBytes=%d: choose more"
                    + " with RegionOptions").formatted(trackedBytes(requests, i), queuePair.stagingBytes()));
        }
    }

    /** Copies a message of so many bytes to the files. */
    FileAccess copy(long messageBytes) {
        long at = 0; // in the message
        long staged = 0;
        for (int k = 0; k < regions.length && at < messageBytes; k++) {
            long length = Math.min(lengths[k], messageBytes - at);
            if (regions[k] != null) {
                FileAccess result = regions[k].write(offsets[k], buffer, staged, length);
                if (result != FileAccess.DONE) {
                    return result;
                }
                staged += lengths[k];
            }
            at += lengths[k];
        }
        return FileAccess.DONE;
    }

    void giveBack() {
        buffer.giveBack();
    }
}
