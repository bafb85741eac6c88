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
 */
public record RegionOptions(long stagingBytes, Duration breakPatience, LeaseMode leaseMode) {
    /** The default of {@link #stagingBytes}: 2 MiB, as an ordinary user may lock 8 MiB on many systems. */
    public static final long DEFAULT_STAGING_BYTES = 2 << 20;
    /** The default of {@link #breakPatience}. */
    public static final Duration DEFAULT_BREAK_PATIENCE = Duration.ofSeconds(10);

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
    }

    /**
     * The defaults.
     *
     * @return 2 MiB, 10 s, {@link LeaseMode#AUTO}
     */
    public static RegionOptions defaults() {
        return new RegionOptions(DEFAULT_STAGING_BYTES, DEFAULT_BREAK_PATIENCE, LeaseMode.AUTO);
    }

    /**
     * With another amount of staging memory.
     *
     * @param bytes see {@link #stagingBytes}
     * @return new options
     */
    public RegionOptions withStagingBytes(long bytes) {
        return new RegionOptions(bytes, breakPatience, leaseMode);
    }

    /**
     * With another patience.
     *
     * @param patience see {@link #breakPatience}
     * @return new options
     */
    public RegionOptions withBreakPatience(Duration patience) {
        return new RegionOptions(stagingBytes, patience, leaseMode);
    }

    /**
     * With another means of watching files.
     *
     * @param mode see {@link #leaseMode}
     * @return new options
     */
    public RegionOptions withLeaseMode(LeaseMode mode) {
        return new RegionOptions(stagingBytes, breakPatience, mode);
    }
}
