package dev.daxverbs.internal;

/** The mappings of this process, in ascending order. One thread at a time. */
public interface Mappings extends AutoCloseable {
    /**
     * The mapping at an address, or the first one behind it.
     *
     * @param address an address, at least zero
     * @return the mapping; null if there is none from there on
     */
    Mapping atOrAfter(long address);

    /**
     * Whether a newline in a name stands as {@code \012}. As a backslash stands for itself, such a name may also be a file's that is really
     * called so.
     */
    boolean escapesNewlines();

    /** Ends it. */
    @Override
    void close();

    /** The best source that the kernel has. */
    static Mappings open() {
        Mappings queried = QueriedMappings.open();
        return queried != null ? queried : ParsedMappings.read();
    }
}
