package dev.daxverbs.region;

import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.WorkCompletions;

/** Copies what arrived in staged receives of one queue pair, in order. Used by the pump, one thread at a time. */
final class StagedReceives {
    private final TrackedQueuePair queuePair;
    private final ReceiveSlots slots;

    StagedReceives(TrackedQueuePair queuePair, ReceiveSlots slots) {
        this.queuePair = queuePair;
        this.slots = slots;
    }

    /** Copies what can be copied now; returns when to look again, in nanoseconds. */
    long copyArrived() {
        long sequence = slots.copied();
        boolean some = false;
        long pauseNs = Pump.NEVER;
        while (slots.hasArrived(sequence)) {
            if (!copy(slots.stagedAt(sequence), slots.heldAt(sequence))) {
                pauseNs = Pump.LOOK_AT_FILE_NS;
                break;
            }
            slots.copyTo(++sequence);
            some = true;
        }
        if (some) {
            queuePair.announceReceived();
        }
        return pauseNs;
    }

    private boolean copy(StagedReceive receive, WorkCompletions completion) {
        if (receive == null) {
            return true; // it only waits behind others
        }
        if (completion.isSuccess(0) && completion.opcode(0) == CompletionOpcode.RECV) {
            switch (receive.copy(completion.byteLength(0))) {
                case DONE -> queuePair.countStagedReceive();
                case LATER -> {
                    return false;
                }
                case TRUNCATED -> completion.setStatus(0, CompletionStatus.FILE_TRUNCATED);
                case CLOSED -> completion.setStatus(0, CompletionStatus.LOC_PROT_ERR);
                case FAILED -> completion.setStatus(0, CompletionStatus.GENERAL_ERR);
            }
        }
        receive.giveBack();
        return true;
    }
}
