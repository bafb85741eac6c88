package dev.daxverbs.verbs;

/** What kind of packets an entry of a GID table stands for ({@code IBV_GID_TYPE_*}; {@code ibv_query_gid_ex(3)}). */
public enum GidType {
    /** InfiniBand's own. */
    INFINIBAND(0),
    /** RoCE version 1: an Ethernet type of its own, within one Ethernet only. */
    ROCE_V1(1),
    /** RoCE version 2: UDP over IPv4 or IPv6, which can be routed. Both ends of a connection must use the same version. */
    ROCE_V2(2),
    /** A value that this library does not know. */
    UNKNOWN(-1);

    private final int code;

    GidType(int code) {
        this.code = code;
    }

    /**
     * The value of {@code IBV_GID_TYPE_*}.
     *
     * @return the code; -1 for {@link #UNKNOWN}
     */
    public int code() {
        return code;
    }

    static GidType of(int code) {
        for (GidType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
