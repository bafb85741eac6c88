package dev.daxverbs.region;

/**
 * What happened in a {@link RegionDomain} since it was made. Counters go up only; of those of transfers that are under way at the moment of
 * the look, the last few may be missing.
 *
 * @param direct requests that named memory over files and went to the device as they were
 * @param staged requests, receives included, that went through staging memory
 * @param emulated requests that named a peer's memory and went, in part at least, by messages on the control connection, as the peer had no key
 * @param truncated requests that ended as {@code FILE_TRUNCATED}, or were refused by {@link RegionTruncatedException}
 * @param breaks lease breaks of files with regions of the domain; one for each break and domain
 * @param forced of those, how many the kernel ended by force before the library had let go
 * @param fenced how often a queue pair was stopped as it had not finished before a break's deadline
 */
public record RegionCounters(long direct, long staged, long emulated, long truncated, long breaks, long forced, long fenced) {
}
