package dev.daxverbs.connection;

/**
 * What a listener has seen so far.
 *
 * @param opened connections whose handshake succeeded
 * @param failed connections that ended before it did: strangers, wrong tokens, other versions, too many
 * @param open connections that are open now
 * @param refusedOpens openings of regions that were refused: unknown or withdrawn names, rights that are not given, too many
 * @param refusedAccesses emulated transfers that were refused: outside the region, without the right, to a region that is not open
 * @param accesses transfers of peers' that were done by message, as the peer had no key
 */
public record ListenerCounters(long opened, long failed, int open, long refusedOpens, long refusedAccesses, long accesses) {
}
