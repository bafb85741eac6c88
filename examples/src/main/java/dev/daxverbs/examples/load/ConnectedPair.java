package dev.daxverbs.examples.load;

import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairAddress;

/**
 * Two queue pairs of one device, connected to each other.
 *
 * @param initiator the one that transfers are posted on
 * @param target the one that they go to
 */
public record ConnectedPair(QueuePair initiator, QueuePair target) implements AutoCloseable {
    /** 4.096 µs times two to this power, a second, is to pass without an answer before anything is sent again. */
    private static final int TIMEOUT_EXPONENT = 18;
    private static final int RETRIES = 7;

    /** Connects each to the other; both are in RESET. */
    public void connect() {
        // The usual 67 ms are nothing on emulated processors that others use as well: eight of them, and the queue pair is dead without any break.
        ConnectOptions options = new ConnectOptions().retries(TIMEOUT_EXPONENT, RETRIES);
        QueuePairAddress initiatorAddress = initiator.address(options);
        initiator.connect(target.address(options), options);
        target.connect(initiatorAddress, options);
    }

    /** What the device says of them: which one an error has stopped. */
    public String states() {
        return "initiator %s, target %s".formatted(initiator.query().state(), target.query().state());
    }

    /** Begins anew after an error; what was outstanding is gone. */
    public void reconnect() {
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
