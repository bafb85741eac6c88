package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashSet;
import java.util.Set;

class SlotTest {
    private static final int DEPTH = 4;

    @Test
    void shouldReadEachPageThatItWrote() {
        Slot slot = new Slot(2, DEPTH, 256);
        for (long sequence = 0; sequence < 100; sequence += 2) {
            slot.next(sequence);
            assertThat(slot.isRead()).isFalse();
            long written = slot.page();
            slot.next(sequence + 1);
            assertThat(slot.isRead()).isTrue();
            assertThat(slot.page()).isEqualTo(written);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 7, 64, 255, 256, 257, 8192, 35_256})
    void shouldUseEveryPageAndNoneOfAnotherSlot(long pages) {
        Set<Long> all = new HashSet<>();
        for (int index = 0; index < DEPTH; index++) {
            Slot slot = new Slot(index, DEPTH, pages);
            for (long turn = 0; turn < pages; turn++) {
                slot.next(2 * turn);
                assertThat(slot.page()).isBetween(0L, pages - 1);
                assertThat(slot.page() % DEPTH).isEqualTo(index);
                all.add(slot.page());
                slot.next(2 * turn + 1);
            }
        }
        assertThat((long) all.size()).isEqualTo(pages);
    }

    @Test
    void shouldFindItselfByTheNumberOfItsRequest() {
        Slot slot = new Slot(3, DEPTH, 256);
        slot.next(123_456_789_012L);

        assertThat(Slot.indexOf(slot.workRequestId())).isEqualTo(3);
        long id = slot.workRequestId();
        slot.next(123_456_789_013L);
        assertThat(slot.workRequestId()).isNotEqualTo(id);
    }

    @Test
    void shouldHaveBuffersOfItsOwn() {
        Set<Long> offsets = new HashSet<>();
        for (int index = 0; index < DEPTH; index++) {
            Slot slot = new Slot(index, DEPTH, 256);
            offsets.add(slot.writeOffset);
            offsets.add(slot.readOffset);
        }

        assertThat(offsets).hasSize(2 * DEPTH).allMatch(offset -> offset % FileUnderTest.PAGE_BYTES == 0 && offset < 2 * DEPTH * FileUnderTest.PAGE_BYTES);
    }

    @Test
    void shouldRefuseAFileWithFewerPagesThanSlots() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Slot(0, DEPTH, DEPTH - 1));
    }
}
