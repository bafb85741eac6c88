package dev.daxverbs.grant;

/**
 * What the owner of a region lets a peer's device use.
 *
 * @param key the remote key
 * @param bytes how many bytes from the start of the region may be named with it
 * @param alignment what addresses must be a multiple of, and the path MTU not less than: a power of two, 1 for any
 * @param atomics whether the device may do atomics
 */
public record PeerKey(int key, long bytes, int alignment, boolean atomics) {
    /**
     * Whether the owner's device can be let at an address.
     *
     * @param address the virtual address where a message begins
     * @param mtuBytes the path MTU
     * @return false if it would not be right there
     */
    public boolean allows(long address, int mtuBytes) {
        return alignment == 1 || (address & (alignment - 1)) == 0 && mtuBytes >= alignment;
    }
}
