package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Since when others may have changed what a transfer did. */
class LookbackTest {
    private static final long SECOND_NS = 1_000_000_000;

    private long breaks;
    private final Lookback lookback = new Lookback(() -> new Moment(breaks, true));

    private Transfer transfer(Step step, long postedNs) {
        Transfer transfer = new Transfer(null);
        transfer.step = step;
        transfer.signaled = true;
        transfer.postedNs = postedNs;
        transfer.postedAt = new Moment(-1, true);
        return transfer;
    }

    private void pollAt(long second) {
        breaks = second;
        lookback.beforePoll(second * SECOND_NS);
    }

    @Test
    void shouldBeThePostingOfWhatWasPostedLately() {
        pollAt(10);
        pollAt(11);
        assertThat(lookback.of(transfer(Step.WRITE, 10 * SECOND_NS + 1)).breaks()).isEqualTo(-1);
    }

    @Test
    void shouldBeOneToTwoSecondsAgoForWhatWasPostedBefore() {
        for (int second = 10; second < 20; second++) {
            pollAt(second);
            lookback.beforePoll(second * SECOND_NS + SECOND_NS / 2);
        }
        assertThat(lookback.of(transfer(Step.WRITE, 10 * SECOND_NS)).breaks()).isEqualTo(18);
    }

    @Test
    void shouldBeThePostingOfWhatIsExecutedLongBeforeItCompletes() {
        pollAt(10);
        pollAt(12);
        pollAt(14);
        assertThat(lookback.of(transfer(Step.WRITE_IMMEDIATE, 10 * SECOND_NS)).breaks()).isEqualTo(-1);
        Transfer unsignaled = transfer(Step.WRITE, 10 * SECOND_NS);
        unsignaled.signaled = false;
        assertThat(lookback.of(unsignaled).breaks()).isEqualTo(-1);
    }
}
