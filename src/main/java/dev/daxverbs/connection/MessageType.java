package dev.daxverbs.connection;

/** The types of messages with their bounds: docs/protocol.md, which has each with its bytes. */
enum MessageType {
    HELLO(1, 12, MessageType.MAX_HELLO_BYTES),
    OTHER_VERSION(2, 12, 12),
    READY(3, 16, 16),
    CLOSE(4, 3, 3 + MessageType.MAX_TEXT_BYTES),
    PING(5, 8, 8),
    PONG(6, 8, 8),
    OPEN(16, 8, 7 + MessageType.MAX_NAME_BYTES),
    REGION(17, 51, 51),
    REFUSED(18, 7, 7 + MessageType.MAX_TEXT_BYTES),
    REVOKE(19, 12, 12),
    REVOKED(20, 12, 12),
    RESTORE(21, 30, 30),
    WITHDRAW(22, 4, 4),
    WITHDRAWN(23, 4, 4),
    FORGET(24, 4, 4),
    WRITE(32, 21, 20 + MessageType.MAX_DATA_BYTES),
    READ(33, 24, 24),
    COMPARE_AND_SWAP(34, 36, 36),
    FETCH_AND_ADD(35, 28, 28),
    FLUSH(36, 28, 28),
    DONE(40, 9, 9),
    DATA(41, 9, 8 + MessageType.MAX_DATA_BYTES),
    VALUE(42, 16, 16);

    /** Data in one message. */
    static final int MAX_DATA_BYTES = 65_536;
    static final int MAX_NAME_BYTES = 255;
    static final int MAX_TEXT_BYTES = 512;
    static final int MAX_TOKEN_BYTES = 256;
    /** The body of a HELLO of any version. */
    static final int MAX_HELLO_BYTES = 1024;
    /** Length and type. */
    static final int HEADER_BYTES = 5;
    /** The longest frame. */
    static final int MAX_FRAME_BYTES = HEADER_BYTES + 20 + MAX_DATA_BYTES;

    private static final MessageType[] BY_CODE = new MessageType[43];

    static {
        for (MessageType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final int minBytes;
    private final int maxBytes;

    MessageType(int code, int minBytes, int maxBytes) {
        this.code = code;
        this.minBytes = minBytes;
        this.maxBytes = maxBytes;
    }

    int code() {
        return code;
    }

    /**
     * The type that a header announces, if the length is one that it can have.
     *
     * @param length the first field: type and body
     * @param code the second
     */
    static MessageType of(int length, int code) throws ProtocolException {
        if (code < 0 || code >= BY_CODE.length || BY_CODE[code] == null) {
            throw ProtocolException.malformed("type=%d is none, length=%d".formatted(code, Integer.toUnsignedLong(length)));
        }
        MessageType type = BY_CODE[code];
        if (length < 1 + type.minBytes || length > 1 + type.maxBytes) { // as a signed number, which no valid length exceeds
            throw ProtocolException.malformed("%s has length=%d, not %d to %d".formatted(type, Integer.toUnsignedLong(length),
                    1 + type.minBytes, 1 + type.maxBytes));
        }
        return type;
    }
}
