package dev.daxverbs.connection;

/** How an emulated transfer ended at the owner; the code is the ordinal. */
enum AccessStatus {
    OK,
    /** The file does not reach so far. */
    TRUNCATED,
    /** Not within the region. */
    RANGE,
    RIGHTS,
    /** The region is unknown, withdrawn or forgotten. */
    REGION,
    /** The file system refused. */
    FAILED,
    /** An atomic that is the device's to do, as the region is granted again. Nothing was done. */
    GRANTED;

    private static final AccessStatus[] BY_CODE = values();

    int code() {
        return ordinal();
    }

    static AccessStatus of(int code) throws ProtocolException {
        if (code < 0 || code >= BY_CODE.length) {
            throw ProtocolException.malformed("status=%d is none".formatted(code));
        }
        return BY_CODE[code];
    }
}
