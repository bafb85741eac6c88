package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GapWatchTest {
    private static final long MS = 1_000_000;
    private final GapWatch gaps = new GapWatch();

    @Test
    void shouldTellTheLongestTimeWithoutCompletions() {
        gaps.completed(1010 * MS, 0);
        gaps.completed(1060 * MS, 0);
        gaps.completed(1070 * MS, 0);
        assertThat(gaps.longest()).isEqualTo(new GapWatch.Gaps(50, 0, 0));
        gaps.end(1200 * MS);
        gaps.end(5000 * MS);
        gaps.completed(9000 * MS, 0);
        assertThat(gaps.longest()).isEqualTo(new GapWatch.Gaps(130, 0, 0));
    }

    @Test
    void shouldCountTheWayIntoAndOutOfEmulationAsEmulated() {
        gaps.completed(100 * MS, 0);
        assertThat(gaps.longest().all()).isZero();
        assertThat(gaps.longest().emulated()).isZero();
        gaps.completed(120 * MS, 3);
        assertThat(gaps.longest().emulated()).isEqualTo(20);
        gaps.completed(150 * MS, 3);
        assertThat(gaps.longest().emulated()).isEqualTo(30);
        gaps.completed(250 * MS, 3);
        assertThat(gaps.longest().emulated()).isEqualTo(30);
    }

    @Test
    void shouldTellApartWhatWasWhileAWriterHeldTheFile() {
        gaps.completed(0, 0);
        gaps.completed(500 * MS, 0);
        gaps.hold(true);
        gaps.completed(540 * MS, 0);
        gaps.hold(false);
        gaps.completed(600 * MS, 0);
        assertThat(gaps.longest().held()).isEqualTo(40);
        assertThat(gaps.longest().all()).isEqualTo(500);
    }
}
