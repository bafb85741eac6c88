package dev.daxverbs.verbs;

/**
 * How a work request ended ({@code enum ibv_wc_status}; {@code ibv_poll_cq(3)}; InfiniBand specification, volume 1, chapter 11
 * "Completion Return Status"). After any status but {@link #SUCCESS} and {@link #FILE_TRUNCATED} a reliable
 * connection's queue pair is in the error state, and the work requests behind end with {@link #WR_FLUSH_ERR}.
 */
public enum CompletionStatus {
    /** Done: data that were to be written are where they belong. */
    SUCCESS(0, "success"),
    /** The local buffers are too small for the message that came, or a message is longer than the port allows. */
    LOC_LEN_ERR(1, "local length error"),
    /** The queue pair could not process the request: a bad request, or an access through a key that is no longer registered. */
    LOC_QP_OP_ERR(2, "local queue pair operation error"),
    /** The end-to-end context could not process the request (reliable datagrams, which no device has). */
    LOC_EEC_OP_ERR(3, "local end-to-end context operation error"),
    /** A local buffer is not within a memory region that allows the access; for on-demand regions, it has no page to fault in. */
    LOC_PROT_ERR(4, "local protection error"),
    /** The queue pair went into the error state before the request was processed. */
    WR_FLUSH_ERR(5, "work request flushed"),
    /** Binding a memory window was refused: the region or its access flags do not allow it. */
    MW_BIND_ERR(6, "memory window bind error"),
    /** The peer answered in a way that the transport does not allow. */
    BAD_RESP_ERR(7, "bad response"),
    /** A receive with immediate data could not access its buffer. */
    LOC_ACCESS_ERR(8, "local access error"),
    /** The peer refuses the request: too long, or an operation that its queue pair does not allow. */
    REM_INV_REQ_ERR(9, "remote invalid request"),
    /** The peer's memory region does not allow the access, or does not reach so far, or is not there any more. */
    REM_ACCESS_ERR(10, "remote access error"),
    /** The peer could not complete the operation, for a reason on its side. */
    REM_OP_ERR(11, "remote operation error"),
    /** The peer did not answer, however often it was asked: it is gone, or not connected, or the path is broken. */
    RETRY_EXC_ERR(12, "transport retry counter exceeded"),
    /** The peer never had a receive posted, however often the message was sent again. */
    RNR_RETRY_EXC_ERR(13, "receiver-not-ready retry counter exceeded"),
    /** Reliable datagram domains of the queue pair and the end-to-end context differ (no device has them). */
    LOC_RDD_VIOL_ERR(14, "local reliable datagram domain violation"),
    /** An invalid reliable datagram request (no device has them). */
    REM_INV_RD_REQ_ERR(15, "remote invalid reliable datagram request"),
    /** The peer aborted the operation. */
    REM_ABORT_ERR(16, "remote aborted"),
    /** An invalid end-to-end context number (no device has them). */
    INV_EECN_ERR(17, "invalid end-to-end context number"),
    /** An end-to-end context in the wrong state (no device has them). */
    INV_EEC_STATE_ERR(18, "invalid end-to-end context state"),
    /** The device failed. */
    FATAL_ERR(19, "fatal error"),
    /** The peer took too long to answer. */
    RESP_TIMEOUT_ERR(20, "response timeout"),
    /** Any other error of the transport. */
    GENERAL_ERR(21, "general error"),
    /** Tag matching failed. */
    TM_ERR(22, "tag matching error"),
    /** The software must finish a rendezvous of tag matching. */
    TM_RNDV_INCOMPLETE(23, "tag matching rendezvous incomplete"),
    /**
     * Not of libibverbs but this library's own: the request was accepted while a lease was broken, and its range
     * lies beyond the end that the file has after the break. The queue pair goes on working.
     */
    FILE_TRUNCATED(0x1000, "file truncated"),
    /** A value that this library does not know. */
    UNKNOWN(-1, "unknown status");

    private static final CompletionStatus[] BY_CODE = new CompletionStatus[TM_RNDV_INCOMPLETE.code + 1];

    static {
        for (CompletionStatus status : values()) {
            if (status.code >= 0 && status.code < BY_CODE.length) {
                BY_CODE[status.code] = status;
            }
        }
    }

    private final int code;
    private final String text;

    CompletionStatus(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /**
     * The value of {@code enum ibv_wc_status}, or of this library.
     *
     * @return 0 to 23 for those of libibverbs, 0x1000 for {@link #FILE_TRUNCATED}, -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    /**
     * The status in words.
     *
     * @return for instance {@code remote access error}
     */
    public String text() {
        return text;
    }

    /**
     * The status of a code; allocates nothing.
     *
     * @param code a value of {@code enum ibv_wc_status}, or of this library
     * @return the status, {@link #UNKNOWN} for any other value
     */
    public static CompletionStatus of(int code) {
        if (code >= 0 && code < BY_CODE.length) {
            return BY_CODE[code];
        }
        return code == FILE_TRUNCATED.code ? FILE_TRUNCATED : UNKNOWN;
    }
}
