package dev.daxverbs.verbs;

/**
 * Memory that work requests may name: one registration ({@link MemoryRegistration}), or what a layer above makes of several.
 *
 * <p>Offsets in work requests count from {@link #address()}.
 */
public interface RegisteredMemory {
    /**
     * The virtual address of the first byte.
     *
     * @return the address that work requests with offset 0 name
     */
    long address();

    /**
     * The length of the range.
     *
     * @return bytes, more than zero
     */
    long byteSize();

    /**
     * Whether the keys are those of one registration for as long as this object is open. Keys of memory over a file change
     * with each lease break, so a work request that names such memory cannot be posted on a queue pair that does not know of it.
     *
     * @return true if {@link #localKey()} and {@link #remoteKey()} stay the same
     */
    boolean hasFixedKeys();

    /**
     * The L_Key that a work request names in its scatter/gather elements.
     *
     * @return the key now
     * @throws IllegalStateException if there is no registration now
     */
    int localKey();

    /**
     * The R_Key that a work request of the peer names.
     *
     * @return the key now
     * @throws IllegalStateException if there is no registration now
     */
    int remoteKey();
}
