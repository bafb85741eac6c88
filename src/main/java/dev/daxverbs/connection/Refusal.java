package dev.daxverbs.connection;

/** Why a region is not opened. */
enum Refusal {
    UNKNOWN_NAME(1), RIGHTS(2), TOO_MANY(3);

    private final int code;

    Refusal(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static Refusal of(int code) throws ProtocolException {
        for (Refusal refusal : values()) {
            if (refusal.code == code) {
                return refusal;
            }
        }
        throw ProtocolException.malformed("why=%d is none".formatted(code));
    }
}
