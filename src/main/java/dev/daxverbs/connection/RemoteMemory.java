package dev.daxverbs.connection;

import dev.daxverbs.verbs.RegisteredMemory;

/**
 * Memory of a peer that does not use this library, by what it told in its own way. Transfers that name it are as the peer's registration
 * is: when that ends, as it does when a lease on its file is broken, they
 * fail with {@code REM_ACCESS_ERR} and stop the queue pair. So it is <strong>not hitless</strong>; a {@link RemoteRegion} is to be.
 *
 * <p>Offsets in work requests are checked against the size; their lengths are the peer's device's to check. A value; any thread may use it.
 *
 * @param address the virtual address at the peer of the first byte
 * @param remoteKey the R_Key of the peer's registration
 * @param byteSize bytes, more than zero
 */
public record RemoteMemory(long address, int remoteKey, long byteSize) implements RegisteredMemory {
    /**
     * Checks the size.
     *
     * @throws IllegalArgumentException if it is not more than zero
     */
    public RemoteMemory {
        if (byteSize <= 0) {
            throw new IllegalArgumentException("byteSize=%d: must be more than 0".formatted(byteSize));
        }
    }

    @Override
    public boolean hasFixedKeys() {
        return true;
    }

    /**
     * There is none.
     *
     * @throws UnsupportedOperationException always: it is the peer's memory
     */
    @Override
    public int localKey() {
        throw new UnsupportedOperationException("memory of the peer has no L_Key here: name it by remote(...)");
    }
}
