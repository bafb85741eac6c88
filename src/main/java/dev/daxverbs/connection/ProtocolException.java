package dev.daxverbs.connection;

import java.io.IOException;

/** What came from the other side breaks the protocol: the connection is closed with the reason. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    private final CloseReason reason;

    private ProtocolException(CloseReason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** A frame that is none. */
    static ProtocolException malformed(String message) {
        return new ProtocolException(CloseReason.MALFORMED, message);
    }

    /** A message that cannot come now. */
    static ProtocolException outOfState(String message) {
        return new ProtocolException(CloseReason.OUT_OF_STATE, message);
    }

    /** More than was allowed. */
    static ProtocolException limit(String message) {
        return new ProtocolException(CloseReason.LIMIT, message);
    }

    /** No version of the protocol is common. */
    static ProtocolException version(String message) {
        return new ProtocolException(CloseReason.VERSION, message);
    }

    CloseReason reason() {
        return reason;
    }
}
