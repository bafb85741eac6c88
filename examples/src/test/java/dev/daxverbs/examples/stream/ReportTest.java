package dev.daxverbs.examples.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.examples.load.Json;
import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.examples.stream.ConnectedNumbers.Side;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;

class ReportTest {
    private static Report report(long transfers, long failed, long outOfOrder, long compared, long lost) {
        return report(transfers, failed, outOfOrder, compared, lost, 0, 5);
    }

    private static Report report(long transfers, long failed, long outOfOrder, long compared, long lost, long wantedBreaks, long breaks) {
        return new Report("7.3", "rxe0", "TMPFS", "DIRECT", Example.settings(Operation.MIXED, OffsetMode.ANY, ContentChange.ZEROS, wantedBreaks), 1.5,
                transfers, failed, 3, outOfOrder, compared, 4, lost, new Counts(990, 10, 7, breaks, 1, 2),
                new Latency(transfers, 97.3, 410.5, 5_100, 9_000), failed > 0 ? Map.of("READ: remote access error", failed) : Map.of(),
                List.of(new Report.BreakerRuns(": < \"$FILE\"", 7, 1)), null);
    }

    @Test
    void shouldHaveWhatOtherProgramsRead() throws IOException {
        StringWriter out = new StringWriter();
        Json.write(out, report(1000, 6, 0, 900, 0));

        assertThat(out.toString().replaceAll("\\s", "")).isEqualTo("""
                {"kernel":"7.3","device":"rxe0","file":"/dev/shm/x","memory":"TMPFS","memory_source":"declared",\
                "first_region":"DIRECT","op":"mixed","size":4096,"depth":4,"queue_pairs":2,"regions":1,\
                "offset_mode":"any","seconds":1.5,"transfers":1000,"breaks":5,"failed":6,"lost":0,"p50_us":97.3,"p99_us":410.5,"p999_us":5100.0,\
                "max_us":9000.0,"direct":990,"staged":10,"emulated":7,"truncated":3,"forced":1,"fenced":2,"out_of_order":0,"compared":900,"excused":4,\
                "reasons":{"READ:remoteaccesserror":6},"breakers":[{"command":":<\\"$FILE\\"","runs":7,"bad":1}]}""");
    }

    @Test
    void shouldBeContentOnlyWithTransfersThatWereAllRight() {
        assertThat(report(1000, 0, 0, 900, 0).complaint()).isEmpty();
        assertThat(report(1000, 1, 0, 900, 0).complaint()).hasValueSatisfying(text -> assertThat(text).contains("failed=1"));
        assertThat(report(1000, 0, 1, 900, 0).complaint()).hasValueSatisfying(text -> assertThat(text).contains("out_of_order=1"));
        assertThat(report(1000, 0, 0, 900, 1).complaint()).hasValueSatisfying(text -> assertThat(text).contains("lost=1"));
        assertThat(report(0, 0, 0, 0, 0).complaint()).contains("nothing was transferred");
        assertThat(report(1000, 0, 0, 0, 0).complaint()).contains("nothing was compared");
    }

    @Test
    void shouldNotBeContentIfThereWereToBeBreaksAndWereNone() {
        assertThat(report(1000, 0, 0, 900, 0, 100, 0).complaint()).contains("there were no lease breaks");
        assertThat(report(1000, 0, 0, 900, 0, 100, 1).complaint()).isEmpty();
        assertThat(report(1000, 0, 0, 900, 0, 0, 0).complaint()).isEmpty();
    }

    private static Report of(Operation operation, long compared, ConnectedNumbers connected) {
        Settings settings = Example.settings(operation, OffsetMode.ANY, ContentChange.ZEROS, 0);
        return new Report("7.3", "rxe0", "REMOTE", "", settings, 1.5, 1000, 0, 0, 0, compared, 0, 0, Counts.NONE, Latency.NONE, Map.of(), List.of(), connected);
    }

    private static ConnectedNumbers numbers(ConnectedNumbers.Side side, Owner.Told other, HoldWatch.Held held) {
        return new ConnectedNumbers(side, "[::1]:7174", 4, 55, other, new GapWatch.Gaps(12.5, 3.5, 2.5), held);
    }

    private static HoldWatch.Held held(long transfers, long transfersAfter, long emulatedAfter) {
        return new HoldWatch.Held(60, transfers, new Counts(1, 2, 3, 0, 0, 0), 10, transfersAfter, new Counts(0, 0, emulatedAfter, 0, 0, 0));
    }

    @Test
    void shouldTellMoreOfTwoProcesses() throws IOException {
        StringWriter out = new StringWriter();
        Json.write(out, of(Operation.MIXED, 9, numbers(Side.PEER, new Owner.Told(1, 2, 3), held(70, 80, 20))));
        assertThat(out.toString().replaceAll("\\s", "")).endsWith("""
                "breakers":[],"side":"peer","address":"[::1]:7174","connections":4,"messages":55,"other_failed":1,"other_lost":2,\
                "other_out_of_order":3,"longest_gap_ms":12.5,"longest_gap_emulated_ms":3.5,"held_seconds":60.0,"held_transfers":70,"held_direct":1,\
                "held_staged":2,"held_emulated":3,"held_longest_gap_ms":2.5,"after_seconds":10.0,"after_transfers":80,"after_direct":0,"after_emulated":20}""");
    }

    @Test
    void shouldBeContentOfTwoProcessesOnlyIfBothHaveSpoken() {
        Owner.Told told = new Owner.Told(5, 0, 0); // for which the other side has a status of its own
        assertThat(of(Operation.MIXED, 9, numbers(Side.PEER, told, null)).complaint()).isEmpty();
        assertThat(of(Operation.MIXED, 9, numbers(Side.PEER, null, null)).complaint()).contains("the other side did not say what it has counted");
        assertThat(of(Operation.WRITE, 0, numbers(Side.PEER, told, null)).complaint()).isEmpty();
        assertThat(of(Operation.READ, 0, numbers(Side.PEER, told, null)).complaint()).contains("nothing was compared");
        assertThat(of(Operation.WRITE, 0, numbers(Side.OWNER, told, null)).complaint()).contains("nothing was compared");
    }

    @Test
    void shouldNotBeContentIfAWriterThatHeldTheFileStoppedThePeer() {
        Owner.Told told = new Owner.Told(0, 0, 0);
        assertThat(of(Operation.MIXED, 9, numbers(Side.PEER, told, held(7, 8, 7))).complaint()).isEmpty();
        assertThat(of(Operation.MIXED, 9, numbers(Side.PEER, told, held(0, 8, 7))).complaint()).isPresent();
        assertThat(of(Operation.MIXED, 9, numbers(Side.PEER, told, held(7, 8, 8))).complaint())
                .contains("nothing was DIRECT after a writer had closed the file");
    }

    @Test
    void shouldTellPeopleWhatWentWrong() {
        assertThat(report(1000, 6, 0, 900, 0).toString()).contains("1,000 transfers", "(TMPFS, memory=declared)", "6 times: READ: remote access error",
                "breaker ran 7 times, 1 with a bad status: : < \"$FILE\"", "not as it should be: failed=6");
        assertThat(report(1000, 0, 0, 900, 0).toString()).doesNotContain("not as it should be");
    }
}
