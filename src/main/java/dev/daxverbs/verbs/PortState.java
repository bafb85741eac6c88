package dev.daxverbs.verbs;

/**
 * The logical state of a port ({@code enum ibv_port_state}; InfiniBand specification, volume 1, PortInfo). Only an
 * {@link #ACTIVE} port carries messages.
 */
public enum PortState {
    /** No change: a value for setting a port, never seen in a query. */
    NOP(0),
    /** No link: the cable, the peer or, on Ethernet, the network interface is down. */
    DOWN(1),
    /** The link is there; a subnet manager has not configured the port yet. */
    INIT(2),
    /** Configured, not yet let loose by the subnet manager. */
    ARMED(3),
    /** Carries messages. */
    ACTIVE(4),
    /** Was active and has lost its link for a moment. */
    ACTIVE_DEFER(5),
    /** A value that this library does not know. */
    UNKNOWN(-1);

    private final int code;

    PortState(int code) {
        this.code = code;
    }

    /**
     * The value of {@code enum ibv_port_state}.
     *
     * @return the code; -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    static PortState of(int code) {
        for (PortState state : values()) {
            if (state.code == code) {
                return state;
            }
        }
        return UNKNOWN;
    }
}
