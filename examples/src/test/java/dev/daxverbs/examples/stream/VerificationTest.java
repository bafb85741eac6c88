package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** On a real file, with the program in the device's place: what it writes to the file is what a transfer would have. */
class VerificationTest {
    private static final int FILE_BYTES = 1 << 20;

    private final Tally tally = new Tally();
    private final MemorySegment none = Arena.ofAuto().allocate(Example.SIZE);
    private Moment present = new Moment(0, true);
    private DaxFile file;
    private Layout layout;
    private Place place;
    private Verification verification;

    @BeforeEach
    void open(@TempDir Path folder) throws IOException {
        file = DaxFile.open(folder.resolve("x"), StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        file.extend(FILE_BYTES);
    }

    @AfterEach
    void close() throws IOException {
        file.close();
    }

    private void begin(OffsetMode mode, ContentChange change) throws IOException {
        Settings settings = Example.settings(Operation.MIXED, mode, change);
        layout = Layout.of(FILE_BYTES, 3, settings.places(), settings.size(), true);
        verification = new Verification(file::read, layout, settings, new WordLedger(1, change), () -> present, tally);
        place = new Place(1, layout.piecesOf(1, settings.places()), settings, new Random(1), Arena.ofAuto());
        place.nextPut(17);
        if (mode == OffsetMode.ANY) {
            verification.lookAround(place);
        }
        place.put.postedAt = present;
        place.put.since = present;
    }

    private long at(Transfer transfer) {
        return layout.regions().get(place.region()).offset() + transfer.offset;
    }

    private void put() throws IOException {
        file.write(place.expected(place.put), at(place.put));
    }

    private MemorySegment brought(Transfer get) throws IOException {
        MemorySegment bytes = Arena.ofAuto().allocate(get.lengthBytes);
        file.read(bytes, at(get));
        return bytes;
    }

    private void spoil(long offset) throws IOException {
        file.write(MemorySegment.ofArray(new byte[] {0x55}), at(place.put) + offset);
    }

    private void expect(long compared, long excused, long lost) {
        assertThat(tally.compared()).as("compared").isEqualTo(compared);
        assertThat(tally.excused()).as("excused").isEqualTo(excused);
        assertThat(tally.lost()).as("lost, %s", tally.reasons()).isEqualTo(lost);
    }

    @Test
    void shouldFindWhatWasPut() throws IOException {
        begin(OffsetMode.ANY, ContentChange.ZEROS);
        put();
        verification.putSucceeded(place, none);
        expect(1, 0, 0);
        place.nextGet(Step.READ);
        place.get.postedAt = present;
        verification.getSucceeded(place, brought(place.get), none);
        expect(2, 0, 0);
    }

    @Test
    void shouldNoticeAPutThatDidNothing() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ZEROS);
        verification.putSucceeded(place, none);
        expect(1, 0, 1);
    }

    @Test
    void shouldNoticeOneWrongByte() throws IOException {
        begin(OffsetMode.ANY, ContentChange.ZEROS);
        put();
        spoil(place.put.lengthBytes / 2);
        verification.putSucceeded(place, none);
        expect(1, 0, 1);
    }

    @Test
    void shouldNoticeAByteBesideTheRange() throws IOException {
        begin(OffsetMode.ANY, ContentChange.ZEROS);
        assertThat(place.marginEnd()).isGreaterThan(place.put.offset + place.put.lengthBytes);
        put();
        spoil(place.put.lengthBytes);
        verification.putSucceeded(place, none);
        expect(2, 0, 1);
    }

    @Test
    void shouldNoticeAGetThatBroughtOtherBytes() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ZEROS);
        put();
        verification.putSucceeded(place, none);
        place.nextGet(Step.READ);
        place.get.postedAt = present;
        MemorySegment brought = brought(place.get);
        brought.fill((byte) 0);
        verification.getSucceeded(place, brought, none);
        expect(2, 0, 1);
    }

    @Test
    void shouldNoticeAPutThatCompletedAfterABreakAndDidNothing() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ZEROS);
        present = new Moment(1, true);
        place.put.since = present;
        verification.putSucceeded(place, none);
        expect(1, 0, 1);
        assertThat(tally.reasons().keySet().iterator().next()).contains("while it was outstanding");
    }

    @Test
    void shouldExcuseWhatATruncationCutOff() throws IOException {
        begin(OffsetMode.ANY, ContentChange.ZEROS);
        put();
        file.truncate(at(place.put));
        present = new Moment(1, false);
        verification.putSucceeded(place, none);
        expect(0, 1, 0);
        file.truncate(FILE_BYTES);
        present = new Moment(1, true);
        place.nextGet(Step.READ);
        place.get.postedAt = present;
        verification.getSucceeded(place, brought(place.get), none); // what the file has, and zeros in place of what was put
        expect(1, 2, 0);
    }

    @Test
    void shouldNotExcuseThemOfOthersThatChangeNothing() throws IOException {
        begin(OffsetMode.ANY, ContentChange.NOTHING);
        put();
        file.truncate(at(place.put));
        present = new Moment(1, false);
        verification.putSucceeded(place, none);
        assertThat(tally.lost()).isPositive();
    }

    @Test
    void shouldNotExcuseOtherBytesNearABreak() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ZEROS);
        put();
        spoil(100);
        present = new Moment(1, true);
        verification.putSucceeded(place, none);
        expect(1, 0, 1);
    }

    @Test
    void shouldCompareAGetWithTheFileWhenThePutMetABreak() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ANYTHING);
        present = new Moment(1, true);
        verification.putSucceeded(place, none); // others have written over it
        expect(0, 0, 0);
        place.nextGet(Step.READ);
        place.get.postedAt = present;
        MemorySegment brought = brought(place.get);
        verification.getSucceeded(place, brought, none);
        expect(1, 0, 0);
        brought.fill((byte) 1);
        verification.getSucceeded(place, brought, none);
        expect(2, 0, 1);
    }

    @Test
    void shouldNoticeAWrongElementOfAnonymousMemory() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.ANYTHING);
        while (place.put.step != Step.SPLIT_READ) {
            place.nextPut(18);
            place.getStep();
        }
        place.put.postedAt = present;
        place.put.since = present;
        put();
        verification.putSucceeded(place, place.tail(place.put));
        expect(1, 0, 0);
        MemorySegment tail = Arena.ofAuto().allocate(place.put.tailBytes).copyFrom(place.tail(place.put));
        tail.fill((byte) 0);
        verification.putSucceeded(place, tail);
        expect(3, 0, 1);
    }

    @Test
    void shouldNoticeAWordThatHasAnotherValueInTheEnd() throws IOException {
        begin(OffsetMode.ALIGNED, ContentChange.NOTHING);
        place.nextAtomic(0);
        place.get.postedAt = present;
        verification.atomicSucceeded(place.get, 0);
        expect(1, 0, 0);
        verification.wordsEnded(); // the file has 0 there, not 1
        expect(2, 0, 1);
    }
}
