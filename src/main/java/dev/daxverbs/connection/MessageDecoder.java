package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.region.Guard;
import dev.daxverbs.verbs.Gid;
import dev.daxverbs.verbs.GidType;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.QueuePairAddress;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns the bodies of frames into messages. What does not fit docs/protocol.md in every byte is refused. Nothing is kept of a body that is
 * longer
 * than the body itself.
 */
final class MessageDecoder {
    /** The version that this library speaks. */
    static final int VERSION = 1;

    private static final int MAX_24_BITS = (1 << 24) - 1;
    private static final int MAX_ALIGNMENT = 4096;

    private MessageDecoder() {
    }

    /**
     * Decodes a body.
     *
     * @param type the type that the header had
     * @param body all of the body, big endian; data of the message is a part of it
     * @return the message
     * @throws ProtocolException if it is none
     */
    static Message decode(MessageType type, ByteBuffer body) throws ProtocolException {
        Message message;
        try {
            message = read(type, body);
        } catch (BufferUnderflowException e) { // a text that is longer than its message
            throw ProtocolException.malformed(type + " ends within a field");
        }
        if (body.hasRemaining() && !(message instanceof Message.UnknownHello)) {
            throw ProtocolException.malformed("%s has %d bytes left over".formatted(type, body.remaining()));
        }
        return message;
    }

    private static Message read(MessageType type, ByteBuffer body) throws ProtocolException {
        return switch (type) {
            case HELLO -> hello(body);
            case OTHER_VERSION -> {
                magic(body);
                yield new Message.OtherVersion(unsignedShort(body), unsignedShort(body));
            }
            case READY -> ready(body);
            case CLOSE -> new Message.Close(CloseReason.of(unsignedByte(body)), text(body, MessageType.MAX_TEXT_BYTES));
            case PING -> new Message.Ping(body.getLong());
            case PONG -> new Message.Pong(body.getLong());
            case OPEN -> open(body);
            case REGION -> region(body);
            case REFUSED -> new Message.Refused(body.getInt(), Refusal.of(unsignedByte(body)), text(body, MessageType.MAX_TEXT_BYTES));
            case REVOKE -> new Message.Revoke(body.getInt(), positive("epoch", body));
            case REVOKED -> new Message.Revoked(body.getInt(), positive("epoch", body));
            case RESTORE -> restore(body);
            case WITHDRAW -> new Message.Withdraw(body.getInt());
            case WITHDRAWN -> new Message.Withdrawn(body.getInt());
            case FORGET -> new Message.Forget(body.getInt());
            case WRITE -> new Message.Write(positive("sequence", body), body.getInt(), notNegative("offset", body), data(body));
            case READ -> new Message.Read(positive("sequence", body), body.getInt(), notNegative("offset", body), readLength(body));
            case COMPARE_AND_SWAP -> new Message.CompareAndSwap(positive("sequence", body), body.getInt(), notNegative("offset", body),
                    body.getLong(), body.getLong());
            case FETCH_AND_ADD -> new Message.FetchAndAdd(positive("sequence", body), body.getInt(), notNegative("offset", body),
                    body.getLong());
            case FLUSH -> new Message.Flush(positive("sequence", body), body.getInt(), notNegative("offset", body),
                    notNegative("length", body));
            case DONE -> new Message.Done(positive("sequence", body), status(unsignedByte(body)));
            case DATA -> new Message.Data(positive("sequence", body), data(body));
            case VALUE -> new Message.Value(positive("sequence", body), body.getLong());
        };
    }

    private static void magic(ByteBuffer body) throws ProtocolException {
        long magic = body.getLong();
        if (magic != MessageEncoder.MAGIC) {
            throw ProtocolException.malformed("magic=0x%016x: this is another protocol".formatted(magic));
        }
    }

    private static Message hello(ByteBuffer body) throws ProtocolException {
        magic(body);
        int lowest = unsignedShort(body);
        int highest = unsignedShort(body);
        if (lowest == 0 || lowest > highest) {
            throw ProtocolException.malformed("versions %d to %d are none".formatted(lowest, highest));
        }
        if (lowest != VERSION) { // the rest is the lowest version's
            return new Message.UnknownHello(lowest, highest);
        }
        int gidType = unsignedByte(body);
        if (gidType > GidType.ROCE_V2.code()) {
            throw ProtocolException.malformed("GID type=%d is none".formatted(gidType));
        }
        int lid = unsignedShort(body);
        Gid gid = new Gid(body.getLong(), body.getLong());
        int number = inRange("queue pair number", body.getInt(), 0, MAX_24_BITS);
        int packetSequenceNumber = inRange("packet sequence number", body.getInt(), 0, MAX_24_BITS);
        Mtu mtu = Mtu.of(inRange("MTU", unsignedByte(body), Mtu.MTU_256.code(), Mtu.MTU_4096.code()));
        int reads = inRange("reads", unsignedByte(body), 1, 255);
        int windowRequests = inRange("window requests", unsignedShort(body), 1, 65_535);
        int windowBytes = inRange("window bytes", body.getInt(), MessageType.MAX_DATA_BYTES, Integer.MAX_VALUE);
        int regions = inRange("regions", body.getInt(), 0, Integer.MAX_VALUE);
        int tokenBytes = inRange("token bytes", unsignedShort(body), 0, MessageType.MAX_TOKEN_BYTES);
        // The first three types of GIDs are in the order of their codes.
        return new Message.Hello(lowest, highest, new Message.Endpoint(GidType.values()[gidType],
                new QueuePairAddress(gid, lid, number, packetSequenceNumber), mtu, reads),
                new Message.Limits(windowRequests, windowBytes, regions), part(body, tokenBytes));
    }

    private static Message ready(ByteBuffer body) throws ProtocolException {
        long address = body.getLong();
        int key = body.getInt();
        int length = inRange("landing bytes", body.getInt(), Long.BYTES, Integer.MAX_VALUE);
        if (address > -1L - length && address < 0) {
            throw ProtocolException.malformed("landing address=0x%x, length=%d: beyond the end".formatted(address, length));
        }
        return new Message.Ready(address, key, length);
    }

    private static Message open(ByteBuffer body) throws ProtocolException {
        Message.Open open = new Message.Open(body.getInt(), Right.ofMask(unsignedByte(body)), text(body, MessageType.MAX_NAME_BYTES));
        if (open.name().isEmpty()) {
            throw ProtocolException.malformed("OPEN without a name");
        }
        return open;
    }

    private static Message region(ByteBuffer body) throws ProtocolException {
        Message.Region region = new Message.Region(body.getInt(), body.getInt(), Right.ofMask(unsignedByte(body)), body.getLong(),
                positive("size", body), grant(body));
        if (region.rights().isEmpty()) {
            throw ProtocolException.malformed("REGION without rights");
        }
        if (region.address() > -1L - region.sizeBytes() && region.address() < 0) {
            throw ProtocolException.malformed("region address=0x%x, size=%d: beyond the end".formatted(region.address(),
                    region.sizeBytes()));
        }
        if (region.grant().usableBytes() > region.sizeBytes()) {
            throw ProtocolException.malformed("usable bytes=%d of size=%d".formatted(region.grant().usableBytes(), region.sizeBytes()));
        }
        return region;
    }

    private static Message restore(ByteBuffer body) throws ProtocolException {
        Message.Restore restore = new Message.Restore(body.getInt(), grant(body));
        if (!restore.grant().granted()) {
            throw ProtocolException.malformed("RESTORE without a grant");
        }
        return restore;
    }

    private static Message.Grant grant(ByteBuffer body) throws ProtocolException {
        long epoch = notNegative("epoch", body);
        long usable = notNegative("usable bytes", body);
        int key = body.getInt();
        int alignment = body.getInt();
        int flags = unsignedByte(body);
        int guard = unsignedByte(body);
        boolean granted = (flags & MessageEncoder.GRANTED_BIT) != 0;
        boolean atomics = (flags & MessageEncoder.DEVICE_ATOMICS_BIT) != 0;
        if ((flags & ~(MessageEncoder.GRANTED_BIT | MessageEncoder.DEVICE_ATOMICS_BIT)) != 0 || guard > 2) {
            throw ProtocolException.malformed("grant with flags=0x%x, guard=%d".formatted(flags, guard));
        }
        boolean wrong = granted
                ? epoch == 0 || alignment <= 0 || alignment > MAX_ALIGNMENT || Integer.bitCount(alignment) != 1
                : key != 0 || alignment != 0 || atomics;
        if (wrong) {
            throw ProtocolException.malformed("grant with epoch=%d, key=0x%x, alignment=%d, flags=0x%x".formatted(epoch, key, alignment,
                    flags));
        }
        return new Message.Grant(epoch, usable, key, alignment, granted, atomics, switch (guard) {
            case 0 -> Guard.NOT_NEEDED;
            case 1 -> Guard.LEASED;
            default -> Guard.UNLEASED;
        });
    }

    private static int readLength(ByteBuffer body) throws ProtocolException {
        return inRange("length", body.getInt(), 1, MessageType.MAX_DATA_BYTES);
    }

    private static ByteBuffer data(ByteBuffer body) {
        return part(body, body.remaining()); // the bounds of the type have been checked
    }

    private static ByteBuffer part(ByteBuffer body, int lengthBytes) {
        if (lengthBytes > body.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = body.slice(body.position(), lengthBytes);
        body.position(body.position() + lengthBytes);
        return part;
    }

    private static String text(ByteBuffer body, int maxBytes) throws ProtocolException {
        int length = inRange("text bytes", unsignedShort(body), 0, maxBytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT).decode(part(body, length)).toString();
        } catch (CharacterCodingException e) {
            throw ProtocolException.malformed("a text is not UTF-8");
        }
    }

    private static int unsignedByte(ByteBuffer body) {
        return Byte.toUnsignedInt(body.get());
    }

    private static int unsignedShort(ByteBuffer body) {
        return Short.toUnsignedInt(body.getShort());
    }

    private static int inRange(String what, int value, int lowest, int highest) throws ProtocolException {
        if (value < lowest || value > highest) { // one with the highest bit is negative, and too low
            throw ProtocolException.malformed("%s=%d is not %d to %d".formatted(what, Integer.toUnsignedLong(value), lowest, highest));
        }
        return value;
    }

    private static long positive(String what, ByteBuffer body) throws ProtocolException {
        long value = notNegative(what, body);
        if (value == 0) {
            throw ProtocolException.malformed(what + "=0");
        }
        return value;
    }

    private static long notNegative(String what, ByteBuffer body) throws ProtocolException {
        long value = body.getLong();
        if (value < 0) {
            throw ProtocolException.malformed("%s=%s has 64 bits".formatted(what, Long.toUnsignedString(value)));
        }
        return value;
    }

    private static AccessStatus status(int code) throws ProtocolException {
        AccessStatus status = AccessStatus.of(code);
        if (status == null) {
            throw ProtocolException.malformed("status=%d is none".formatted(code));
        }
        return status;
    }
}
