package dev.daxverbs.verbs;

/** What kind of node a device is on its network ({@code enum ibv_node_type}). */
public enum NodeType {
    /** A channel adapter, which RoCE devices call themselves, too. */
    CA(1),
    /** An InfiniBand switch's own port. */
    SWITCH(2),
    /** An InfiniBand router. */
    ROUTER(3),
    /** An iWARP network card. */
    RNIC(4),
    /** Cisco usNIC over its own protocol. */
    USNIC(5),
    /** Cisco usNIC over UDP. */
    USNIC_UDP(6),
    /** A device with a protocol of its own. */
    UNSPECIFIED(7),
    /** A value that this library does not know. */
    UNKNOWN(-1);

    private final int code;

    NodeType(int code) {
        this.code = code;
    }

    /**
     * The value of {@code enum ibv_node_type}.
     *
     * @return the code; -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    static NodeType of(int code) {
        for (NodeType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
