package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class LaneTest {
    private final List<String> passed = new ArrayList<>();
    private final Lane<String> lane = new Lane<>(4, request -> request.startsWith("silent"));

    private void post(String... requests) {
        for (String request : requests) {
            lane.accept(request);
        }
    }

    @Test
    void shouldTakeCompletionsInOrder() {
        for (int round = 0; round < 10; round++) {
            long first = lane.next();
            post("a", "b", "c");
            assertThat(lane.complete(first, passed)).isEqualTo("a");
            assertThat(lane.complete(first + 1, passed)).isEqualTo("b");
            assertThat(lane.complete(first + 2, passed)).isEqualTo("c");
        }
        assertThat(lane.violations()).isZero();
        assertThat(passed).isEmpty();
    }

    @Test
    void shouldEndSilentRequestsWithTheOneBehindThem() {
        post("silent 1", "silent 2", "b", "silent 3");
        assertThat(lane.complete(2, passed)).isEqualTo("b");
        assertThat(passed).containsExactly("silent 1", "silent 2");
        assertThat(lane.violations()).isZero();
    }

    @Test
    void shouldTakeTheFailureOfASilentRequest() {
        post("silent 1", "b");
        assertThat(lane.complete(0, passed)).isEqualTo("silent 1");
        assertThat(lane.complete(1, passed)).isEqualTo("b");
        assertThat(lane.violations()).isZero();
    }

    @Test
    void shouldNoticeOvertaking() {
        post("a", "b");
        assertThat(lane.complete(1, passed)).isEqualTo("b");
        assertThat(lane.violations()).isEqualTo(1);
        assertThat(lane.firstViolation()).isEqualTo("1 overtook 0, a a, with completed=0, posted=2");
        assertThat(lane.complete(0, passed)).isEqualTo("a");
        assertThat(lane.violations()).isEqualTo(2);
    }

    @Test
    void shouldNoticeASecondCompletion() {
        post("a", "b");
        lane.complete(0, passed);
        assertThat(lane.complete(0, passed)).isNull();
        assertThat(lane.violations()).isEqualTo(1);
    }

    @Test
    void shouldNoticeTheCompletionOfASilentRequestThatIsDone() {
        post("silent", "b");
        lane.complete(1, passed);
        assertThat(lane.complete(0, passed)).isNull();
        assertThat(lane.violations()).isEqualTo(1);
    }

    @Test
    void shouldNoticeNumbersThatNothingOutstandingHas() {
        post("a");
        assertThat(lane.complete(1, passed)).isNull();
        assertThat(lane.complete(-1, passed)).isNull();
        assertThat(lane.complete(1L << 40, passed)).isNull();
        assertThat(lane.violations()).isEqualTo(3);
        assertThat(lane.complete(0, passed)).isEqualTo("a");
    }

    @Test
    void shouldRefuseMoreThanItHasRoomFor() {
        post("a", "b", "c", "d");
        assertThatIllegalStateException().isThrownBy(() -> lane.accept("e"));
    }
}
