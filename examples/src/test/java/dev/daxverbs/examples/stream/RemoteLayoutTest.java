package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class RemoteLayoutTest {
    private record Range(long from, long to) {
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,ANY", "4,32,4096,ANY", "4,32,4096,ALIGNED", "3,5,10000,ANY", "256,2,100,ANY", "2,1024,4097,ALIGNED"})
    void shouldGiveNoByteToTwo(int connections, int depth, int size, OffsetMode mode) {
        RemoteLayout layout = new RemoteLayout(connections, depth, size, mode);
        List<Range> ranges = new ArrayList<>();
        for (int i = 0; i < layout.words(); i++) {
            ranges.add(new Range(layout.wordAt(i), layout.wordAt(i) + Long.BYTES));
        }
        for (int i = 0; i < connections; i++) {
            ranges.add(new Range(layout.ownWordAt(i), layout.ownWordAt(i) + Long.BYTES));
            for (int receive = 0; receive < layout.receives(); receive++) {
                ranges.add(new Range(layout.inboxAt(i, receive), layout.inboxAt(i, receive) + size));
            }
            for (int own = 0; own < depth; own++) {
                long at = layout.slotAt(layout.slot(i, own));
                long flagAt = layout.flagAt(layout.slot(i, own));
                ranges.add(new Range(at + flagAt, at + flagAt + Flag.BYTES));
                ranges.add(new Range(at + layout.bufferAt(0), at + layout.bufferAt(0) + size));
                ranges.add(new Range(at + layout.bufferAt(1), at + layout.bufferAt(1) + size));
                assertThat(layout.bufferAt(1) + size).isLessThanOrEqualTo(layout.slotBytes());
                if (mode == OffsetMode.ALIGNED) {
                    assertThat((at | flagAt | layout.bufferAt(0) | layout.bufferAt(1)) % Layout.PAGE_BYTES).isZero();
                }
            }
        }
        ranges.sort(Comparator.comparingLong(Range::from));
        for (int i = 1; i < ranges.size(); i++) {
            assertThat(ranges.get(i).from()).isGreaterThanOrEqualTo(ranges.get(i - 1).to());
        }
        assertThat(ranges.getLast().to()).isLessThanOrEqualTo(layout.bytes());
        assertThat(ranges).allSatisfy(range -> assertThat(range.from()).isNotNegative());
        assertThat(layout.ownWordAt(connections - 1) % Long.BYTES).isZero();
    }
}
