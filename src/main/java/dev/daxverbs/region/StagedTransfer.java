package dev.daxverbs.region;

import dev.daxverbs.grant.PeerRegion;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.SendOpcode;
import dev.daxverbs.verbs.SendWorkRequests;

/**
 * A send work request that goes through staging memory, or by messages to a peer's file's owner, in one piece or more. Used by the pump,
 * one thread at a time.
 *
 * <p><b>Sources</b> are read from their files when a piece is posted, <b>destinations</b> written to theirs when it has arrived. An atomic's
 * remote word is both; {@link AtomicTurn} lets one atomic at a time be at it.
 *
 * <p><b>A write with immediate data</b> tells the peer that what it wrote is there. So it is first made as a write without, and made again as
 * what it is when the file has the bytes; its second arrival in staging memory means nothing. The peer is told nothing if the file ended. By
 * message it is a write, and then the device makes it as what it is, to the peer's {@link dev.daxverbs.grant.Landing}.
 *
 * <p><b>To a peer's region</b> each piece goes by the device if there is a key for it when its turn comes, and else by message.
 */
final class StagedTransfer {
    /** Large transfers are cut into pieces of this length. */
    static final long PIECE_BYTES = 65_536;

    final SendWorkRequests request; // one request: the queue pair's copy of the user's
    final long sequence;
    final SendOpcode opcode;
    final long totalBytes;
    final boolean localTracked;
    /** The peer's memory, where it is staged; else null: then its key is in the request. */
    final MemoryRegion remote;
    /** The peer's memory, where it is of another process; else null. */
    final PeerRegion peer;
    /** Whether its only piece is posted twice: the second time when the file has what it brought, to tell the peer. */
    boolean announces;
    /** Whether some of it went by message. */
    boolean emulated;
    /** Whether it is an atomic that the device is to do after all: nothing was done, and it is begun anew. */
    boolean declined;
    /** That piece, while it is to be posted the second time; else null. */
    StagedPiece announcement;
    /** Whether a piece names a live registration, so that a break has to wait for it. */
    final boolean namesRegistration;
    /** How it ended, as far as that is known: the first thing that went wrong, or null. */
    CompletionStatus outcome;
    /** How many bytes have been posted; {@link #allPosted} says whether that is all, of a transfer of zero bytes as well. */
    long postedBytes;
    boolean allPosted;
    /** Pieces that the device has. */
    int open;
    /** What is to be recorded of it; null if nothing is. */
    StagedTransferEvent event;
    /** The turn for atomics that this transfer has. */
    AtomicTurn atomicTurn;

    StagedTransfer(SendWorkRequests request, long sequence, boolean stageRemote) {
        this.request = request;
        this.sequence = sequence;
        opcode = request.opcode(0);
        totalBytes = request.byteLength(0);
        boolean tracked = false;
        for (int k = 0; k < request.elementCount(0); k++) {
            tracked |= Binding.isTracked(request.localMemory(0, k));
        }
        localTracked = tracked;
        remote = stageRemote ? (MemoryRegion) request.remoteMemory(0) : null;
        peer = PeerRegion.of(request.remoteMemory(0));
        namesRegistration = remote == null && Binding.isTracked(request.remoteMemory(0));
        announces = remote != null && opcode == SendOpcode.RDMA_WRITE_WITH_IMM;
    }

    /** Whether what came before must have reached its files when this is posted: it reads some, or others may see it by itself. */
    boolean needsFiles() {
        return readsFiles() || namesRegistration && peer == null;
    }

    private boolean readsFiles() {
        return opcode.sendsData() && localTracked || !opcode.sendsData() && remote != null;
    }

    /** Whether it changes files, now or when it completes. */
    boolean writesFiles() {
        return !opcode.sendsData() && localTracked || opcode != SendOpcode.RDMA_READ && (remote != null || namesRegistration && peer == null);
    }

    long nextPieceBytes() {
        long rest = totalBytes - postedBytes;
        return Binding.isWhole(opcode) ? rest : Math.min(rest, PIECE_BYTES);
    }

    /** How much local staging memory a piece takes: the bytes of its range that are over files. */
    long localBytes(long begin, long length) {
        long bytes = 0;
        long at = 0;
        for (int k = 0; k < request.elementCount(0); k++) {
            long end = at + request.localLength(0, k);
            if (Binding.isTracked(request.localMemory(0, k))) {
                bytes += Math.max(0, Math.min(end, begin + length) - Math.max(at, begin));
            }
            at = end;
        }
        return bytes;
    }

    /** Where it begins in the peer's staged region. */
    long remoteOffset() {
        return request.remoteAddress(0) - remote.address();
    }

    long remoteBytes(long length) {
        return remote == null ? 0 : length;
    }

    /** Notes what went wrong, unless something has before. */
    void fail(CompletionStatus status) {
        if (outcome == null) {
            outcome = status;
        }
    }
}
