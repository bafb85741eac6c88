package dev.daxverbs.region;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.grant.PeerRegion;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.PostException;
import dev.daxverbs.verbs.SendOpcode;
import dev.daxverbs.verbs.SendWorkRequests;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Moves what one queue pair has deferred: posts it when its regions can be used, and else sees it through staging memory, or by messages to
 * the owner of a peer's region. Also copies what arrived in staged receives.
 *
 * <p><b>Who may post.</b> While nothing is deferred the owner posts, within the send gate, and never comes here. The owner that finds a
 * request which cannot go to the device takes {@link #lock} and defers it; from then on the pump posts, under the lock, and the owner
 * defers, under the lock, until it finds the queue dry and posts again itself. So the pump needs no gate, and the owner no lock on its hot path.
 *
 * <p><b>One order.</b> Requests are begun in the order in which they were accepted.
 * <ul>
 * <li>One that goes to the device as it is waits until all staged ones before it have ended: what they bring is in its file.</li>
 * <li>A staged one waits until the device has done all before it that name tracked regions.</li>
 * <li>A staged one that reads a file, or whose effect is seen without the pump, waits until those staged before it that change files have
 * ended.</li>
 * <li>What goes by message begins when all that the device has is complete, and what goes by the device when all that went by message is
 * answered.</li>
 * <li>A write with immediate data to a staged region tells its peer when what it and those before it bring is in the files; none behind it
 * begins before.</li>
 * </ul>
 * All others overlap: the device keeps their order, and what they bring is copied in that order.
 *
 * <p><b>Locks.</b> A turn is taken with {@link #turn} held, throughout its copying; {@link #lock} is held for moments. In this order: send gate,
 * turn, lock, gate of the completion queue. A break takes the gate and the lock, never the turn: it does not wait for anybody's files.
 */
final class Pump implements Runnable {
    private static final long FIRST_SWEEP_NS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long LAST_SWEEP_NS = TimeUnit.MILLISECONDS.toNanos(2);
    /** When to look again at a file that lacks something. */
    static final long LOOK_AT_FILE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long MEMORY_NS = TimeUnit.MILLISECONDS.toNanos(2); // it is called when there is some; this is for lost calls
    static final long NEVER = Long.MAX_VALUE;

    private final TrackedQueuePair queuePair;
    private final SendSlots sends;
    private final StagedReceives receives;
    private final ReentrantLock turn = new ReentrantLock();
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean called = new AtomicBoolean();
    private final AtomicBoolean timed = new AtomicBoolean();
    private final PieceCounter arrived;
    private final Runnable whenFree = this::call; // one object: pools know it by its identity

    // Of whoever has the turn.
    private final ArrayDeque<StagedPiece> pieces = new ArrayDeque<>(); // that the device has, or had, and that have not been copied
    private final SendWorkRequests scratch;
    private StagedTransfer current; // some pieces of which are still to be posted
    private int writers; // of the open transfers, those that change files
    private long sweepNs = FIRST_SWEEP_NS;
    private long stagedFrom; // where the present run of staged requests began

    // Under the lock.
    private int open; // staged transfers that have begun and not ended
    private long piecesPosted;
    private long trackedPieces; // the end of the last piece that names a registration
    private volatile long staged; // how many requests were staged; written under the lock
    private volatile long emulated;
    private volatile long truncated;

    Pump(TrackedQueuePair queuePair, SendSlots sends, StagedReceives receives) {
        this.queuePair = queuePair;
        this.sends = sends;
        this.receives = receives;
        arrived = new PieceCounter(sends.capacity());
        scratch = new SendWorkRequests(1, sends.maxElements(), 1);
    }

    ReentrantLock lock() {
        return lock;
    }

    ReentrantLock turn() {
        return turn;
    }

    PieceCounter arrived() {
        return arrived;
    }

    long stagedCount() {
        return staged;
    }

    long emulatedCount() {
        return emulated;
    }

    long truncatedCount() {
        return truncated;
    }

    /** The end of the last piece that names a registration. Under the lock. */
    long trackedPieces() {
        return trackedPieces;
    }

    /** Whether nothing that names a peer's region, which is closed, is by message on its way. Waits for a turn. */
    boolean isDoneWith(PeerRegion region) {
        turn.lock();
        try {
            return (current == null || current.peer != region)
                    && pieces.stream().noneMatch(piece -> piece.emulated && piece.transfer.peer == region);
        } finally {
            turn.unlock();
        }
    }

    /** Whether everything that was deferred has ended or is with the device as it is. Under the lock. */
    boolean isDry() {
        return !sends.hasDeferred() && open == 0;
    }

    /** Makes it take a turn soon. Any thread; costs little if it is called already. */
    void call() {
        if (called.compareAndSet(false, true)) {
            PumpThreads.run(this);
        }
    }

    @Override
    public void run() {
        called.set(false); // before it looks: who calls after this gets another turn
        takeTurn(false);
    }

    private void runByTime() {
        timed.set(false);
        takeTurn(true);
    }

    private void takeTurn(boolean sweep) {
        turn.lock();
        try {
            if (queuePair.isGone()) {
                return;
            }
            if (sweep && isWaitingForDevice()) {
                long before = arrived.count();
                queuePair.sweepSends();
                // If the owner polls, there is nothing for us to find; if it does not, come sooner.
                sweepNs = arrived.count() != before ? FIRST_SWEEP_NS : Math.min(2 * sweepNs, LAST_SWEEP_NS);
            }
            long pauseNs = Math.min(finishPieces(), receives.copyArrived());
            pauseNs = Math.min(pauseNs, begin());
            if (pauseNs != NEVER && timed.compareAndSet(false, true)) {
                PumpThreads.runAfter(pauseNs, this::runByTime);
            }
        } finally {
            turn.unlock();
        }
    }

    private boolean isWaitingForDevice() {
        if (!pieces.isEmpty()) {
            return true;
        }
        lock.lock();
        try {
            return hasDeferred();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether there is something to begin. Under the lock. While the owner posts by itself, what it has accepted and not posted yet is on its
     * way to the device, and none of the pump's business.
     */
    private boolean hasDeferred() {
        return queuePair.isQueued() && sends.hasDeferred();
    }

    /** Copies what arrived, in order. */
    private long finishPieces() {
        StagedPiece piece = pieces.peekFirst();
        while (piece != null && isOver(piece)) {
            StagedTransfer transfer = piece.transfer;
            CompletionStatus status = piece.emulated ? takeAnswer(piece) : arrived.status(piece.ordinal);
            if (status != CompletionStatus.SUCCESS) {
                transfer.fail(status);
            }
            if (transfer.outcome == null && !transfer.declined) {
                FileAccess result = piece.finish();
                if (result == FileAccess.LATER && !queuePair.isDead()) {
                    return LOOK_AT_FILE_NS;
                }
                note(transfer, result);
            }
            pieces.removeFirst();
            transfer.open--;
            if (transfer.announces && !piece.announcing && transfer.outcome == null) {
                piece.announcing = true;
                piece.emulated = false; // the owner has the bytes: the device tells its user
                transfer.announcement = piece;
            } else {
                piece.giveBack();
                endIfDone(transfer);
            }
            piece = pieces.peekFirst();
        }
        return piece == null ? NEVER : nextLookNs();
    }

    /** When to look again while there are pieces, or the device has no room: an answer by message calls, a completion has to be looked for. */
    private long nextLookNs() {
        StagedPiece first = pieces.peekFirst();
        return first != null && first.emulated ? NEVER : sweepNs;
    }

    private boolean isOver(StagedPiece piece) {
        return piece.emulated ? piece.answer() != null || queuePair.isDead() : piece.ordinal < arrived.count();
    }

    /** What the owner's answer means here. */
    private CompletionStatus takeAnswer(StagedPiece piece) {
        AccessStatus answer = piece.answer();
        if (answer == null) {
            return CompletionStatus.WR_FLUSH_ERR; // it may have been done or not, as with a device
        }
        StagedTransfer transfer = piece.transfer;
        switch (answer) {
            case OK -> {
                piece.takeAnswer();
                transfer.allPosted |= transfer.opcode.isAtomic();
                return CompletionStatus.SUCCESS;
            }
            case GRANTED -> {
                transfer.declined = true;
                return CompletionStatus.SUCCESS;
            }
            case TRUNCATED -> {
                return CompletionStatus.FILE_TRUNCATED;
            }
            case FAILED -> {
                return CompletionStatus.GENERAL_ERR;
            }
            default -> {
                if (!transfer.peer.isClosed()) {
                    queuePair.stop(); // as its device would
                }
                return CompletionStatus.REM_ACCESS_ERR;
            }
        }
    }

    private static void note(StagedTransfer transfer, FileAccess result) {
        switch (result) {
            case DONE -> {
                // well
            }
            case LATER, TRUNCATED -> transfer.fail(CompletionStatus.FILE_TRUNCATED);
            case CLOSED -> transfer.fail(CompletionStatus.LOC_PROT_ERR);
            case FAILED -> transfer.fail(CompletionStatus.GENERAL_ERR);
        }
    }

    private void endIfDone(StagedTransfer transfer) {
        if (transfer.open > 0 || !transfer.allPosted && transfer.outcome == null) {
            return; // a declined one too: it is current, and begun anew
        }
        end(transfer);
        if (transfer.writesFiles()) {
            writers--;
        }
        CompletionStatus outcome = transfer.outcome == null ? CompletionStatus.SUCCESS : transfer.outcome;
        lock.lock();
        try {
            if (transfer == current) { // given up before all of it was posted
                sends.passStaged();
                current = null;
            }
            open--;
            if (transfer.emulated) {
                emulated++;
            } else {
                staged++;
            }
            truncated += outcome == CompletionStatus.FILE_TRUNCATED ? 1 : 0;
        } finally {
            lock.unlock();
        }
        if (transfer.event != null) {
            transfer.event.finish(queuePair, transfer, outcome.name()); // before the slot, and the request in it, are used again
        }
        sends.finish(transfer.sequence, outcome);
        queuePair.announceSent();
    }

    /** Begins as many deferred requests as can be. */
    private long begin() {
        while (true) {
            if (current != null) {
                long pauseNs = postPieces(current);
                if (pauseNs != 0) {
                    return pauseNs;
                }
                continue;
            }
            lock.lock();
            try {
                if (!hasDeferred()) {
                    return pieces.isEmpty() ? NEVER : nextLookNs();
                }
                long pauseNs = beginFirst(sends.firstDeferred());
                if (pauseNs != 0) {
                    return pauseNs;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Begins the first deferred request, under the lock.
     *
     * @return 0 if that was done; else when to look again
     */
    private long beginFirst(SendWorkRequests request) {
        if (queuePair.isDead()) {
            settle(CompletionStatus.WR_FLUSH_ERR);
            return 0;
        }
        if (Binding.namesClosedRegion(request, 0)) {
            settle(CompletionStatus.LOC_PROT_ERR);
            return 0;
        }
        int path = Binding.bind(queuePair, request, 0);
        switch (path) {
            case Binding.TRUNCATED -> {
                settle(CompletionStatus.FILE_TRUNCATED);
                return 0;
            }
            case Binding.FREE, Binding.DIRECT -> {
                return open > 0 || !post(request, path == Binding.DIRECT) ? nextLookNs() : 0;
            }
            default -> {
                return stage(request);
            }
        }
    }

    private boolean post(SendWorkRequests request, boolean tracked) {
        request.setDeviceWrId(0, queuePair.wrIdOf(sends.posted()));
        request.setDeviceSignaled(0);
        try {
            if (queuePair.postToDevice(request) == 0) {
                return false;
            }
            sends.postDeferred(tracked);
        } catch (PostException e) {
            settle(CompletionStatus.GENERAL_ERR);
        }
        return true;
    }

    private void settle(CompletionStatus status) {
        sends.settleDeferred(status);
        truncated += status == CompletionStatus.FILE_TRUNCATED ? 1 : 0;
        queuePair.announceSent();
    }

    private long stage(SendWorkRequests request) {
        boolean stageRemote = request.remoteMemory(0) instanceof MemoryRegion remote && !remote.hasFixedKeys()
                && (!request.opcode(0).isAtomic()
                || Binding.bindRemote(queuePair, request, 0, request.byteLength(0)) != Binding.DIRECT);
        StagedTransfer transfer = new StagedTransfer(request, sends.posted(), stageRemote);
        if (transfer.peer != null) {
            long pauseNs = pauseBeforePeer(transfer);
            if (pauseNs > 0) {
                return pauseNs;
            }
        }
        if (!sends.isCompleted(sends.trackedPosted()) || transfer.needsFiles() && writers > 0) {
            return sweepNs;
        }
        if (Math.max(transfer.localBytes(0, transfer.nextPieceBytes()), transfer.remoteBytes(transfer.nextPieceBytes()))
                > queuePair.stagingBytes()) {
            return tooLong(transfer);
        }
        if (transfer.opcode.isAtomic() && transfer.remote != null) {
            AtomicTurn turn = transfer.remote.atomicTurnAt(transfer.remoteOffset());
            if (!turn.begin(whenFree)) {
                return sweepNs; // called when its turn has come
            }
            // Who looks for a turn after this leaves the word alone; who looked before had the registration, so that we see it here.
            if (transfer.remote.letsDeviceDoAtomicsAt(transfer.remoteOffset(), transfer.totalBytes)) {
                turn.end();
                return FIRST_SWEEP_NS; // the device's atomics are at it: this one goes to the device, too
            }
            transfer.atomicTurn = turn;
        }
        if (open == 0) {
            stagedFrom = sends.posted();
        }
        writers += transfer.writesFiles() ? 1 : 0;
        open++;
        sends.stageDeferred();
        transfer.event = RegionEvents.begin(StagedTransferEvent::new);
        current = transfer;
        return 0;
    }

    /** How long a transfer to a peer's region has to wait: for a key, or for the device to be done with what is before it. */
    private long pauseBeforePeer(StagedTransfer transfer) {
        PeerRegion peer = transfer.peer;
        if (Binding.bindRemote(queuePair, transfer.request, 0, transfer.totalBytes) != Binding.DIRECT) {
            long patienceNs = peer.key() == null ? peer.patienceNs() : 0;
            if (patienceNs > 0) {
                return patienceNs;
            }
            if (transfer.opcode == SendOpcode.RDMA_WRITE_WITH_IMM && transfer.totalBytes > longestAnnounced(peer)) {
                return LOOK_AT_FILE_NS; // it can only go to the device as it is
            }
        }
        return sends.isCompleted(sends.directPosted()) ? 0 : sweepNs;
    }

    private static long longestAnnounced(PeerRegion peer) {
        return Math.min(peer.channel().longestAccessBytes(), peer.channel().landing().lengthBytes());
    }

    /** It can only go to the device as it is: so it waits for that, for as long as there is hope. */
    private long tooLong(StagedTransfer transfer) {
        boolean hope = transfer.remote == null || transfer.remote.mayBecomeDirect();
        for (int k = 0; k < transfer.request.elementCount(0) && hope; k++) {
            hope = !(transfer.request.localMemory(0, k) instanceof MemoryRegion region) || region.hasFixedKeys() || region.mayBecomeDirect();
        }
        if (hope) {
            return LOOK_AT_FILE_NS;
        }
        settle(CompletionStatus.LOC_LEN_ERR);
        return 0;
    }

    /**
     * Posts the next pieces of a transfer.
     *
     * @return 0 if all are posted or it is given up; else when to look again
     */
    private long postPieces(StagedTransfer transfer) {
        while (!transfer.allPosted) {
            if (queuePair.isDead()) {
                transfer.fail(CompletionStatus.WR_FLUSH_ERR);
            }
            if (transfer.outcome != null) {
                if (transfer.open > 0) {
                    return nextLookNs(); // its pieces are on their way
                }
                endIfDone(transfer);
                return 0;
            }
            if (transfer.declined) {
                beginAnew(transfer);
                return 0;
            }
            if ((transfer.announces || transfer.emulated && transfer.opcode.isAtomic()) && transfer.open > 0 || !hasRoom()) {
                return nextLookNs();
            }
            if (transfer.announcement != null) {
                if (!post(transfer.announcement) && transfer.outcome == null) {
                    return sweepNs;
                }
                continue;
            }
            if (transfer.namesRegistration && transfer.peer == null && !isStillDirect(transfer)) {
                return 0; // begun anew
            }
            boolean emulates = transfer.peer != null && !isDirectNow(transfer);
            if (emulates && transfer.peer.isClosed()) {
                transfer.fail(CompletionStatus.LOC_PROT_ERR);
                continue;
            }
            if (!pieces.isEmpty() && pieces.peekLast().emulated != emulates) {
                return nextLookNs(); // one way after the other
            }
            if (emulates && transfer.opcode == SendOpcode.RDMA_WRITE_WITH_IMM && transfer.totalBytes > longestAnnounced(transfer.peer)) {
                return LOOK_AT_FILE_NS; // there was a key when it was begun
            }
            StagedPiece piece = StagedPiece.next(transfer, queuePair.staging(), whenFree);
            if (piece == null) {
                return MEMORY_NS;
            }
            boolean kept = false;
            try {
                FileAccess result = piece.prepare();
                if (result == FileAccess.LATER) {
                    return LOOK_AT_FILE_NS;
                }
                note(transfer, result);
                if (result == FileAccess.DONE) {
                    kept = emulates ? emulate(piece) : post(piece);
                    if (!kept && transfer.outcome == null) {
                        return nextLookNs(); // the device is full, or the window
                    }
                }
            } finally {
                if (!kept) {
                    piece.giveBack();
                }
            }
        }
        lock.lock();
        try {
            sends.passStaged();
            current = null;
        } finally {
            lock.unlock();
        }
        return 0;
    }

    private boolean isDirectNow(StagedTransfer transfer) {
        lock.lock();
        try {
            return Binding.bindRemote(queuePair, transfer.request, 0, transfer.totalBytes) == Binding.DIRECT;
        } finally {
            lock.unlock();
        }
    }

    /** Hands a piece to the owner of the peer's memory; false if the window is full. */
    private boolean emulate(StagedPiece piece) {
        StagedTransfer transfer = piece.transfer;
        if (!piece.mayTakeAnswer()) {
            transfer.fail(CompletionStatus.LOC_PROT_ERR);
            queuePair.stop(); // as the device would
            return false;
        }
        piece.emulated = true; // before it is asked: the answer may come at once
        if (!piece.ask(whenFree)) {
            return false;
        }
        transfer.emulated = true;
        transfer.announces |= transfer.opcode == SendOpcode.RDMA_WRITE_WITH_IMM;
        pieces.addLast(piece);
        transfer.open++;
        if (!transfer.announces) {
            transfer.postedBytes += piece.lengthBytes();
            transfer.allPosted = transfer.postedBytes == transfer.totalBytes && !transfer.opcode.isAtomic(); // that may be declined
        }
        return true;
    }

    /** A transfer of which nothing was posted: as if it had not been begun. The next time it may go to the device as it is. */
    private void beginAnew(StagedTransfer transfer) {
        lock.lock();
        try {
            writers -= transfer.writesFiles() ? 1 : 0;
            open--;
            sends.unstageDeferred();
            current = null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether the registration that an atomic names is still there. If not, the atomic, which has only one piece, is as if it had not
     * been begun: its other side has to be staged as well.
     */
    private boolean isStillDirect(StagedTransfer transfer) {
        lock.lock();
        try {
            if (Binding.bindRemote(queuePair, transfer.request, 0, transfer.totalBytes) == Binding.DIRECT) {
                return true;
            }
            beginAnew(transfer);
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the send queue of the device has a place. What is before the staged requests may be there yet, one for one. */
    private boolean hasRoom() {
        long before = Math.max(0, stagedFrom - sends.completedAcquire());
        return before + pieces.size() < sends.capacity();
    }

    private boolean post(StagedPiece piece) {
        StagedTransfer transfer = piece.transfer;
        scratch.clear();
        piece.describe(scratch, queuePair.wrIdOf(transfer.sequence));
        lock.lock();
        try {
            if (queuePair.isGone()) {
                transfer.fail(CompletionStatus.WR_FLUSH_ERR);
                return false;
            }
            boolean namesRegistration = transfer.namesRegistration && !piece.announcing; // that goes to the landing
            if (namesRegistration && Binding.bindRemote(queuePair, transfer.request, 0, transfer.totalBytes) == Binding.DIRECT) {
                scratch.setRemoteKey(0, transfer.request.remoteKey(0)); // as it is now: there may have been a break since it was begun
            } else if (namesRegistration) {
                return false; // there was one just now: isStillDirect will tell
            }
            piece.ordinal = piecesPosted;
            if (queuePair.postToDevice(scratch) == 0) {
                return false;
            }
            piecesPosted++;
            if (namesRegistration) {
                trackedPieces = piecesPosted;
            }
        } catch (PostException e) {
            transfer.fail(CompletionStatus.GENERAL_ERR);
            return false;
        } finally {
            lock.unlock();
        }
        pieces.addLast(piece);
        transfer.open++;
        if (transfer.announces) {
            transfer.allPosted = piece.announcing;
            transfer.announcement = null;
        } else {
            transfer.postedBytes += piece.lengthBytes();
            transfer.allPosted = transfer.postedBytes == transfer.totalBytes;
        }
        return true;
    }

    /** Forgets everything, as the device has; with turn and lock held. */
    void forgetAll() {
        pieces.forEach(piece -> {
            end(piece.transfer);
            piece.giveBack();
        });
        pieces.clear();
        if (current != null) {
            end(current);
            current = null;
        }
        writers = 0;
        open = 0;
        arrived.skipTo(piecesPosted);
        trackedPieces = 0;
    }

    /** Gives back what a transfer has beside its pieces, and its place where it waits for memory: who is behind must not wait for it. */
    private void end(StagedTransfer transfer) {
        if (transfer.atomicTurn != null) {
            transfer.atomicTurn.end();
            transfer.atomicTurn = null;
        }
        if (transfer.announcement != null) {
            transfer.announcement.giveBack();
            transfer.announcement = null;
        }
        queuePair.staging().forget(whenFree);
        if (transfer.remote != null) {
            transfer.remote.targetStaging().forget(whenFree);
        }
    }
}
