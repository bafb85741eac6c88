package dev.daxverbs.lease;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RehearsalTest {
    @Test
    void shouldGoThroughABreakOfAFileOfItsOwn() {
        assertThat(Rehearsal.run()).isTrue();
    }
}
