package dev.daxverbs.region;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

import java.nio.file.Path;

/** JFR event: the regions over a file were registered again. */
@Name("dev.daxverbs.Restore")
@Label("Region Restore")
@Description("Regions over a file were registered, as its lease is held again")
@Category({"daxverbs", "Regions"})
@StackTrace(false)
final class RestoreEvent extends Event {
    @Label("File")
    String file;
    @Label("Regions")
    int regions;
    @Label("File Size")
    @DataAmount
    long size;

    void finish(Path path, int regionCount, long sizeBytes) {
        if (shouldCommit()) {
            file = path.toString();
            regions = regionCount;
            size = sizeBytes;
            commit();
        }
    }
}
