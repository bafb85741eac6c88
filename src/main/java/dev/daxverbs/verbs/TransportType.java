package dev.daxverbs.verbs;

/** Which protocol family a device speaks ({@code enum ibv_transport_type}). */
public enum TransportType {
    /** InfiniBand's transport: InfiniBand itself and RoCE. */
    INFINIBAND(0),
    /** iWARP: RDMA over TCP. */
    IWARP(1),
    /** Cisco usNIC over its own protocol. */
    USNIC(2),
    /** Cisco usNIC over UDP. */
    USNIC_UDP(3),
    /** A protocol of the device's own. */
    UNSPECIFIED(4),
    /** A value that this library does not know. */
    UNKNOWN(-1);

    private final int code;

    TransportType(int code) {
        this.code = code;
    }

    /**
     * The value of {@code enum ibv_transport_type}.
     *
     * @return the code; -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    static TransportType of(int code) {
        for (TransportType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
