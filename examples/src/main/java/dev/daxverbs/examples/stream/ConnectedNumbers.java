package dev.daxverbs.examples.stream;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/**
 * What a report has more if there are two processes.
 *
 * @param side which one
 * @param address where the owner listens
 * @param connections how many there were
 * @param messages how many messages went from the peer to the owner, writes with immediate data included
 * @param other what the other side has counted; null if it did not say
 * @param gaps the longest times between completions; null at the owner
 * @param hold what happened while a writer held the file open; null at the owner, or if there was none
 */
record ConnectedNumbers(Side side, String address, int connections, long messages, Owner.Told other, GapWatch.Gaps gaps, HoldWatch.Held hold) {
    /** Which of the two. */
    enum Side {
        /** It has the file. */
        OWNER,
        /** It makes the transfers. */
        PEER
    }

    /** Whether this side has nothing to compare: of what a peer has written and sent, the owner does. */
    boolean leavesComparing(Operation operation) {
        return side == Side.PEER && (operation == Operation.WRITE || operation == Operation.SEND);
    }

    void writeTo(JsonGenerator json) throws IOException {
        json.writeStringField("side", side.name().toLowerCase(Locale.ROOT));
        json.writeStringField("address", address);
        json.writeNumberField("connections", connections);
        json.writeNumberField("messages", messages);
        if (other != null) {
            json.writeNumberField("other_failed", other.failed());
            json.writeNumberField("other_lost", other.lost());
            json.writeNumberField("other_out_of_order", other.outOfOrder());
        }
        if (gaps != null) {
            json.writeNumberField("longest_gap_ms", gaps.all());
            json.writeNumberField("longest_gap_emulated_ms", gaps.emulated());
        }
        if (hold != null) {
            json.writeNumberField("held_seconds", hold.seconds());
            json.writeNumberField("held_transfers", hold.transfers());
            json.writeNumberField("held_direct", hold.numbers().direct());
            json.writeNumberField("held_staged", hold.numbers().staged());
            json.writeNumberField("held_emulated", hold.numbers().emulated());
            json.writeNumberField("held_longest_gap_ms", gaps.held());
            json.writeNumberField("after_seconds", hold.secondsAfter());
            json.writeNumberField("after_transfers", hold.transfersAfter());
            json.writeNumberField("after_direct", hold.numbersAfter().direct());
            json.writeNumberField("after_emulated", hold.numbersAfter().emulated());
        }
    }

    /** What is not as it should be of this. */
    Optional<String> complaint() {
        if (other == null) {
            return Optional.of("the other side did not say what it has counted");
        }
        if (hold == null) {
            return Optional.empty();
        }
        Counts after = hold.numbersAfter();
        return hold.transfers() == 0 ? Optional.of("nothing was transferred while a writer held the file open")
                : hold.transfersAfter() - after.emulated() - after.staged() <= 0 ? Optional.of("nothing was DIRECT after a writer had closed the file")
                : Optional.empty();
    }

    /** For people. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s, %d connections, %,d messages%n", side == Side.OWNER ? "owner, listening at "
                + address : "peer of the owner at " + address, connections, messages));
        if (other != null) {
            text.append(String.format(Locale.ROOT, "the other side: failed %,d  lost %,d  out of order %,d%n", other.failed(), other.lost(), other.outOfOrder()));
        }
        if (gaps != null) {
            text.append(String.format(Locale.ROOT, "longest time between completions: %,.1f ms, while EMULATED %,.1f ms%n", gaps.all(), gaps.emulated()));
        }
        if (hold != null) {
            text.append(String.format(Locale.ROOT, """
                    while a writer held the file open for %.1f s: %,d transfers, direct %,d  emulated %,d  longest time between completions %,.1f ms
                    in %.1f s after it: %,d transfers, direct %,d  emulated %,d
                    """, hold.seconds(), hold.transfers(), hold.numbers().direct(), hold.numbers().emulated(), gaps.held(), hold.secondsAfter(),
                    hold.transfersAfter(), hold.numbersAfter().direct(), hold.numbersAfter().emulated()));
        }
        return text.toString();
    }
}
