package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.testing.AnyKernel;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Bytes and messages that should not be: mutated, cut off, too long, random, at the wrong time. Whatever comes, the reader gives a message
 * or one of
 * two exceptions, and keeps no more than the longest message; the conversation takes it or refuses it with a reason.
 *
 * <p>System properties: {@code daxverbs.fuzz.cases} (default 20,000 of each kind; the long form has 1,000,000) and {@code
 * daxverbs.fuzz.seed}.
 */
@AnyKernel
class FuzzTest {
    private static final int CASES = Integer.getInteger("daxverbs.fuzz.cases", 20_000);
    private static final long SEED = Long.getLong("daxverbs.fuzz.seed", 20_261_123);

    /** How a case ended. */
    private enum Outcome {
        MESSAGES, MALFORMED, OUT_OF_STATE, LIMIT, VERSION, CUT_OFF
    }

    @Test
    void shouldReadAnyBytesAsMessagesOrRefuseThem() {
        List<byte[]> seeds = new ArrayList<>();
        Corpus.entries().forEach(entry -> seeds.add(entry.frame()));
        Samples.all().forEach(message -> seeds.add(Samples.encode(message)));
        Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
        for (int i = 0; i < CASES; i++) {
            Random random = new Random(SEED + i);
            byte[] stream = stream(random, seeds);
            try {
                outcomes.merge(read(stream, random.nextInt(4) != 0), 1, Integer::sum);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed=%d, bytes=%s".formatted(SEED + i,
                        HexFormat.of().formatHex(stream, 0, Math.min(stream.length, 400))), e);
            }
        }
        // That it is not blind: each of these is a good part of the cases.
        assertThat(outcomes.get(Outcome.MESSAGES)).as("%s", outcomes).isGreaterThan(CASES / 20);
        assertThat(outcomes.get(Outcome.MALFORMED)).as("%s", outcomes).isGreaterThan(CASES / 10);
        assertThat(outcomes.get(Outcome.CUT_OFF)).as("%s", outcomes).isGreaterThan(CASES / 100);
        assertThat(outcomes.get(Outcome.OUT_OF_STATE)).as("%s", outcomes).isGreaterThan(CASES / 20);
    }

    private static byte[] stream(Random random, List<byte[]> seeds) {
        if (random.nextInt(20) == 0) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            return noise;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int frames = 1 + random.nextInt(4); frames > 0; frames--) {
            byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
            if (frame.length > 5000 && random.nextInt(10) != 0) {
                continue; // the long ones take the time
            }
            for (int mutations = random.nextInt(3); mutations > 0; mutations--) {
                frame = mutated(random, frame, seeds);
            }
            out.writeBytes(frame);
        }
        return out.toByteArray();
    }

    private static byte[] mutated(Random random, byte[] frame, List<byte[]> seeds) {
        byte[] changed = frame;
        int at = random.nextInt(frame.length);
        switch (random.nextInt(9)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) random.nextInt(256);
            case 2 -> changed[Math.min(4, changed.length - 1)] = (byte) random.nextInt(50);
            case 3 -> changed = Arrays.copyOf(frame, Math.max(1, at));
            case 4 -> changed = Arrays.copyOf(frame, frame.length + 1 + random.nextInt(40));
            case 5 -> { // another length, right or wrong
                changed = Arrays.copyOf(frame, Math.max(5, frame.length - random.nextInt(4)));
                ByteBuffer.wrap(changed).putInt(random.nextBoolean() ? changed.length - Integer.BYTES : random.nextInt());
            }
            case 6 -> { // a field of its greatest, least or most awkward value
                long[] values = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0x7fffffff_ffffffffL >>> 1, 0xffff_0000_ffff_0000L, 65_536, 65_537};
                if (frame.length >= at + Long.BYTES) {
                    ByteBuffer.wrap(changed).putLong(at, values[random.nextInt(values.length)]);
                }
            }
            case 7 -> { // the head of one and the tail of another
                byte[] other = seeds.get(random.nextInt(seeds.size()));
                int from = random.nextInt(other.length);
                changed = Arrays.copyOf(frame, at + Math.min(other.length - from, 300));
                System.arraycopy(other, from, changed, at, changed.length - at);
                if (changed.length == 0) {
                    changed = new byte[1];
                }
            }
            default -> { // with a length that is right
                if (frame.length >= 5) {
                    ByteBuffer.wrap(changed).putInt(changed.length - Integer.BYTES);
                }
            }
        }
        return changed.length == 0 ? new byte[1] : changed;
    }

    private static Outcome read(byte[] stream, boolean accepted) {
        FrameReader reader = new FrameReader(new ByteArrayInputStream(stream));
        if (accepted) {
            reader.accept();
        }
        int at = 0;
        try {
            for (Message message = reader.next(); message != null; message = reader.next()) {
                if (message instanceof Message.UnknownHello) {
                    at += ByteBuffer.wrap(stream).getInt(at) + Integer.BYTES;
                    continue;
                }
                byte[] again = Samples.encode(message); // every message has one form
                assertThat(again).isEqualTo(Arrays.copyOfRange(stream, at, at + again.length));
                at += again.length;
            }
            return Outcome.MESSAGES;
        } catch (ProtocolException e) {
            assertThat(e.reason() == CloseReason.MALFORMED || !accepted && e.reason() == CloseReason.OUT_OF_STATE).as(e.toString()).isTrue();
            return Outcome.valueOf(e.reason().name());
        } catch (EOFException e) {
            return Outcome.CUT_OFF;
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            assertThat(reader.keptBytes()).isLessThanOrEqualTo(accepted ? MessageType.MAX_FRAME_BYTES : MessageType.MAX_HELLO_BYTES);
        }
    }

    /** Well-formed messages at any time: taken or refused, and never more is kept than the limits say. */
    @Test
    void shouldTakeAnyMessageAtAnyTimeOrRefuseItWithAReason() {
        Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
        Map<MessageType, Integer> taken = new EnumMap<>(MessageType.class);
        for (int i = 0; i < CASES; i++) {
            try {
                outcomes.merge(converse(new Random(SEED + i), taken), 1, Integer::sum);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed=" + (SEED + i), e);
            }
        }
        assertThat(outcomes.keySet()).as("%s", outcomes).contains(Outcome.MESSAGES, Outcome.OUT_OF_STATE, Outcome.LIMIT, Outcome.VERSION);
        assertThat(taken.keySet()).as("that each message was taken at some time after the handshake").containsAll(EnumSet.complementOf(
                EnumSet.of(MessageType.OTHER_VERSION, MessageType.READY)));
    }

    private static Outcome converse(Random random, Map<MessageType, Integer> taken) {
        boolean acceptor = random.nextBoolean();
        Conversation conversation = new Conversation(acceptor, Samples.LIMITS);
        List<Message> answers = new ArrayList<>(); // that would fit what this side has said
        int requests = 0;
        int regions = 0;
        long sequence = 0;
        try {
            if (random.nextInt(10) != 0) {
                if (!acceptor) {
                    conversation.sending(Samples.HELLO);
                }
                conversation.received(Samples.HELLO);
                if (acceptor) {
                    conversation.sending(Samples.HELLO);
                }
                conversation.sending(Samples.READY);
                conversation.received(Samples.READY);
            }
            for (int step = 0; step < 60; step++) {
                if (random.nextInt(3) == 0 && conversation.isOpen()) {
                    Message said = random.nextInt(3) == 0 ? new Message.Open(requests++, EnumSet.of(Right.READ), "n") : any(random);
                    try { // much of it cannot be said now, which is told by an exception and changes nothing
                        conversation.sending(said);
                        answerTo(said, answers);
                    } catch (IllegalStateException e) {
                        assertThat(e).hasMessageContaining("cannot be sent now");
                    }
                    if (said instanceof Message.Close || said instanceof Message.OtherVersion) {
                        break;
                    }
                    continue;
                }
                Message message = any(random);
                if (!answers.isEmpty() && random.nextInt(2) == 0) {
                    message = answers.remove(0);
                } else if (random.nextInt(3) == 0) {
                    message = new Message.Write(++sequence, 1 + random.nextInt(2), 0, Samples.data(1 + random.nextInt(9)));
                }
                conversation.received(message);
                taken.merge(message.type(), 1, Integer::sum);
                if (message instanceof Message.Open open) {
                    conversation.sending(conversation.regionsGivenOut() == Samples.LIMITS.regions()
                            ? new Message.Refused(open.request(), Refusal.TOO_MANY, "")
                            : new Message.Region(open.request(), ++regions, EnumSet.of(Right.READ), 4096, 4096,
                                    random.nextBoolean() ? Samples.grant(1) : Samples.NOTHING));
                }
                assertThat(conversation.regionsGivenOut()).isLessThanOrEqualTo(Samples.LIMITS.regions());
                if (message instanceof Message.Close) {
                    break;
                }
            }
            return Outcome.MESSAGES;
        } catch (ProtocolException e) {
            assertThat(e.getMessage()).isNotBlank();
            return Outcome.valueOf(e.reason().name());
        }
    }

    private static void answerTo(Message said, List<Message> answers) {
        switch (said) {
            case Message.Revoke revoke -> answers.add(new Message.Revoked(revoke.region(), revoke.epoch()));
            case Message.Withdraw withdraw -> answers.add(new Message.Withdrawn(withdraw.region()));
            case Message.Read read -> answers.add(new Message.Data(read.sequence(), Samples.data((int) read.lengthBytes())));
            case Message.FetchAndAdd add -> answers.add(new Message.Value(add.sequence(), 7));
            case Message.Ping ping -> answers.add(new Message.Pong(ping.number()));
            default -> {
                // the random ones will do
            }
        }
    }

    /** A message with numbers as they are at the beginning of a conversation. */
    private static Message any(Random random) {
        int region = 1 + random.nextInt(3);
        long epoch = 1 + random.nextInt(2);
        long sequence = 1 + random.nextInt(3);
        return switch (random.nextInt(24)) {
            case 0 -> random.nextInt(4) == 0 ? Samples.HELLO : new Message.Ping(1);
            case 1 -> random.nextInt(4) == 0 ? new Message.UnknownHello(2, 3) : new Message.Pong(1);
            case 2 -> random.nextInt(4) == 0 ? new Message.OtherVersion(2, 3) : new Message.Ping(1);
            case 3 -> random.nextInt(4) == 0 ? Samples.READY : new Message.Pong(1);
            case 4 -> random.nextInt(4) == 0 ? new Message.Close(CloseReason.NORMAL, "") : new Message.Ping(2);
            case 5, 6 -> new Message.Open(random.nextInt(3), EnumSet.of(Right.WRITE), "n");
            case 7, 8, 9 -> new Message.Region(random.nextInt(3), region, EnumSet.of(Right.WRITE), 4096, 4096,
                    random.nextBoolean() ? Samples.grant(epoch) : Samples.NOTHING);
            case 10 -> new Message.Refused(random.nextInt(3), Refusal.RIGHTS, "");
            case 11 -> new Message.Revoke(region, epoch);
            case 12 -> new Message.Revoked(region, epoch);
            case 13 -> new Message.Restore(region, Samples.grant(epoch));
            case 14 -> new Message.Withdraw(region);
            case 15 -> new Message.Withdrawn(region);
            case 16 -> new Message.Forget(region);
            case 17 -> new Message.Read(sequence, region, 0, 1 + random.nextInt(65_536));
            case 18 -> new Message.CompareAndSwap(sequence, region, 0, 0, 1);
            case 19 -> new Message.FetchAndAdd(sequence, region, 0, 1);
            case 20 -> new Message.Flush(sequence, region, 0, 4096);
            case 21 -> new Message.Done(sequence, AccessStatus.values()[random.nextInt(7)]);
            case 22 -> new Message.Data(sequence, Samples.data(1 + random.nextInt(8)));
            default -> new Message.Value(sequence, 0);
        };
    }
}
