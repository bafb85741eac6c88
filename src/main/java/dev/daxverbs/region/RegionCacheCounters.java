package dev.daxverbs.region;

/**
 * What happened in a {@link RegionCache} since it was made, and what it has now.
 *
 * @param hits acquires that were given a region that was there
 * @param misses acquires that registered a region which is kept for others
 * @param merges of the misses, how many registered neighbours as well
 * @param evictions idle regions that ended for others' sake: a limit was reached, memory could not be locked, or nobody had used them for
 *        long
 * @param dead regions that left the cache since their memory was gone or had become other memory, or by {@link RegionCache#invalidate}
 * @param uncached acquires that registered a region for the caller alone, since nothing tells whether such memory is still the same, or
 *        since there was no room
 * @param regions how many regions the cache has registered and not ended yet, without those of one caller alone
 * @param pinnedBytes the bytes of the pages that these lie in
 */
public record RegionCacheCounters(long hits, long misses, long merges, long evictions, long dead, long uncached, long regions,
        long pinnedBytes) {
}
