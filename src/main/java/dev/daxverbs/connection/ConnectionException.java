package dev.daxverbs.connection;

import java.io.IOException;

/** A connection could not be made, or is closed; the reason says why. */
public class ConnectionException extends IOException {
    private static final long serialVersionUID = 1;

    private final CloseReason reason;

    ConnectionException(CloseReason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * Why.
     *
     * @return the reason
     */
    public CloseReason reason() {
        return reason;
    }
}
