package dev.daxverbs.region;

import dev.daxverbs.grant.PeerKey;
import dev.daxverbs.grant.PeerRegion;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendOpcode;
import dev.daxverbs.verbs.SendWorkRequests;

/** What becomes of the tracked memory that a work request names: which path it takes, and with which keys. */
final class Binding {
    /** The request names no region. */
    static final int FREE = -1;
    /** The keys are set: the device can have the request as it is. */
    static final int DIRECT = 0;
    /** A region has no registration or key now, or the device must not be let at this range of it. */
    static final int STAGED = 1;
    /** A file ends before the range, and nobody else has it open. */
    static final int TRUNCATED = 2;

    private Binding() {
    }

    static boolean isTracked(RegisteredMemory memory) {
        return memory != null && !memory.hasFixedKeys();
    }

    /** Whether a request's data cannot be cut: the peer sees it as one message. */
    static boolean isWhole(SendOpcode opcode) {
        return opcode != SendOpcode.RDMA_WRITE && opcode != SendOpcode.RDMA_READ;
    }

    /**
     * Sets the keys of a request from its regions' registrations, as far as they can be used. A request that {@link #check} would refuse is
     * never DIRECT.
     *
     * @return FREE, DIRECT, STAGED or TRUNCATED
     */
    static int bind(TrackedQueuePair queuePair, SendWorkRequests requests, int i) {
        int path = FREE;
        long total = 0;
        int count = requests.elementCount(i);
        for (int k = 0; k < count; k++) {
            long length = requests.localLength(i, k);
            RegisteredMemory memory = requests.localMemory(i, k);
            if (isTracked(memory)) {
                if (!(memory instanceof MemoryRegion region) || region.protectionDomain() != queuePair.domain()) {
                    return STAGED;
                }
                MemoryRegion.Usable usable = region.usableFor(queuePair);
                if (usable == null) {
                    return STAGED;
                }
                long address = requests.localAddress(i, k);
                if (address - region.address() + length > usable.bytes()) {
                    return region.lacks(usable, address - region.address(), length) ? TRUNCATED : STAGED;
                }
                if (!region.allowsDevice(queuePair, address, total)) {
                    return STAGED;
                }
                requests.setLocalKey(i, k, usable.registration().localKey());
                path = DIRECT;
            }
            total += length;
        }
        RegisteredMemory remote = requests.remoteMemory(i);
        if (!isTracked(remote)) {
            return path;
        }
        return bindRemote(queuePair, requests, i, total);
    }

    /**
     * Sets the remote key of a request.
     *
     * @param total how many bytes the request moves
     */
    static int bindRemote(TrackedQueuePair queuePair, SendWorkRequests requests, int i, long total) {
        if (!(requests.remoteMemory(i) instanceof MemoryRegion region)) {
            return bindPeer(queuePair, requests, i, total);
        }
        MemoryRegion.Usable usable = region.usableFor(queuePair);
        if (usable == null) {
            return STAGED;
        }
        long address = requests.remoteAddress(i);
        if (total > 0 && address - region.address() + total > usable.bytes()) {
            return region.lacks(usable, address - region.address(), total) ? TRUNCATED : STAGED;
        }
        if (!region.allowsDevice(queuePair, address, 0) || requests.opcode(i).isAtomic() && !region.allowsAtomicsNow()) {
            return STAGED;
        }
        requests.setRemoteKey(i, usable.registration() == null ? 0 : usable.registration().remoteKey());
        return DIRECT;
    }

    /** The same for memory of another process: it is for its owner to say what its file lacks. */
    private static int bindPeer(TrackedQueuePair queuePair, SendWorkRequests requests, int i, long total) {
        RegisteredMemory memory = requests.remoteMemory(i);
        PeerRegion peer = PeerRegion.of(memory);
        if (peer == null || peer.queuePair() != queuePair || !peer.allows(requests.opcode(i)) || peer.isClosed()) {
            return STAGED; // check will say why it cannot be
        }
        if (total == 0) {
            requests.setRemoteKey(i, 0); // an empty message names no memory
            return DIRECT;
        }
        PeerKey key = peer.key();
        long address = requests.remoteAddress(i);
        if (key == null || address - memory.address() + total > key.bytes() || !key.allows(address, queuePair.mtu().bytes())
                || requests.opcode(i).isAtomic() && !key.atomics()) {
            return STAGED;
        }
        requests.setRemoteKey(i, key.key());
        return DIRECT;
    }

    /** Whether a request names a region that is closed, and will not be back. */
    static boolean namesClosedRegion(SendWorkRequests requests, int i) {
        boolean closed = isClosed(requests.remoteMemory(i));
        for (int k = 0; k < requests.elementCount(i) && !closed; k++) {
            closed = isClosed(requests.localMemory(i, k));
        }
        return closed;
    }

    private static boolean isClosed(RegisteredMemory memory) {
        return isTracked(memory) && (memory instanceof MemoryRegion region ? region.isClosed() : PeerRegion.of(memory).isClosed());
    }

    /** What the user gets who names bytes that the file does not have. */
    static RegionTruncatedException truncated(SendWorkRequests requests, int i) {
        RegionTruncatedException some = null; // the file may have grown since it was found short: then any of them will do
        for (int k = 0; k < requests.elementCount(i); k++) {
            if (isTracked(requests.localMemory(i, k))) {
                MemoryRegion region = (MemoryRegion) requests.localMemory(i, k);
                long offset = requests.localAddress(i, k) - region.address();
                some = new RegionTruncatedException(region, offset, requests.localLength(i, k), region.usableBytes());
                if (region.lacksNow(offset, requests.localLength(i, k))) {
                    return some;
                }
            }
        }
        return requests.remoteMemory(i) instanceof MemoryRegion region ? new RegionTruncatedException(region,
                requests.remoteAddress(i) - region.address(), requests.byteLength(i), region.usableBytes()) : some;
    }

    /** Refuses what can never be posted, before anything of the list is accepted. */
    static void check(TrackedQueuePair queuePair, SendWorkRequests requests, int i) {
        boolean direct = true;
        long total = 0;
        long staged = 0;
        for (int k = 0; k < requests.elementCount(i); k++) {
            long length = requests.localLength(i, k);
            if (isTracked(requests.localMemory(i, k))) {
                MemoryRegion region = local(queuePair.domain(), requests.localMemory(i, k));
                direct &= region.allowsDevice(queuePair, requests.localAddress(i, k), total);
                staged += length;
            }
            total += length;
        }
        RegisteredMemory remote = requests.remoteMemory(i);
        if (isTracked(remote)) {
            if (requests.remoteAddress(i) - remote.address() > remote.byteSize() - total) {
                throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(
                        requests.remoteAddress(i) - remote.address(), total, remote));
            }
            if (PeerRegion.of(remote) != null) {
                checkPeer(queuePair, requests, i);
            } else {
                MemoryRegion region = regionOf(remote);
                region.checkOpen();
                direct &= region.allowsDevice(queuePair, requests.remoteAddress(i), 0);
                staged = total;
            }
        }
        if (!direct && isWhole(requests.opcode(i)) && staged > queuePair.stagingBytes()) {
            throw new IllegalArgumentException(("opcode=%s, lengthBytes=%d, of which %d over a file: the device cannot be let at this range (see"
                    + " MemoryRegion.describe()), and a message that cannot be cut is staged only up to stagingBytes=%d: choose more with"
                    + " RegionOptions, or send less at once").formatted(requests.opcode(i), total, staged, queuePair.stagingBytes()));
        }
    }

    private static void checkPeer(TrackedQueuePair queuePair, SendWorkRequests requests, int i) {
        RegisteredMemory memory = requests.remoteMemory(i);
        PeerRegion peer = PeerRegion.of(memory);
        peer.checkOpen();
        if (peer.queuePair() != queuePair) {
            throw new IllegalArgumentException("%s is to be named on %s, which is its connection's, and not on %s".formatted(memory,
                    peer.queuePair(), queuePair));
        }
        if (!peer.allows(requests.opcode(i))) {
            throw new IllegalArgumentException("opcode=%s: %s was not opened with the right to do that".formatted(requests.opcode(i), memory));
        }
        if (requests.opcode(i).isAtomic() && (requests.remoteAddress(i) - memory.address()) % Long.BYTES != 0) {
            throw new IllegalArgumentException("opcode=%s, offset=%d of %s: atomics need multiples of 8".formatted(requests.opcode(i),
                    requests.remoteAddress(i) - memory.address(), memory));
        }
    }

    /** A region that a queue pair may name as its own side's. */
    static MemoryRegion local(ProtectionDomain domain, RegisteredMemory memory) {
        MemoryRegion region = regionOf(memory);
        if (region.protectionDomain() != domain) {
            throw new IllegalArgumentException("%s is not of %s: register it there".formatted(region, domain));
        }
        region.checkOpen();
        return region;
    }

    private static MemoryRegion regionOf(RegisteredMemory memory) {
        if (memory instanceof MemoryRegion region) {
            return region;
        }
        throw new IllegalArgumentException(PeerRegion.of(memory) != null ? memory + " is memory of the peer's: name it by remote(...)"
                : memory + " has moving keys and is no MemoryRegion: only those can be followed");
    }
}
