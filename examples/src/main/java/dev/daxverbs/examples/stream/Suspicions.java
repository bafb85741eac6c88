package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.stream.Judge.Verdict;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What a read brought that was not what the peer had written, and that others may have put there: the peer does not hear of breaks. So it waits until the owner
 * tells what the lease is like at a later time. If there has been no break since, nobody else can have been it. One thread.
 */
final class Suspicions {
    private record Suspicion(Moment since, long message, Verdict otherwise, String reason) {
    }

    private final Tally tally;
    private final Deque<Suspicion> open = new ArrayDeque<>();

    Suspicions(Tally tally) {
        this.tally = tally;
    }

    /**
     * Something is not as it should be.
     *
     * @param since what the owner last told before the bytes were written
     * @param nextMessage the number of the next message to the owner; when it has been taken, it is later than now
     * @param otherwise the verdict if there was a break in between
     * @param reason what it means if there was none
     */
    void add(Moment since, long nextMessage, Verdict otherwise, String reason) {
        open.add(new Suspicion(since, nextMessage, otherwise, reason));
    }

    /**
     * The owner has told.
     *
     * @param moment what the lease was like
     * @param taken how many messages it had taken before it looked
     */
    void told(Moment moment, long taken) {
        while (!open.isEmpty() && open.peek().message() < taken) {
            Suspicion first = open.remove();
            tally.compared(first.since().quietUntil(moment) ? Verdict.WRONG : first.otherwise(), first.reason());
        }
    }

    /** Nobody will tell any more. */
    void end() {
        open.forEach(suspicion -> tally.compared(suspicion.otherwise(), suspicion.reason()));
        open.clear();
    }
}
