package dev.daxverbs.verbs;

/**
 * How many bytes of payload one packet on a path may have ({@code enum ibv_mtu}). The headers are not counted.
 */
public enum Mtu {
    /** 256 bytes, the least: every port can do it. */
    MTU_256(1),
    /** 512 bytes. */
    MTU_512(2),
    /** 1024 bytes: what an Ethernet of 1500-byte frames carries. */
    MTU_1024(3),
    /** 2048 bytes. */
    MTU_2048(4),
    /** 4096 bytes, the most: it needs Ethernet frames of 4200 bytes or more. */
    MTU_4096(5);

    private static final int BYTES_BELOW_CODE_1 = 128;

    private final int code;

    Mtu(int code) {
        this.code = code;
    }

    /**
     * The payload of a full packet.
     *
     * @return bytes
     */
    public int bytes() {
        return BYTES_BELOW_CODE_1 << code;
    }

    /**
     * The value of {@code enum ibv_mtu}, which is also the one on the wire.
     *
     * @return 1 to 5
     */
    public int code() {
        return code;
    }

    /**
     * The size of a value of {@code enum ibv_mtu}.
     *
     * @param code 1 to 5
     * @return the size
     * @throws IllegalArgumentException if the code is any other
     */
    public static Mtu of(int code) {
        for (Mtu mtu : values()) {
            if (mtu.code == code) {
                return mtu;
            }
        }
        throw new IllegalArgumentException("code=" + code + " is no value of enum ibv_mtu: 1 (256 bytes) to 5 (4096 bytes)");
    }
}
