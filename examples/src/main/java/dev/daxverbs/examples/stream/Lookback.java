package dev.daxverbs.examples.stream;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What the lease was like a while ago, at a time when what completes now had not completed: one to two seconds. One thread.
 *
 * <p>It is not enough to look at the poll before: a staged transfer reaches the file when its bytes are copied, and completes when the thread that
 * copied them gets the processor again. If that is not within a second, somebody else's change may be taken for a lost transfer.
 */
final class Lookback {
    private static final long LAG_NS = TimeUnit.SECONDS.toNanos(1);

    private final Supplier<Moment> now;
    private long earlierNs;
    private Moment earlier;
    private long laterNs;
    private Moment later;

    Lookback(Supplier<Moment> now) {
        this.now = now;
    }

    /** Called before each poll. */
    void beforePoll(long nowNs) {
        if (later == null || nowNs - laterNs >= LAG_NS) {
            earlier = later == null ? now.get() : later;
            earlierNs = later == null ? nowNs : laterNs;
            later = now.get();
            laterNs = nowNs;
        }
    }

    /**
     * The lease at a time before a transfer was executed that completes now: when it was posted, or some time after. Nobody has looked when an
     * unsignaled one was; and a write with immediate data that is staged is in its file a round trip before the peer is told.
     */
    Moment of(Transfer transfer) {
        boolean completesAtOnce = transfer.signaled && transfer.step != Step.WRITE_IMMEDIATE;
        return completesAtOnce && earlierNs - transfer.postedNs > 0 ? earlier : transfer.postedAt;
    }
}
