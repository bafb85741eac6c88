package dev.daxverbs.internal;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What the library has found out about devices by trying, for reports: a package that is not exported may ask here. Any thread may. */
public final class Findings {
    private static final Map<String, String> ON_DEMAND = new ConcurrentHashMap<>();

    private Findings() {
    }

    /** Keeps what a trial of a device's on-demand paging gave last. */
    public static void onDemand(String device, String finding) {
        ON_DEMAND.put(device, finding);
    }

    /** What the last trial of a device's on-demand paging in this process gave; empty if there was none. */
    public static Optional<String> onDemand(String device) {
        return Optional.ofNullable(ON_DEMAND.get(device));
    }
}
