package dev.daxverbs.region;

import dev.daxverbs.verbs.QueuePair;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

import java.nio.file.Path;

/** JFR event: a queue pair was stopped for a break. */
@Name("dev.daxverbs.Fence")
@Label("Queue Pair Fenced")
@Description("A queue pair was moved to ERR, as what it had posted was not done before a break's deadline")
@Category({"daxverbs", "Regions"})
@StackTrace(false)
final class FenceEvent extends Event {
    @Label("File")
    String file;
    @Label("Queue Pair")
    String queuePair;

    static void record(Path path, QueuePair fenced) {
        FenceEvent event = new FenceEvent();
        if (event.isEnabled()) {
            event.file = path.toString();
            event.queuePair = fenced.toString();
            event.commit();
        }
    }
}
