package dev.daxverbs.region;

import dev.daxverbs.internal.Posix;

import java.util.ArrayList;
import java.util.List;

/**
 * A transfer of a trial, between on-demand memory and pinned memory.
 *
 * @param operation what is done
 * @param pieces where in the on-demand memory: one range, or the elements of a gather or scatter. In the pinned memory they lie one behind
 *         the other, from {@link #PINNED_OFFSET}
 */
record TrialTransfer(Operation operation, List<Piece> pieces) {
    /** The pinned side is at no boundary: there every device is right. */
    static final long PINNED_OFFSET = 3;

    /** How much on-demand memory the transfers need, and pinned memory as much: more than the longest of them. */
    static final int PAGES = 8;

    private static final long PAGE = Posix.PAGE_SIZE;

    /** Which side of a work request names the on-demand memory, and which way the bytes go. */
    enum Operation {
        /** RDMA WRITE to it. */
        WRITE_TO(true),
        /** RDMA READ from it. */
        READ_FROM(false),
        /** RDMA WRITE out of it, the request's own elements. */
        GATHER_FROM(false),
        /** RDMA READ into it, the request's own elements. */
        SCATTER_TO(true);

        private final boolean changesOnDemand;

        Operation(boolean changesOnDemand) {
            this.changesOnDemand = changesOnDemand;
        }

        boolean changesOnDemand() {
            return changesOnDemand;
        }

        boolean isWrite() {
            return this == WRITE_TO || this == GATHER_FROM;
        }

        boolean isRemote() {
            return this == WRITE_TO || this == READ_FROM;
        }
    }

    /**
     * A range of the on-demand memory.
     *
     * @param offset bytes from its start
     * @param lengthBytes bytes
     */
    record Piece(long offset, long lengthBytes) {
    }

    /** Transfers that begin, end, and cross pages and packets anywhere. */
    static List<TrialTransfer> odd() {
        List<Piece> ranges = List.of(new Piece(1, 64), new Piece(64, PAGE), new Piece(PAGE - 1, 2), new Piece(0, PAGE), new Piece(0, 5000),
                new Piece(PAGE - 1, 2 * PAGE), new Piece(PAGE + 1, 3 * PAGE), new Piece(0, 3 * PAGE + 17), new Piece(2 * PAGE + 100, 5000));
        List<Piece> elements = List.of(new Piece(1, 100), new Piece(2 * PAGE - 1, 5000), new Piece(4 * PAGE + 64, PAGE));
        return all(ranges, elements);
    }

    /** Transfers of which each packet begins at a page boundary if it has a page, of any length. */
    static List<TrialTransfer> aligned() {
        List<Piece> ranges = List.of(new Piece(0, 1), new Piece(PAGE, 64), new Piece(0, PAGE), new Piece(2 * PAGE, 5000),
                new Piece(PAGE, 2 * PAGE), new Piece(0, 3 * PAGE + 17), new Piece(3 * PAGE, 5 * PAGE - 1));
        List<Piece> elements = List.of(new Piece(PAGE, PAGE), new Piece(5 * PAGE, 2 * PAGE), new Piece(0, 100));
        return all(ranges, elements);
    }

    private static List<TrialTransfer> all(List<Piece> ranges, List<Piece> elements) {
        List<TrialTransfer> transfers = new ArrayList<>();
        for (Operation operation : Operation.values()) {
            ranges.forEach(range -> transfers.add(new TrialTransfer(operation, List.of(range))));
            if (!operation.isRemote()) {
                transfers.add(new TrialTransfer(operation, elements));
            }
        }
        return transfers;
    }

    long lengthBytes() {
        return pieces.stream().mapToLong(Piece::lengthBytes).sum();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(operation.name());
        pieces.forEach(piece -> text.append(" [").append(piece.offset).append(", +").append(piece.lengthBytes).append(')'));
        return text.toString();
    }
}
