package dev.daxverbs.region;

/** What becomes of a registration when the lease on its file cannot be had. */
public enum LeasePolicy {
    /** The region works without it: transfers are staged, and the region asks for the lease until it gets it. */
    PREFERRED,
    /** The registration fails, with the reason and what to do about it. A break later on is gone through as ever. */
    REQUIRED
}
