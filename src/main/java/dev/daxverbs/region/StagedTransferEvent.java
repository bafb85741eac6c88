package dev.daxverbs.region;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** JFR event: a transfer that went through staging memory, from when it was begun until its outcome was known. */
@Name("dev.daxverbs.StagedTransfer")
@Label("Staged Transfer")
@Description("A transfer went through staging memory, as the device could not be let at its file")
@Category({"daxverbs", "Regions"})
@StackTrace(false)
final class StagedTransferEvent extends Event {
    @Label("Queue Pair")
    String queuePair;
    @Label("Opcode")
    String opcode;
    @Label("Length")
    @DataAmount
    long length;
    @Label("Status")
    String status;

    void finish(TrackedQueuePair owner, StagedTransfer transfer, String outcome) {
        if (shouldCommit()) {
            queuePair = owner.toString();
            opcode = transfer.opcode.name();
            length = transfer.totalBytes;
            status = outcome;
            commit();
        }
    }
}
