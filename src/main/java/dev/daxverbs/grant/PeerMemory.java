package dev.daxverbs.grant;

import dev.daxverbs.verbs.RegisteredMemory;

/** Memory of another process's that work requests may name: what is public of it is in the subclass, all else in its {@link PeerRegion}. */
public abstract class PeerMemory implements RegisteredMemory {
    final PeerRegion peerRegion;

    /**
     * Memory with a state.
     *
     * @param region the state
     */
    protected PeerMemory(PeerRegion region) {
        peerRegion = region;
    }
}
