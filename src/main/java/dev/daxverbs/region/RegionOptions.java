package dev.daxverbs.region;

import dev.daxverbs.lease.LeaseMode;

import java.time.Duration;
import java.util.Objects;

/**
 * How a {@link RegionDomain} takes transfers through breaks.
 *
 * @param stagingBytes how much registered memory staged transfers may use, for each of three purposes: the local side, files of this process as
 *         the remote side, and receives. Made when first needed; locked memory (RLIMIT_MEMLOCK). A message that cannot be cut (a send, a write
 *         with immediate data, a receive) is staged only if it fits. A multiple of 4096, at least 65536, less than 2^31
 * @param breakPatience how long a transfer waits for bytes that the file does not have while another process has the file open, as that one may
 *         be about to write them, counted from the break; then it ends as {@code FILE_TRUNCATED}. Zero or more
 * @param leaseMode by which means files are watched
 * @param coolDown so that breaks do not make registering the main work: breaks and restores of a file take at most one part in so many of the
 *         time, as one that is broken sooner rests staged meanwhile, for a second at most. 0 or more; 0 for no rest
 */
public record RegionOptions(long stagingBytes, Duration breakPatience, LeaseMode leaseMode, int coolDown) {
    /** The default of {@link #stagingBytes}: 2 MiB, as an ordinary user may lock 8 MiB on many systems. */
    public static final long DEFAULT_STAGING_BYTES = 2 << 20;
    /** The default of {@link #breakPatience}. */
    public static final Duration DEFAULT_BREAK_PATIENCE = Duration.ofSeconds(10);
    /** The default of {@link #coolDown}. */
    public static final int DEFAULT_COOL_DOWN = 10;

    private static final long LEAST_STAGING_BYTES = 65_536;
    private static final long MOST_STAGING_BYTES = Integer.MAX_VALUE;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range
     * @throws NullPointerException if one is null
     */
    public RegionOptions {
        Objects.requireNonNull(leaseMode, "leaseMode");
        if (stagingBytes < LEAST_STAGING_BYTES || stagingBytes > MOST_STAGING_BYTES || stagingBytes % StagingPool.UNIT_BYTES != 0) {
            throw new IllegalArgumentException("stagingBytes=%d: must be a multiple of %d from %d to %d".formatted(stagingBytes,
                    StagingPool.UNIT_BYTES, LEAST_STAGING_BYTES, MOST_STAGING_BYTES));
        }
        if (breakPatience.isNegative()) {
            throw new IllegalArgumentException("breakPatience=%s: must not be negative".formatted(breakPatience));
        }
        if (coolDown < 0) {
            throw new IllegalArgumentException("coolDown=%d: must not be negative".formatted(coolDown));
        }
    }

    /**
     * The defaults.
     *
     * @return 2 MiB, 10 s, {@link LeaseMode#AUTO}, 10
     */
    public static RegionOptions defaults() {
        return new RegionOptions(DEFAULT_STAGING_BYTES, DEFAULT_BREAK_PATIENCE, LeaseMode.AUTO, DEFAULT_COOL_DOWN);
    }

    /**
     * With another amount of staging memory.
     *
     * @param bytes see {@link #stagingBytes}
     * @return new options
     */
    public RegionOptions withStagingBytes(long bytes) {
        return new RegionOptions(bytes, breakPatience, leaseMode, coolDown);
    }

    /**
     * With another patience.
     *
     * @param patience see {@link #breakPatience}
     * @return new options
     */
    public RegionOptions withBreakPatience(Duration patience) {
        return new RegionOptions(stagingBytes, patience, leaseMode, coolDown);
    }

    /**
     * With another means of watching files.
     *
     * @param mode see {@link #leaseMode}
     * @return new options
     */
    public RegionOptions withLeaseMode(LeaseMode mode) {
        return new RegionOptions(stagingBytes, breakPatience, mode, coolDown);
    }

    /**
     * With another rest after breaks.
     *
     * @param parts see {@link #coolDown}
     * @return new options
     */
    public RegionOptions withCoolDown(int parts) {
        return new RegionOptions(stagingBytes, breakPatience, leaseMode, parts);
    }
}
