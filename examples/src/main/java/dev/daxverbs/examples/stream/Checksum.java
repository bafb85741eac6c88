package dev.daxverbs.examples.stream;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** A checksum of memory that is not zero for bytes that all are. */
final class Checksum {
    private static final long PIECE_BYTES = 1 << 30;

    private Checksum() {
    }

    /** Of one piece, or of several, one after the other. */
    static long of(MemorySegment... pieces) {
        CRC32C crc = new CRC32C();
        long bytes = 0;
        for (MemorySegment piece : pieces) {
            for (long at = 0; at < piece.byteSize(); at += PIECE_BYTES) {
                crc.update(piece.asSlice(at, Math.min(PIECE_BYTES, piece.byteSize() - at)).asByteBuffer());
            }
            bytes += piece.byteSize();
        }
        return crc.getValue() << Integer.SIZE | bytes & 0x7fff_ffffL | 1L << Integer.SIZE - 1;
    }
}
