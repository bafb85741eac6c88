package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

class FlagTest {
    private static final Flag FLAG = new Flag(77, 5, 1L << 40, 3, new Moment(9, true), 4097, 4095);
    private final MemorySegment bytes = Arena.ofAuto().allocate(Flag.BYTES + 1).asSlice(1); // at any address

    @Test
    void shouldBeReadAsItWasWritten() {
        FLAG.write(bytes);
        assertThat(Flag.read(bytes, 77, 5)).isEqualTo(FLAG);
    }

    @Test
    void shouldNotBeThatOfAnotherRunOrSlot() {
        FLAG.write(bytes);
        assertThat(Flag.read(bytes, 78, 5)).isNull();
        assertThat(Flag.read(bytes, 77, 6)).isNull();
    }

    @Test
    void shouldNotBeReadWhileItIsWritten() {
        new Flag(77, 5, 12, 3, new Moment(8, true), 4096, 4096).write(bytes);
        MemorySegment next = Arena.ofAuto().allocate(Flag.BYTES);
        FLAG.write(next);
        for (long done = 0; done < Flag.BYTES; done++) {
            bytes.asSlice(0, done).copyFrom(next.asSlice(0, done));
            Flag seen = Flag.read(bytes, 77, 5);
            assertThat(seen == null || seen.sequence() == 12 || seen.equals(FLAG)).as("%d bytes of the next", done).isTrue();
        }
    }

    @Test
    void shouldNoticeEveryBitThatDiffers() {
        FLAG.write(bytes);
        for (long i = 0; i < Flag.BYTES; i++) {
            for (int bit = 0; bit < 8; bit++) {
                byte right = bytes.get(ValueLayout.JAVA_BYTE, i);
                bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (right ^ 1 << bit));
                assertThat(Flag.read(bytes, 77, 5)).isNull();
                bytes.set(ValueLayout.JAVA_BYTE, i, right);
            }
        }
    }

    @Test
    void shouldNotFindOneInZeros() {
        assertThat(Flag.read(bytes, 0, 0)).isNull();
    }
}
