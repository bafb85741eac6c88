/**
 * RDMA verbs for Java, and memory regions over mapped files that stay valid through lease breaks.
 *
 * <p>{@code internal} holds system calls and concurrency primitives, {@code bindings} what jextract generated; neither is exported.
 */
module dev.daxverbs {
    requires jdk.jfr;

    exports dev.daxverbs.dax;
    exports dev.daxverbs.lease;
    exports dev.daxverbs.verbs;
    exports dev.daxverbs.region;
    exports dev.daxverbs.connection;
}
