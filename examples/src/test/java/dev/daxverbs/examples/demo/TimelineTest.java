package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class TimelineTest {
    private static final long START = -1_000_000_000L; // nanoTime may be negative
    private static final long BUCKET = 100;

    private final Timeline timeline = new Timeline(START, BUCKET);

    @Test
    void shouldKeepTheWorstOfEachBucket() {
        timeline.succeeded(START + 10, 50, false);
        timeline.succeeded(START + 20, 70, false);
        timeline.succeeded(START + 30, 900, true);
        timeline.succeeded(START + 130, 60, false);
        timeline.failed(START + 140);
        timeline.lost(START + 150);
        timeline.lost(START + 199);

        List<Timeline.Bucket> buckets = timeline.finish();

        assertThat(buckets).containsExactly(new Timeline.Bucket(50, 70, 70, 900, 0, 0), new Timeline.Bucket(150, 60, 60, 0, 1, 2));
    }

    @Test
    void shouldLeaveOutBucketsWithoutTransfers() {
        timeline.failed(START + 5);
        timeline.succeeded(START + 1005, 7, false);

        assertThat(timeline.finish()).extracting(Timeline.Bucket::timeNs).containsExactly(50L, 1050L);
    }

    @Test
    void shouldBeEmptyWithoutTransfers() {
        assertThat(timeline.finish()).isEmpty();
    }
}
