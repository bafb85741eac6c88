package dev.daxverbs.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

class PatternTest {
    private static final int CACHE_LINE = 64;

    private final Arena arena = Arena.ofAuto();

    private MemorySegment page(long sequence, long number) {
        MemorySegment page = arena.allocate(FileUnderTest.PAGE_BYTES, 8);
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
            for (long line = 0; line < FileUnderTest.PAGE_BYTES; line += CACHE_LINE) {
                assertThat(page(17, 4).asSlice(line, CACHE_LINE).mismatch(other.asSlice(line, CACHE_LINE))).isNotEqualTo(-1);
            }
        }
    }

    @Test
    void shouldNotLookLikeClearedMemory() {
        MemorySegment cleared = arena.allocate(FileUnderTest.PAGE_BYTES, 8);
        Pattern.clear(cleared);

        assertThat(page(17, 4).mismatch(cleared)).isNotEqualTo(-1);
    }
}
