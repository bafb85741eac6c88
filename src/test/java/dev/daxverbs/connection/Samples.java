package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.region.Guard;
import dev.daxverbs.verbs.Gid;
import dev.daxverbs.verbs.GidType;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.QueuePairAddress;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Messages of each type. */
final class Samples {
    static final Message.Limits LIMITS = new Message.Limits(4, 2 * MessageType.MAX_DATA_BYTES, 3);
    static final Message.Endpoint ENDPOINT = new Message.Endpoint(GidType.ROCE_V2,
            new QueuePairAddress(Gid.parse("::ffff:10.77.0.1"), 0, 0x12345, 0xfedcba), Mtu.MTU_4096, 16);
    static final Message.Hello HELLO = new Message.Hello(1, 1, ENDPOINT, LIMITS, ByteBuffer.wrap("secret".getBytes()));
    static final Message.Ready READY = new Message.Ready(0x7f00_0000_1000L, 0x1234, 65_536);
    static final Message.Grant NOTHING = new Message.Grant(0, 4096, 0, 0, false, false, Guard.UNLEASED);

    private Samples() {
    }

    static Message.Grant grant(long epoch) {
        return new Message.Grant(epoch, 4096, 0x5678, 4096, true, true, Guard.LEASED);
    }

    static ByteBuffer data(int bytes) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) 0x5a);
        return ByteBuffer.wrap(content);
    }

    /** At least one of each type, at the bounds where they have some. */
    static List<Message> all() {
        Set<Right> every = EnumSet.allOf(Right.class);
        return List.of(HELLO, new Message.Hello(1, 3, ENDPOINT, new Message.Limits(65_535, Integer.MAX_VALUE, 0), data(256)),
                new Message.UnknownHello(2, 5), new Message.OtherVersion(2, 3), READY,
                new Message.Close(CloseReason.NORMAL, ""), new Message.Close(CloseReason.INTERNAL, "ä€ \ud83d\ude00".repeat(30)),
                new Message.Ping(-1), new Message.Pong(Long.MIN_VALUE), new Message.Open(7, EnumSet.of(Right.READ), "n"),
                new Message.Open(-1, every, "x".repeat(255)), new Message.Region(7, 1, every, 0x7f00_0000_0000L, 1L << 40, grant(1)),
                new Message.Region(8, -1, EnumSet.of(Right.WRITE), -8192, 4096, NOTHING),
                new Message.Refused(9, Refusal.UNKNOWN_NAME, "no"), new Message.Refused(9, Refusal.RIGHTS, ""),
                new Message.Refused(9, Refusal.TOO_MANY, "x".repeat(512)), new Message.Revoke(1, 1), new Message.Revoked(1, Long.MAX_VALUE),
                new Message.Restore(1, grant(2)), new Message.Withdraw(1), new Message.Withdrawn(1), new Message.Forget(1),
                new Message.Write(1, 1, 0, data(1)), new Message.Write(1, 1, Long.MAX_VALUE, data(MessageType.MAX_DATA_BYTES)),
                new Message.Read(1, 1, 0, MessageType.MAX_DATA_BYTES), new Message.CompareAndSwap(1, 1, 8, -1, 1),
                new Message.FetchAndAdd(1, 1, 8, -1), new Message.Flush(1, 1, 0, Long.MAX_VALUE), new Message.Done(1, AccessStatus.OK),
                new Message.Done(2, AccessStatus.GRANTED), new Message.Data(1, data(MessageType.MAX_DATA_BYTES)),
                new Message.Value(Long.MAX_VALUE, -1));
    }

    static byte[] encode(Message message) {
        ByteBuffer buffer = ByteBuffer.allocate(MessageEncoder.maxFrameBytes(message));
        MessageEncoder.encode(message, buffer);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }
}
