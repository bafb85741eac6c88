package dev.daxverbs.examples.demo;

import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairAddress;

/**
 * Two queue pairs of one device, connected to each other.
 *
 * @param initiator the one that transfers are posted on
 * @param target the one that they go to
 */
record ConnectedPair(QueuePair initiator, QueuePair target) implements AutoCloseable {
    void connect() {
        ConnectOptions options = new ConnectOptions();
        QueuePairAddress initiatorAddress = initiator.address(options);
        initiator.connect(target.address(options), options);
        target.connect(initiatorAddress, options);
    }

    /** Begins anew after an error; what was outstanding is gone. */
    void reconnect() {
        initiator.toReset();
        target.toReset();
        connect();
    }

    @Override
    public void close() {
        initiator.close();
        target.close();
    }
}
