package dev.daxverbs.dax;

/** A range of addresses has a part that is not mapped, or that may be neither read, written to nor executed ({@code PROT_NONE}). */
public final class InaccessibleMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The first address that is inaccessible. */
    private final long address;

    InaccessibleMemoryException(long address, String message) {
        super(message);
        this.address = address;
    }

    /**
     * The first address of the range that is inaccessible.
     *
     * @return the address
     */
    public long address() {
        return address;
    }
}
