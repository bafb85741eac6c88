package dev.daxverbs.connection;

/** Why a connection is closed. The numbers of those that are sent are in docs/protocol.md. */
public enum CloseReason {
    /** A user closed it. */
    NORMAL(0),
    /** The listener that had accepted it was closed. */
    SHUTDOWN(1),
    /** A message came that is none: the other side is broken, or speaks something else. */
    MALFORMED(2),
    /** A message came that cannot come now: the other side is broken. */
    OUT_OF_STATE(3),
    /** The other side sent more than it had been allowed to. */
    LIMIT(4),
    /** The listener wants another token: {@link ConnectionOptions#token}. */
    TOKEN(5),
    /** The devices cannot reach each other: one has InfiniBand or another version of RoCE, or refuses the other's address. */
    INCOMPATIBLE(6),
    /** The handshake took longer than {@link ConnectionOptions#handshakeTimeout}. */
    HANDSHAKE(7),
    /**
     * Nothing was heard from the other side, or nothing taken by it, for {@link ConnectionOptions#silence}: its host is gone, or stopped.
     */
    SILENT(8),
    /** The peer did not give a region back before the deadline of a break. */
    LATE(9),
    /** The queue pair is in the error state. */
    QUEUE_PAIR(10),
    /** The listener has as many connections as it may. */
    BUSY(11),
    /** An error in the library, or a resource that is exhausted: the text says which. */
    INTERNAL(12),
    /** No version of the protocol is known to both sides. */
    VERSION(-1),
    /** The control connection ended without a word: the process was killed, or the network is cut. */
    LOST(-1);

    private static final CloseReason[] BY_CODE = values();

    private final int code;

    CloseReason(int code) {
        this.code = code;
    }

    /** Whether it can be said in a message. */
    boolean isSent() {
        return code >= 0;
    }

    int code() {
        return code;
    }

    static CloseReason of(int code) throws ProtocolException {
        if (code < 0 || code >= BY_CODE.length || BY_CODE[code].code != code) {
            throw ProtocolException.malformed("reason=%d is none".formatted(code));
        }
        return BY_CODE[code];
    }
}
