package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.testing.AnyKernel;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Messages and their bytes. */
@AnyKernel
class MessageCodecTest {
    private static Message decode(byte[] frame) throws IOException {
        FrameReader reader = new FrameReader(new ByteArrayInputStream(frame));
        reader.accept();
        return reader.next();
    }

    @TestFactory
    Stream<DynamicTest> shouldReadEachMessageAsItWasWritten() {
        return Samples.all().stream().map(message -> DynamicTest.dynamicTest(message.type() + " " + Samples.encode(message).length,
                () -> assertThat(decode(Samples.encode(message))).isEqualTo(message)));
    }

    @Test
    void shouldHaveASampleOfEachType() {
        assertThat(Samples.all().stream().map(Message::type).collect(Collectors.toSet())).isEqualTo(EnumSet.allOf(MessageType.class));
    }

    @Test
    void shouldHaveTheBytesThatTheProtocolNames() {
        assertThat(HexFormat.of().formatHex(Samples.encode(new Message.Revoke(0x01020304, 0x0a0b))))
                .isEqualTo("0000000d" + "13" + "01020304" + "0000000000000a0b");
        assertThat(HexFormat.of().formatHex(Samples.encode(Samples.HELLO))).isEqualTo("0000003c" + "01" + "4441585645524253" + "0001" + "0001"
                + "02" + "0000" + "00000000000000000000ffff0a4d0001" + "00012345" + "00fedcba" + "05" + "10" + "0004" + "00020000" + "00000003"
                + "0006" + "736563726574");
        assertThat(HexFormat.of().formatHex(Samples.encode(new Message.Region(7, 1, Set.of(Right.WRITE), 0x1000, 8192, Samples.grant(3)))))
                .isEqualTo("00000034" + "11" + "00000007" + "00000001" + "02" + "0000000000001000" + "0000000000002000"
                        + "0000000000000003" + "0000000000001000" + "00005678" + "00001000" + "03" + "01");
    }

    /** The header is enough to refuse: no byte of the body is waited for, and no room made. */
    @Test
    void shouldRefuseALengthThatTheTypeCannotHave() {
        for (String header : new String[] {"7fffffff20", "ffffffff20", "8000000020", "0000000020", "0001001620", "0000001520", "0000000a05",
                "0000040201", "0000000900", "00000009ff", "000000092b"}) {
            FrameReader reader = new FrameReader(new ByteArrayInputStream(HexFormat.of().parseHex(header)));
            reader.accept();
            assertThatThrownBy(reader::next).as(header).isInstanceOf(ProtocolException.class);
            assertThat(reader.keptBytes()).isLessThanOrEqualTo(512);
        }
    }

    @Test
    void shouldReadNothingButHelloFromAStranger() throws IOException {
        for (Message message : Samples.all()) {
            FrameReader reader = new FrameReader(new ByteArrayInputStream(Samples.encode(message)));
            if (message.type() == MessageType.HELLO) {
                assertThat(reader.next()).isEqualTo(message);
            } else {
                ProtocolException refused = catchThrowableOfType(ProtocolException.class, reader::next);
                assertThat(refused.reason()).isEqualTo(CloseReason.OUT_OF_STATE);
            }
            assertThat(reader.keptBytes()).isLessThanOrEqualTo(MessageType.MAX_HELLO_BYTES);
        }
    }

    @Test
    void shouldRefuseEachMessageThatIsCutOffOrHasMoreThanItsFields() {
        for (Message message : Samples.all()) {
            byte[] frame = Samples.encode(message);
            byte[] cut = Arrays.copyOf(frame, frame.length - 1);
            assertThatThrownBy(() -> decode(cut)).as("%s without its last byte", message.type()).isInstanceOf(EOFException.class);
            if (message instanceof Message.UnknownHello || message instanceof Message.Write || message instanceof Message.Data) {
                continue; // what is behind the versions is not ours to judge; data has the length of its frame
            }
            byte[] longer = Arrays.copyOf(frame, frame.length + 1);
            ByteBuffer.wrap(longer).putInt(frame.length - Integer.BYTES + 1);
            assertThatThrownBy(() -> decode(longer)).as("%s with one byte more", message.type()).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void shouldCutTextsOffBetweenCharacters() throws IOException {
        Message.Close close = (Message.Close) decode(Samples.encode(new Message.Close(CloseReason.NORMAL, "x" + "€".repeat(300))));
        assertThat(close.text()).isEqualTo("x" + "€".repeat(170));
    }

    /** Frames that were found or thought of: each line says what it is to be, and why. */
    @TestFactory
    Stream<DynamicTest> shouldJudgeTheCorpus() {
        return Corpus.entries().stream().map(entry -> DynamicTest.dynamicTest(entry.name(), () -> {
            if (entry.valid()) {
                assertThat(decode(entry.frame())).isNotNull();
            } else {
                assertThatThrownBy(() -> decode(entry.frame())).isInstanceOfAny(ProtocolException.class, EOFException.class);
            }
        }));
    }
}
