/**
 * Memory regions that stay valid through lease breaks, and the queue pairs that know of them.
 *
 * <p>Vocabulary: a <em>registration</em> is one {@code ibv_mr} with its keys, which dies in a break; a <em>region</em> is the user's handle, which
 * does not, and has one registration at a time, or none. A break <em>revokes</em> a region, a <em>restore</em> renews it. A transfer is
 * <em>direct</em> where the device reads and writes the file's memory, <em>staged</em> where it goes through registered memory of the library's. To
 * <em>defer</em> a work request is to keep a copy for the <em>pump</em>, which moves what was deferred, in order, directly or staged. To
 * <em>drain</em> is to wait until what was posted has completed; to <em>fence</em> a queue pair is to stop it by moving it to ERR.
 * A request is <em>settled</em> when it ends without the device.
 *
 * <p>Users meet {@link dev.daxverbs.region.RegionDomain}, {@link dev.daxverbs.region.MemoryRegion}, what they say of themselves
 * ({@link dev.daxverbs.region.RegionCounters}, {@link dev.daxverbs.region.RegionDescription}, {@link dev.daxverbs.region.RegionListener}), and JFR events
 * named {@code dev.daxverbs.*}: LeaseBreak with its phases, Restore, Fence, StagedTransfer.
 *
 * <p>Fields that posters read on the hot path are plain: the gate of their queue pair orders them against whoever seizes it
 * ({@code dev.daxverbs.internal.Gate}). Counters that a poller writes and a poster reads are written with release and read with acquire.
 */
package dev.daxverbs.region;
