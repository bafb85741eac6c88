package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.stream.ControlMessage.Kind;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

class ControlMessageTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(ControlMessage.BYTES);
    private final ControlMessage message = new ControlMessage(memory);

    @Test
    void shouldHaveAllThatWasPutIntoIt() {
        message.begin(Kind.REPORT, 99, 3, 1234);
        message.moment(new Moment(6, false));
        message.taken(55);
        message.granted(66);
        message.flags(ControlMessage.ENDING | 2 << ControlMessage.PHASE_SHIFT);
        message.values(1, 2, 3, 4, 5, 6, 7, 8);
        for (int i = 0; i < ControlMessage.MOST_ENTRIES; i++) {
            message.add(i, -i, 100L * i);
        }
        message.seal();

        assertThat(message.isValid(99)).isTrue();
        assertThat(message.isValid(0)).isTrue();
        assertThat(message.isValid(98)).isFalse();
        assertThat(message.kind()).isEqualTo(Kind.REPORT);
        assertThat(message.connection()).isEqualTo(3);
        assertThat(message.number()).isEqualTo(1234);
        assertThat(message.moment()).isEqualTo(new Moment(6, false));
        assertThat(message.taken()).isEqualTo(55);
        assertThat(message.granted()).isEqualTo(66);
        assertThat(message.flags()).isEqualTo(513);
        assertThat(message.value(0)).isEqualTo(1);
        assertThat(message.value(7)).isEqualTo(8);
        assertThat(message.count()).isEqualTo(ControlMessage.MOST_ENTRIES);
        for (int i = 0; i < ControlMessage.MOST_ENTRIES; i++) {
            assertThat(message.entrySlot(i)).isEqualTo(i);
            assertThat(message.entryNumber(i)).isEqualTo(-i);
            assertThat(message.entryValue(i)).isEqualTo(100L * i);
        }
    }

    @Test
    void shouldCutATextThatIsTooLong() {
        message.begin(Kind.REFUSED, 1, 0, 0).text("no room");
        message.seal();
        assertThat(message.isValid(1)).isTrue();
        assertThat(message.text()).isEqualTo("no room");
        message.begin(Kind.REFUSED, 1, 0, 0).text("x".repeat(1000));
        message.seal();
        assertThat(message.isValid(1)).isTrue();
        assertThat(message.text()).hasSizeBetween(300, 400);
    }

    @Test
    void shouldNoticeEveryByteThatDiffers() {
        message.begin(Kind.LAST, 5, 1, 7).seal();
        for (long i = 0; i < ControlMessage.BYTES; i++) {
            byte right = memory.get(ValueLayout.JAVA_BYTE, i);
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) ~right);
            assertThat(message.isValid(0)).as("byte %d", i).isFalse();
            memory.set(ValueLayout.JAVA_BYTE, i, right);
        }
        assertThat(message.isValid(0)).isTrue();
        memory.fill((byte) 0);
        assertThat(message.isValid(0)).isFalse();
    }
}
