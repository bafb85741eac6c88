package dev.daxverbs.region;

/** Registrations that are kept for whoever asks for the same memory again. */
final class RegionCache {
    /** Takes a region back. */
    void release(MemoryRegion region) {
        throw new UnsupportedOperationException(region + " is in no cache");
    }
}
