package dev.daxverbs.verbs;

/** What carries a port's packets ({@code ibv_port_attr.link_layer}). */
public enum LinkLayer {
    /** Not said, or a value that this library does not know; old kernels mean InfiniBand by it. */
    UNSPECIFIED(0),
    /** InfiniBand: peers are addressed by LID, and by GID across subnets. */
    INFINIBAND(1),
    /** Ethernet (RoCE, iWARP): peers are addressed by GID. */
    ETHERNET(2);

    private final int code;

    LinkLayer(int code) {
        this.code = code;
    }

    /**
     * The value of {@code IBV_LINK_LAYER_*}.
     *
     * @return the code
     */
    public int code() {
        return code;
    }

    static LinkLayer of(int code) {
        for (LinkLayer layer : values()) {
            if (layer.code == code) {
                return layer;
            }
        }
        return UNSPECIFIED;
    }
}
