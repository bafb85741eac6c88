package dev.daxverbs.examples.stream;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a peer writes behind a payload, to say that it is there. It has a checksum, as it may be read while it is written.
 *
 * <pre>
 *    0  run         which run wrote it
 *    8  slot        which slot it is of
 *   16  sequence    counts the payloads of the slot, from 1; the payload's content follows from it
 *   24  messages    how many messages the connection had posted with the latest write with immediate data to this slot; 0: none
 *   32  moment      what the lease on the owner's file was like, as the peer last heard before it posted
 *   40  at          where the payload begins in the slot, 4 bytes
 *   44  length      of the payload, 4 bytes
 *   48  checksum    of all that
 * </pre>
 *
 * @param run see above
 * @param slot see above
 * @param sequence see above
 * @param messages see above
 * @param moment see above
 * @param at see above
 * @param length see above
 */
record Flag(long run, long slot, long sequence, long messages, Moment moment, int at, int length) {
    static final long BYTES = 56;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt HALF = ValueLayout.JAVA_INT_UNALIGNED;
    private static final long SLOT = 8;
    private static final long SEQUENCE = 16;
    private static final long MESSAGES = 24;
    private static final long MOMENT = 32;
    private static final long AT = 40;
    private static final long LENGTH = 44;
    private static final long CHECKSUM = 48;

    void write(MemorySegment to) {
        to.set(WORD, 0, run);
        to.set(WORD, SLOT, slot);
        to.set(WORD, SEQUENCE, sequence);
        to.set(WORD, MESSAGES, messages);
        to.set(WORD, MOMENT, moment.encoded());
        to.set(HALF, AT, at);
        to.set(HALF, LENGTH, length);
        to.set(WORD, CHECKSUM, Checksum.of(to.asSlice(0, CHECKSUM)));
    }

    /** The flag of a slot; null if the bytes are none of this run and slot. */
    static Flag read(MemorySegment from, long run, long slot) {
        if (from.byteSize() < BYTES || from.get(WORD, CHECKSUM) != Checksum.of(from.asSlice(0, CHECKSUM)) || from.get(WORD, 0) != run
                || from.get(WORD, SLOT) != slot) {
            return null;
        }
        return new Flag(run, slot, from.get(WORD, SEQUENCE), from.get(WORD, MESSAGES), Moment.decoded(from.get(WORD, MOMENT)), from.get(HALF, AT),
                from.get(HALF, LENGTH));
    }

    /** Whom the pattern of a payload is of: see {@link dev.daxverbs.examples.load.Pattern}. */
    static long payloadPlace(long run, long slot) {
        return run ^ slot;
    }

    /** The same of what messages bring. */
    static long messagePlace(long run, int connection) {
        return ~run ^ connection;
    }
}
