package dev.daxverbs.region;

import dev.daxverbs.lease.LeaseBreak;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

import java.nio.file.Path;

/** JFR event: a lease break, from when regions were revoked until the lease could be released. */
@Name("dev.daxverbs.LeaseBreak")
@Label("Lease Break")
@Description("Regions over a file were revoked as another process wants it")
@Category({"daxverbs", "Regions"})
@StackTrace(false)
final class BreakEvent extends Event {
    @Label("File")
    String file;
    @Label("Cause")
    String cause;
    @Label("Regions")
    int regions;
    @Label("Queue Pairs")
    int queuePairs;
    @Label("Heard")
    @Description("From when the break was heard until the revocation began")
    @Timespan(Timespan.NANOSECONDS)
    long heard;
    @Label("Seize")
    @Description("Withdrawing registrations and seizing the gates")
    @Timespan(Timespan.NANOSECONDS)
    long seize;
    @Label("Drain")
    @Description("Waiting for transfers that were posted")
    @Timespan(Timespan.NANOSECONDS)
    long drain;
    @Label("Deregister")
    @Timespan(Timespan.NANOSECONDS)
    long deregister;

    /** When the revocation began; no field of the event. */
    private transient long beganNs;

    void phases(int regionCount, int queuePairCount, long revokedFromNs, long seizeNs, long drainNs, long deregisterNs) {
        regions = regionCount;
        queuePairs = queuePairCount;
        seize = seizeNs;
        drain = drainNs;
        deregister = deregisterNs;
        beganNs = revokedFromNs;
    }

    void finish(Path path, LeaseBreak event) {
        if (shouldCommit()) {
            file = path.toString();
            cause = event.cause().name();
            heard = Math.max(0, beganNs - event.heardNs());
            commit();
        }
    }
}
