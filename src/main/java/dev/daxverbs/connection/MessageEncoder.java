package dev.daxverbs.connection;

import dev.daxverbs.connection.Message.Grant;
import dev.daxverbs.region.Guard;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Turns messages into bytes: docs/protocol.md. */
final class MessageEncoder {
    /** {@code DAXVERBS}. */
    static final long MAGIC = 0x4441585645524253L;
    static final int GRANTED_BIT = 1;
    static final int DEVICE_ATOMICS_BIT = 1 << 1;

    private MessageEncoder() {
    }

    /**
     * How much room a message may need.
     *
     * @return bytes of its frame, at least as many as it will have
     */
    static int maxFrameBytes(Message message) {
        return switch (message) {
            case Message.Write write -> MessageType.HEADER_BYTES + 20 + write.data().remaining();
            case Message.Data data -> MessageType.HEADER_BYTES + 8 + data.data().remaining();
            default -> MessageType.HEADER_BYTES + MessageType.MAX_HELLO_BYTES;
        };
    }

    /**
     * Writes a message's frame at the buffer's position.
     *
     * @param into big endian, with room for {@link #maxFrameBytes}
     */
    static void encode(Message message, ByteBuffer into) {
        int start = into.position();
        into.putInt(0).put((byte) message.type().code());
        switch (message) {
            case Message.Hello hello -> encode(hello, into);
            case Message.UnknownHello hello -> into.putLong(MAGIC).putShort((short) hello.lowestVersion())
                    .putShort((short) hello.highestVersion());
            case Message.OtherVersion other -> into.putLong(MAGIC).putShort((short) other.lowestVersion())
                    .putShort((short) other.highestVersion());
            case Message.Ready ready -> into.putLong(ready.address()).putInt(ready.key()).putInt(ready.lengthBytes());
            case Message.Close close -> {
                into.put((byte) close.reason().code());
                text(close.text(), MessageType.MAX_TEXT_BYTES, into);
            }
            case Message.Ping ping -> into.putLong(ping.number());
            case Message.Pong pong -> into.putLong(pong.number());
            case Message.Open open -> {
                into.putInt(open.request()).put((byte) Right.mask(open.rights()));
                text(open.name(), MessageType.MAX_NAME_BYTES, into);
            }
            case Message.Region region -> {
                into.putInt(region.request()).putInt(region.region()).put((byte) Right.mask(region.rights())).putLong(region.address())
                        .putLong(region.sizeBytes());
                encode(region.grant(), into);
            }
            case Message.Refused refused -> {
                into.putInt(refused.request()).put((byte) refused.why().code());
                text(refused.text(), MessageType.MAX_TEXT_BYTES, into);
            }
            case Message.Revoke revoke -> into.putInt(revoke.region()).putLong(revoke.epoch());
            case Message.Revoked revoked -> into.putInt(revoked.region()).putLong(revoked.epoch());
            case Message.Restore restore -> {
                into.putInt(restore.region());
                encode(restore.grant(), into);
            }
            case Message.Withdraw withdraw -> into.putInt(withdraw.region());
            case Message.Withdrawn withdrawn -> into.putInt(withdrawn.region());
            case Message.Forget forget -> into.putInt(forget.region());
            case Message.Write write -> access(write, into).put(write.data().duplicate());
            case Message.Read read -> access(read, into).putInt((int) read.lengthBytes());
            case Message.CompareAndSwap swap -> access(swap, into).putLong(swap.expected()).putLong(swap.desired());
            case Message.FetchAndAdd add -> access(add, into).putLong(add.addend());
            case Message.Flush flush -> access(flush, into).putLong(flush.lengthBytes());
            case Message.Done done -> into.putLong(done.sequence()).put((byte) done.status().code());
            case Message.Data data -> into.putLong(data.sequence()).put(data.data().duplicate());
            case Message.Value value -> into.putLong(value.sequence()).putLong(value.before());
        }
        into.putInt(start, into.position() - start - Integer.BYTES);
    }

    private static ByteBuffer access(Message.Access access, ByteBuffer into) {
        return into.putLong(access.sequence()).putInt(access.region()).putLong(access.offset());
    }

    private static void encode(Message.Hello hello, ByteBuffer into) {
        Message.Endpoint endpoint = hello.endpoint();
        into.putLong(MAGIC).putShort((short) hello.lowestVersion()).putShort((short) hello.highestVersion());
        into.put((byte) endpoint.gidType().code()).putShort((short) endpoint.queuePair().lid()).put(endpoint.queuePair().gid().bytes())
                .putInt(endpoint.queuePair().queuePairNumber()).putInt(endpoint.queuePair().packetSequenceNumber())
                .put((byte) endpoint.mtu().code()).put((byte) endpoint.reads());
        into.putShort((short) hello.limits().windowRequests()).putInt(hello.limits().windowBytes()).putInt(hello.limits().regions());
        into.putShort((short) hello.token().remaining()).put(hello.token().duplicate());
    }

    private static void encode(Grant grant, ByteBuffer into) {
        int flags = (grant.granted() ? GRANTED_BIT : 0) | (grant.deviceAtomics() ? DEVICE_ATOMICS_BIT : 0);
        into.putLong(grant.epoch()).putLong(grant.usableBytes()).putInt(grant.key()).putInt(grant.alignment()).put((byte) flags)
                .put((byte) code(grant.guard()));
    }

    private static int code(Guard guard) {
        return switch (guard) {
            case NOT_NEEDED -> 0;
            case LEASED -> 1;
            case UNLEASED -> 2;
        };
    }

    /** What is too long is cut off between two characters: names are checked where they are given. */
    private static void text(String text, int maxBytes, ByteBuffer into) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > maxBytes) {
            int end = maxBytes;
            while ((bytes[end] & 0xc0) == 0x80) { // the middle of a character
                end--;
            }
            bytes = Arrays.copyOf(bytes, end);
        }
        into.putShort((short) bytes.length).put(bytes);
    }
}
