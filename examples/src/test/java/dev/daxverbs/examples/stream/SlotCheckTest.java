package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.load.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;

/** The file is memory here, which a peer that does wrong writes to. */
class SlotCheckTest {
    private static final long RUN = 0x1234_5678_9abcL;
    private static final int CONNECTION = 1;
    private static final int SLOT = 2;
    private static final Moment HELD = new Moment(3, true);

    private final RemoteLayout layout = new RemoteLayout(2, 3, 4096, OffsetMode.ANY);
    private final MemorySegment file = Arena.ofAuto().allocate(layout.bytes());
    private final Tally tally = new Tally();
    private final int number = layout.slot(CONNECTION, SLOT);
    private Moment now = HELD;
    private Runnable onRead = () -> { };
    private long fileBytes = layout.bytes();

    private SlotCheck check(ContentChange change) {
        return new SlotCheck(this::read, layout, RUN, CONNECTION, change, () -> now, tally, TimeUnit.MILLISECONDS.toNanos(100));
    }

    private long read(MemorySegment destination, long position) {
        long bytes = Math.clamp(fileBytes - position, 0, destination.byteSize());
        destination.asSlice(0, bytes).copyFrom(file.asSlice(position, bytes));
        onRead.run();
        return bytes;
    }

    private Flag flag(long sequence) {
        return new Flag(RUN, number, sequence, sequence, HELD, (int) layout.bufferAt((int) sequence % 2) + 100, 700);
    }

    private MemorySegment payload(Flag flag) {
        return file.asSlice(layout.slotAt(number) + flag.at(), flag.length());
    }

    private void writePayload(Flag flag) {
        Pattern.fill(payload(flag), flag.sequence(), Flag.payloadPlace(RUN, number));
    }

    private void writeFlag(Flag flag) {
        flag.write(file.asSlice(layout.slotAt(number) + layout.flagAt(number), Flag.BYTES));
    }

    private void put(long sequence) {
        writePayload(flag(sequence));
        writeFlag(flag(sequence));
    }

    private void lookAtAll(SlotCheck check) throws IOException {
        for (int i = 0; i < layout.depth(); i++) {
            check.lookAtNext();
        }
    }

    @Test
    void shouldFindWhatIsRight() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        lookAtAll(check);
        for (long sequence = 1; sequence < 5; sequence++) {
            put(sequence);
            lookAtAll(check);
            check.toldComplete(SLOT, sequence, HELD);
            check.arrived(SLOT, sequence - 1);
        }
        assertThat(tally.lost() + tally.outOfOrder()).isZero();
        assertThat(tally.compared()).isEqualTo(20);
    }

    @Test
    void shouldMissAPayloadWhoseFlagIsThere() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(1);
        payload(flag(1)).set(ValueLayout.JAVA_BYTE, 699, (byte) 0);
        lookAtAll(check);
        assertThat(tally.lost()).isEqualTo(1);
        assertThat(tally.reasons()).containsOnlyKeys("a flag is in the file, and not its payload");
    }

    @Test
    void shouldTellAPayloadThatComesAfterItsFlag() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        writeFlag(flag(1));
        int[] reads = {0};
        onRead = () -> {
            if (++reads[0] == 8) {
                writePayload(flag(1));
            }
        };
        lookAtAll(check);
        assertThat(tally.lost()).isZero();
        assertThat(tally.outOfOrder()).isEqualTo(1);
    }

    @Test
    void shouldNotTakeThePayloadOfTheOneAfterNextForALoss() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(1);
        int[] reads = {0};
        onRead = () -> {
            if (++reads[0] == 3) { // the flags of the other two slots, and this one's
                put(2);
                writePayload(flag(3)); // over the first, before it is read
            }
        };
        lookAtAll(check);
        assertThat(tally.lost() + tally.outOfOrder()).isZero();
        assertThat(tally.compared()).isZero();
    }

    @Test
    void shouldMissWhatThePeerWasToldIsComplete() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(1);
        check.toldComplete(SLOT, 2, HELD);
        check.arrived(SLOT, 1);
        assertThat(tally.lost()).isEqualTo(2);
    }

    @Test
    void shouldNoticeThatAnOlderFlagIsBackOrOneIsGone() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(2);
        lookAtAll(check);
        put(1);
        lookAtAll(check);
        file.asSlice(layout.slotAt(number), Layout.PAGE_BYTES).fill((byte) 0);
        lookAtAll(check);
        assertThat(tally.reasons()).containsOnlyKeys("a slot has an older flag than before", "the flag of a slot is gone");
        assertThat(tally.lost()).isEqualTo(2);
    }

    @Test
    void shouldNoticeBytesThatAreNoFlag() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(1);
        file.set(ValueLayout.JAVA_BYTE, layout.slotAt(number) + layout.flagAt(number) + 17, (byte) 99);
        lookAtAll(check);
        assertThat(tally.reasons()).containsOnlyKeys("a slot has bytes that are no flag");
    }

    @ParameterizedTest
    @EnumSource(names = {"ZEROS", "ANYTHING"})
    void shouldLetOthersChangeWhatTheyMayWhenThereWasABreak(ContentChange change) throws IOException {
        SlotCheck check = check(change);
        put(2);
        lookAtAll(check);
        now = new Moment(4, true);
        payload(flag(2)).fill((byte) 0);
        lookAtAll(check);
        now = new Moment(5, true);
        file.fill((byte) 0);
        lookAtAll(check);
        check.toldComplete(SLOT, 3, HELD);
        now = new Moment(6, true);
        fileBytes = 0;
        lookAtAll(check);
        assertThat(tally.lost() + tally.outOfOrder()).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"ZEROS", "ANYTHING"})
    void shouldNotLetOthersChangeAnythingWithoutABreak(ContentChange change) throws IOException {
        SlotCheck check = check(change);
        put(2);
        lookAtAll(check);
        payload(flag(2)).fill((byte) 0);
        lookAtAll(check);
        file.fill((byte) 0);
        lookAtAll(check);
        check.toldComplete(SLOT, 3, HELD);
        assertThat(tally.lost()).isEqualTo(4);
    }

    @Test
    void shouldNoticeBytesOfOthersThatTruncationDoesNotMake() throws IOException {
        SlotCheck check = check(ContentChange.ZEROS);
        put(1);
        now = new Moment(4, true);
        payload(flag(1)).fill((byte) 7);
        lookAtAll(check);
        assertThat(tally.lost()).isEqualTo(1);
    }

    @Test
    void shouldCompareAllOfASlotInTheEnd() throws IOException {
        SlotCheck check = check(ContentChange.NOTHING);
        put(1);
        MemorySegment slot = file.asSlice(layout.slotAt(number), layout.slotBytes());
        long right = SlotCheck.checksum(slot, layout, number, ContentChange.NOTHING);
        check.compareInTheEnd(SLOT, 1, right);
        assertThat(tally.lost()).isZero();
        assertThat(tally.compared()).isEqualTo(1);
        slot.set(ValueLayout.JAVA_BYTE, layout.slotBytes() - 1, (byte) 1); // which nobody should have written
        check.compareInTheEnd(SLOT, 1, right);
        assertThat(tally.lost()).isEqualTo(1);
        check.compareInTheEnd(SLOT, -1, right); // the peer does not know
        assertThat(tally.lost()).isEqualTo(1);
    }

    @Test
    void shouldLookForTheBytesOfMessages() throws IOException {
        SlotCheck check = check(ContentChange.ANYTHING);
        MemorySegment inbox = file.asSlice(layout.inboxAt(CONNECTION, 7), 300);
        Pattern.fill(inbox, 1000, Flag.messagePlace(RUN, CONNECTION));
        check.compareMessage(7, 1000, 300, HELD);
        assertThat(tally.compared()).isEqualTo(1);
        assertThat(tally.lost()).isZero();
        check.compareMessage(7, 1001, 300, HELD);
        assertThat(tally.lost()).isEqualTo(1);
        now = new Moment(3, false); // a break has begun, and is not counted yet: nobody has opened the file
        check.compareMessage(7, 1001, 300, HELD);
        assertThat(tally.lost()).isEqualTo(2);
        now = new Moment(4, false);
        check.compareMessage(7, 1001, 300, HELD);
        assertThat(tally.lost()).isEqualTo(2);
    }

    @Test
    void shouldCompareWordsIfNobodyElseChangesThem() throws IOException {
        file.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, 41);
        check(ContentChange.NOTHING).compareWord(8, 41, "right");
        check(ContentChange.NOTHING).compareWord(8, 42, "wrong");
        check(ContentChange.ZEROS).compareWord(8, 42, "not known");
        assertThat(tally.reasons()).containsOnlyKeys("wrong");
    }
}
