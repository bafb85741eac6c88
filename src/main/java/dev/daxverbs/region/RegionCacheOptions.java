package dev.daxverbs.region;

import java.time.Duration;
import java.util.Objects;

/**
 * How much a {@link RegionCache} keeps, and for how long.
 *
 * @param maxRegions how many regions it has registered at most, held ones included. 1 or more
 * @param maxPinnedBytes how many bytes the pages of these have together at most; a page counts for each region that lies in it. At least
 *        4096. Memory of files that cannot be pinned counts as if it could
 * @param maxIdle after what time a region that nobody holds ends. Memory of automatic arenas and direct buffers is not freed while the
 *        cache has it, and a peer that was told a remote key can use it, for so long. More than zero, at most 292 years
 */
public record RegionCacheOptions(int maxRegions, long maxPinnedBytes, Duration maxIdle) {
    /** The default of {@link #maxRegions}. */
    public static final int DEFAULT_MAX_REGIONS = 4096;
    /**
     * The default of {@link #maxPinnedBytes}: 1 GiB. When less memory may be locked (RLIMIT_MEMLOCK), idle regions end when that limit is
     * met.
     */
    public static final long DEFAULT_MAX_PINNED_BYTES = 1L << 30;
    /** The default of {@link #maxIdle}. */
    public static final Duration DEFAULT_MAX_IDLE = Duration.ofMinutes(1);

    private static final long LEAST_PINNED_BYTES = 4096;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range
     * @throws NullPointerException if the duration is null
     */
    public RegionCacheOptions {
        Objects.requireNonNull(maxIdle, "maxIdle");
        if (maxRegions < 1) {
            throw new IllegalArgumentException("maxRegions=%d: must be 1 or more".formatted(maxRegions));
        }
        if (maxPinnedBytes < LEAST_PINNED_BYTES) {
            throw new IllegalArgumentException("maxPinnedBytes=%d: must be %d or more".formatted(maxPinnedBytes, LEAST_PINNED_BYTES));
        }
        if (!maxIdle.isPositive() || maxIdle.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("maxIdle=%s: must be more than zero, and at most 2^63 - 1 nanoseconds".formatted(maxIdle));
        }
    }

    /**
     * The defaults.
     *
     * @return 4096 regions, 1 GiB, one minute
     */
    public static RegionCacheOptions defaults() {
        return new RegionCacheOptions(DEFAULT_MAX_REGIONS, DEFAULT_MAX_PINNED_BYTES, DEFAULT_MAX_IDLE);
    }

    /**
     * With another number of regions.
     *
     * @param regions see {@link #maxRegions}
     * @return new options
     */
    public RegionCacheOptions withMaxRegions(int regions) {
        return new RegionCacheOptions(regions, maxPinnedBytes, maxIdle);
    }

    /**
     * With another number of bytes.
     *
     * @param bytes see {@link #maxPinnedBytes}
     * @return new options
     */
    public RegionCacheOptions withMaxPinnedBytes(long bytes) {
        return new RegionCacheOptions(maxRegions, bytes, maxIdle);
    }

    /**
     * With another time.
     *
     * @param time see {@link #maxIdle}
     * @return new options
     */
    public RegionCacheOptions withMaxIdle(Duration time) {
        return new RegionCacheOptions(maxRegions, maxPinnedBytes, time);
    }
}
