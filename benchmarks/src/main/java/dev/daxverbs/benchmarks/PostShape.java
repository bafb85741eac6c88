package dev.daxverbs.benchmarks;

/** What {@link PostCost} posts with one call: signaled RDMA writes. */
public enum PostShape {
    /** One request of one element. */
    ONE(1, 1, 0),
    /** One request that gathers four elements. */
    ONE_GATHERS_4(1, 4, 0),
    /** One request whose data is inline. */
    ONE_INLINE(1, 1, 32),
    /** 16 requests of one element, one list. */
    BATCH_16(16, 1, 0),
    /** 16 requests that gather four elements each, one list. */
    BATCH_16_GATHERS_4(16, 4, 0);

    private static final int ELEMENT_BYTES = 8;

    private final int requests;
    private final int elements;
    private final int inlineBytes;

    PostShape(int requests, int elements, int inlineBytes) {
        this.requests = requests;
        this.elements = elements;
        this.inlineBytes = inlineBytes;
    }

    int requests() {
        return requests;
    }

    /** Of each request. */
    int elements() {
        return elements;
    }

    /** Of each element. */
    int bytes() {
        return inlineBytes > 0 ? inlineBytes : ELEMENT_BYTES;
    }

    boolean isInline() {
        return inlineBytes > 0;
    }

    int inlineBytes() {
        return inlineBytes;
    }
}
