package dev.daxverbs.verbs;

/** What a device's atomic operations are atomic with ({@code enum ibv_atomic_cap}). */
public enum AtomicCapability {
    /** No atomic operations, or a value that this library does not know. */
    NONE(0),
    /** With each other, as far as they go through this device; not with the processor's accesses ({@code IBV_ATOMIC_HCA}). */
    DEVICE(1),
    /** With every access to the memory, the processor's included ({@code IBV_ATOMIC_GLOB}). */
    GLOBAL(2);

    private final int code;

    AtomicCapability(int code) {
        this.code = code;
    }

    /**
     * The value of {@code enum ibv_atomic_cap}.
     *
     * @return the code
     */
    public int code() {
        return code;
    }

    static AtomicCapability of(int code) {
        for (AtomicCapability capability : values()) {
            if (capability.code == code) {
                return capability;
            }
        }
        return NONE;
    }
}
