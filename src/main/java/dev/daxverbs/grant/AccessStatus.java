package dev.daxverbs.grant;

/** How an access by message ended at the owner; the code in messages is the ordinal. */
public enum AccessStatus {
    /** Done. */
    OK,
    /** The file does not reach so far. */
    TRUNCATED,
    /** Not within the region. */
    RANGE,
    /** The peer has not got the right. */
    RIGHTS,
    /** The region is unknown, withdrawn or forgotten. */
    REGION,
    /** The file system refused. */
    FAILED,
    /** An atomic that is the device's to do, as the region is granted again. Nothing was done. */
    GRANTED;

    private static final AccessStatus[] BY_CODE = values();

    /**
     * The number of it in messages.
     *
     * @return 0 to 6
     */
    public int code() {
        return ordinal();
    }

    /**
     * Finds it.
     *
     * @param code the number in a message
     * @return the status, or null if there is none of that number
     */
    public static AccessStatus of(int code) {
        return code < 0 || code >= BY_CODE.length ? null : BY_CODE[code];
    }
}
