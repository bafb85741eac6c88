package dev.daxverbs.verbs;

import java.util.Objects;

/**
 * What a peer must know of a queue pair to connect to it.
 *
 * @param gid the global identifier of its port; on RoCE, made of the network device's IP address
 * @param lid the local identifier of its port; 0 on RoCE
 * @param queuePairNumber its number, 24 bits
 * @param packetSequenceNumber the number of the first packet that it sends, 24 bits
 */
public record QueuePairAddress(Gid gid, int lid, int queuePairNumber, int packetSequenceNumber) {
    /** The highest number of 24 bits. */
    static final int MAX_24_BITS = (1 << 24) - 1;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException for a number of more than 24 bits, or a LID of more than 16
     */
    public QueuePairAddress {
        Objects.requireNonNull(gid, "gid");
        if ((queuePairNumber & ~MAX_24_BITS) != 0 || (packetSequenceNumber & ~MAX_24_BITS) != 0 || (lid & ~0xffff) != 0) {
            throw new IllegalArgumentException("lid=%d has 16 bits, queuePairNumber=%d and packetSequenceNumber=%d have 24".formatted(lid,
                    queuePairNumber, packetSequenceNumber));
        }
    }
}
