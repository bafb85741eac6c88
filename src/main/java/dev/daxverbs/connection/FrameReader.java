package dev.daxverbs.connection;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Cuts a stream into messages. It keeps one buffer, which grows to the longest message that came, {@link MessageType#MAX_FRAME_BYTES} at
 * most; until the
 * peer has been accepted only HELLO is, with little room. One thread uses it.
 */
final class FrameReader {
    private static final int FIRST_BYTES = 512;

    private final InputStream stream;
    private final byte[] header = new byte[MessageType.HEADER_BYTES];
    private byte[] body = new byte[FIRST_BYTES];
    private boolean accepted;

    FrameReader(InputStream stream) {
        this.stream = stream;
    }

    /** From now on messages of all types are read. */
    void accept() {
        accepted = true;
    }

    /**
     * Reads the next message.
     *
     * @return the message, whose data ends with the next call; or null at the end of the stream
     * @throws ProtocolException if what comes is none
     * @throws EOFException if the stream ends within it
     * @throws IOException if the stream fails
     */
    Message next() throws IOException {
        int first = stream.read();
        if (first < 0) {
            return null;
        }
        header[0] = (byte) first;
        readFully(header, 1, MessageType.HEADER_BYTES);
        ByteBuffer fields = ByteBuffer.wrap(header);
        int length = fields.getInt();
        MessageType type = MessageType.of(length, Byte.toUnsignedInt(fields.get()));
        if (!accepted && type != MessageType.HELLO) {
            throw ProtocolException.outOfState(type + " before HELLO");
        }
        int bodyBytes = length - 1;
        if (body.length < bodyBytes) {
            body = new byte[Math.min(Math.max(bodyBytes, 2 * body.length), MessageType.MAX_FRAME_BYTES)];
        }
        readFully(body, 0, bodyBytes);
        return MessageDecoder.decode(type, ByteBuffer.wrap(body, 0, bodyBytes));
    }

    /** How much it keeps now. */
    int keptBytes() {
        return body.length;
    }

    private void readFully(byte[] into, int from, int to) throws IOException {
        int read = stream.readNBytes(into, from, to - from);
        if (read < to - from) {
            throw new EOFException("the stream ends within a message");
        }
    }
}
