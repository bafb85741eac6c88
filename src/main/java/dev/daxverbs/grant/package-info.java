/**
 * What the region layer and connections have in common, so that neither knows the other's insides: grants of keys to peers, how they are taken
 * back, and how transfers go that have none. Not exported; public types here are the library's own.
 *
 * <p>A <em>grant</em> is the permission to use one key of a region's. On the owner's side {@link dev.daxverbs.grant.OwnedMemory} has
 * {@link dev.daxverbs.grant.GrantHolder}s, which a lease break revokes; on the peer's side {@link dev.daxverbs.grant.PeerMemory} is what work
 * requests name, and {@link dev.daxverbs.grant.DrainedQueuePair} makes sure that a key that was taken back is not on its way any more.
 */
package dev.daxverbs.grant;
