package dev.daxverbs.region;

/**
 * A transfer names bytes of a file-backed region that lie beyond the present end of its file. It was not posted; the queue pair goes on working.
 */
public final class RegionTruncatedException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** Where the transfer begins, bytes from the start of the region. */
    private final long offset;
    /** How many bytes it would move. */
    private final long lengthBytes;
    /** How many bytes of the region the file has. */
    private final long usableBytes;

    RegionTruncatedException(MemoryRegion region, long offset, long lengthBytes, long usableBytes) {
        super("offset=%d, lengthBytes=%d: the file of %s has bytes up to offset %d only, as it was truncated; extend the file, or transfer less"
                .formatted(offset, lengthBytes, region, usableBytes));
        this.offset = offset;
        this.lengthBytes = lengthBytes;
        this.usableBytes = usableBytes;
    }

    /**
     * Where the transfer begins.
     *
     * @return bytes from the start of the region
     */
    public long offset() {
        return offset;
    }

    /**
     * How long the transfer is.
     *
     * @return bytes
     */
    public long lengthBytes() {
        return lengthBytes;
    }

    /**
     * How much of the region the file has.
     *
     * @return bytes from the start of the region
     */
    public long usableBytes() {
        return usableBytes;
    }
}
