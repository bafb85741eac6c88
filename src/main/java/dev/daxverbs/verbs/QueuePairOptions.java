package dev.daxverbs.verbs;

import java.util.Objects;

/**
 * What a queue pair is made of ({@code struct ibv_qp_init_attr}). Immutable: each {@code with} method gives a changed copy.
 *
 * @param sendQueue where completions of send work requests go
 * @param receiveQueue where completions of receives go; may be the same
 * @param capabilities the capacities to ask for; the device grants at least these
 * @param allSignaled whether every send work request is to have a completion
 */
public record QueuePairOptions(CompletionQueue sendQueue, CompletionQueue receiveQueue, QueuePairCapabilities capabilities,
        boolean allSignaled) {
    /**
     * Checks that nothing is missing.
     */
    public QueuePairOptions {
        Objects.requireNonNull(sendQueue, "sendQueue");
        Objects.requireNonNull(receiveQueue, "receiveQueue");
        Objects.requireNonNull(capabilities, "capabilities");
    }

    /**
     * One completion queue for both directions, room for 128 requests of one element in each, no inline data.
     *
     * @param queue the completion queue
     * @return the options
     */
    public static QueuePairOptions of(CompletionQueue queue) {
        return new QueuePairOptions(queue, queue, new QueuePairCapabilities(128, 128, 1, 1, 0), false);
    }

    /**
     * Other completion queues.
     *
     * @param send where completions of send work requests go
     * @param receive where completions of receives go
     * @return a changed copy
     */
    public QueuePairOptions withQueues(CompletionQueue send, CompletionQueue receive) {
        return new QueuePairOptions(send, receive, capabilities, allSignaled);
    }

    /**
     * Another capacity of outstanding requests.
     *
     * @param sends how many send work requests
     * @param receives how many receives
     * @return a changed copy
     */
    public QueuePairOptions withRequests(int sends, int receives) {
        return new QueuePairOptions(sendQueue, receiveQueue, new QueuePairCapabilities(sends, receives,
                capabilities.maxSendElements(), capabilities.maxReceiveElements(), capabilities.maxInlineBytes()), allSignaled);
    }

    /**
     * Another capacity of scatter/gather elements.
     *
     * @param perSend how many a send work request can have
     * @param perReceive how many a receive can have
     * @return a changed copy
     */
    public QueuePairOptions withElements(int perSend, int perReceive) {
        return new QueuePairOptions(sendQueue, receiveQueue, new QueuePairCapabilities(capabilities.maxSendRequests(),
                capabilities.maxReceiveRequests(), perSend, perReceive, capabilities.maxInlineBytes()), allSignaled);
    }

    /**
     * Another capacity of inline data.
     *
     * @param bytes how many bytes a send work request can have
     * @return a changed copy
     */
    public QueuePairOptions withInline(int bytes) {
        return new QueuePairOptions(sendQueue, receiveQueue, new QueuePairCapabilities(capabilities.maxSendRequests(),
                capabilities.maxReceiveRequests(), capabilities.maxSendElements(), capabilities.maxReceiveElements(), bytes),
                allSignaled);
    }

    /**
     * Whether every send work request is to have a completion ({@code sq_sig_all}).
     *
     * @param all true if so
     * @return a changed copy
     */
    public QueuePairOptions withAllSignaled(boolean all) {
        return new QueuePairOptions(sendQueue, receiveQueue, capabilities, all);
    }
}
