package dev.daxverbs.verbs;

/** What an asynchronous event says ({@code enum ibv_event_type}; ibv_get_async_event(3)). */
public enum AsyncEventType {
    /** A completion queue overflowed or broke: it and its queue pairs are in error for good. */
    CQ_ERR(0, Subject.COMPLETION_QUEUE),
    /** A queue pair stopped on an error that could not be reported as a completion. */
    QP_FATAL(1, Subject.QUEUE_PAIR),
    /** The peer sent a request that the queue pair does not allow; the queue pair stopped. */
    QP_REQ_ERR(2, Subject.QUEUE_PAIR),
    /** The peer tried an access that the memory does not allow; the queue pair stopped. */
    QP_ACCESS_ERR(3, Subject.QUEUE_PAIR),
    /** A message arrived while the queue pair was still getting ready to send. */
    COMM_EST(4, Subject.QUEUE_PAIR),
    /** All that was sent before the queue pair was told to drain its send queue has completed. */
    SQ_DRAINED(5, Subject.QUEUE_PAIR),
    /** The connection moved to its alternate path. */
    PATH_MIG(6, Subject.QUEUE_PAIR),
    /** The connection failed to move to its alternate path. */
    PATH_MIG_ERR(7, Subject.QUEUE_PAIR),
    /** The device stopped working: nothing but closing is left. */
    DEVICE_FATAL(8, Subject.DEVICE),
    /** The port became active. */
    PORT_ACTIVE(9, Subject.PORT),
    /** The port is not active any more. */
    PORT_ERR(10, Subject.PORT),
    /** The port's local identifier changed. */
    LID_CHANGE(11, Subject.PORT),
    /** The port's partition keys changed. */
    PKEY_CHANGE(12, Subject.PORT),
    /** Another subnet manager took over. */
    SM_CHANGE(13, Subject.PORT),
    /** A shared receive queue stopped on an error. */
    SRQ_ERR(14, Subject.OTHER),
    /** A shared receive queue ran below its limit. */
    SRQ_LIMIT_REACHED(15, Subject.OTHER),
    /** The queue pair, which is in error, has taken its last receive off the shared receive queue. */
    QP_LAST_WQE_REACHED(16, Subject.QUEUE_PAIR),
    /** The subnet manager asks for multicast and event subscriptions to be made again. */
    CLIENT_REREGISTER(17, Subject.PORT),
    /** The port's GID table changed. */
    GID_CHANGE(18, Subject.PORT),
    /** A work queue stopped on an error. */
    WQ_FATAL(19, Subject.OTHER),
    /** A value that this library does not know. */
    UNKNOWN(-1, Subject.DEVICE);

    /** What an event is about, hence which member of {@code ibv_async_event.element} holds. */
    enum Subject {
        COMPLETION_QUEUE,
        QUEUE_PAIR,
        PORT,
        DEVICE,
        /** An object that this library does not make. */
        OTHER
    }

    private final int code;
    private final Subject subject;

    AsyncEventType(int code, Subject subject) {
        this.code = code;
        this.subject = subject;
    }

    /**
     * The value of {@code enum ibv_event_type}.
     *
     * @return the code; -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    Subject subject() {
        return subject;
    }

    static AsyncEventType of(int code) {
        for (AsyncEventType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
