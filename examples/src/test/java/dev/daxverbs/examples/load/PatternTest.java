package dev.daxverbs.examples.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

class PatternTest {
    private static final long PAGE_BYTES = 4096;
    private static final int CACHE_LINE = 64;

    private final Arena arena = Arena.ofAuto();

    private MemorySegment page(long sequence, long number) {
        MemorySegment page = arena.allocate(PAGE_BYTES, 8);
        Pattern.fill(page, sequence, number);
        return page;
    }

    @Test
    void shouldBeTheSameForTheSameTransfer() {
        assertThat(page(17, 4).mismatch(page(17, 4))).isEqualTo(-1);
    }

    @Test
    void shouldDifferInEveryCacheLine() {
        for (MemorySegment other : new MemorySegment[] {page(18, 4), page(16, 4), page(17, 5), page(4, 17), page(-1, 4)}) {
            for (long line = 0; line < PAGE_BYTES; line += CACHE_LINE) {
                assertThat(page(17, 4).asSlice(line, CACHE_LINE).mismatch(other.asSlice(line, CACHE_LINE))).isNotEqualTo(-1);
            }
        }
    }

    @Test
    void shouldNotLookLikeClearedMemory() {
        MemorySegment cleared = arena.allocate(PAGE_BYTES, 8);
        Pattern.clear(cleared);

        assertThat(page(17, 4).mismatch(cleared)).isNotEqualTo(-1);
    }

    @Test
    void shouldFillAnyLengthAtAnyAddress() {
        for (int length = 1; length < 40; length++) {
            MemorySegment memory = arena.allocate(64);
            Pattern.fill(memory.asSlice(3, length), 0x0102_0304_0506_0708L, 9);
            byte[] filled = memory.toArray(ValueLayout.JAVA_BYTE);

            assertThat(filled).startsWith(0, 0, 0);
            assertThat(length % 8 == 0 || filled[3 + length - 1] != 0).isTrue();
            assertThat(filled[3 + length]).isZero();
        }
    }
}
