package dev.daxverbs.region;

import dev.daxverbs.verbs.DeviceContext;

/** TEMPORARY. */
enum OnDemandTrial {
    ANY_OFFSET, PAGE_ALIGNED, WRONG, UNSUPPORTED;

    static OnDemandTrial of(DeviceContext context) {
        return context.attributes().onDemand().supported() ? PAGE_ALIGNED : UNSUPPORTED;
    }
}
