package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.UserException;

import java.util.ArrayList;
import java.util.List;

/**
 * Which bytes of the file are whose: the regions are equal parts of it, and each is cut into so many pieces that each place has at least
 * one. The last region also has what is left over.
 *
 * @param regions the parts of the file that are registered, each with its offset in the file
 * @param pieces what the places share out, each with its offset in its region
 */
record Layout(List<Part> regions, List<Part> pieces) {
    static final long PAGE_BYTES = 4096;
    /** The words for atomics: the first page of the file. */
    static final long WORDS_BYTES = PAGE_BYTES;

    /**
     * A range.
     *
     * @param region the number of its region
     * @param offset where it begins
     * @param lengthBytes how long it is
     */
    record Part(int region, long offset, long lengthBytes) {
    }

    /**
     * Lays out a file.
     *
     * @param fileBytes its size
     * @param regionCount how many regions
     * @param places how many places
     * @param leastBytes how long a piece must be at least
     * @param words whether to keep the first page for atomics
     * @throws UserException if the file is too small
     */
    static Layout of(long fileBytes, int regionCount, int places, long leastBytes, boolean words) throws UserException {
        long regionBytes = fileBytes / regionCount / PAGE_BYTES * PAGE_BYTES;
        List<Part> regions = new ArrayList<>();
        List<Part> pieces = new ArrayList<>();
        int cuts = (places + regionCount - 1) / regionCount;
        for (int i = 0; i < regionCount && regionBytes > 0; i++) {
            long start = i * regionBytes;
            Part region = new Part(i, start, i == regionCount - 1 ? fileBytes - start : regionBytes);
            regions.add(region);
            cut(region, i == 0 && words ? WORDS_BYTES : 0, cuts, leastBytes, pieces);
        }
        if (pieces.size() < places) {
            throw new UserException(("the file is too small: it has %d bytes, which in regions=%d give room for %d transfers at a time of %d bytes,"
                    + " and queue-pairs times depth are %d").formatted(fileBytes, regionCount, pieces.size(), leastBytes, places));
        }
        return new Layout(regions, pieces);
    }

    private static void cut(Part region, long from, int cuts, long leastBytes, List<Part> pieces) {
        long pieceBytes = (region.lengthBytes() - from) / cuts / PAGE_BYTES * PAGE_BYTES;
        for (int i = 0; i < cuts; i++) {
            long offset = from + i * pieceBytes;
            long length = i == cuts - 1 ? region.lengthBytes() - offset : pieceBytes;
            if (length >= leastBytes) {
                pieces.add(new Part(region.region(), offset, length));
            }
        }
    }

    /** The pieces of one place: as many as each other has, or one more. */
    List<Part> piecesOf(int place, int places) {
        List<Part> own = new ArrayList<>();
        for (int i = place; i < pieces.size(); i += places) {
            own.add(pieces.get(i));
        }
        return own;
    }
}
