package dev.daxverbs.region;

import dev.daxverbs.grant.DrainedQueuePair;
import dev.daxverbs.grant.Landing;
import dev.daxverbs.grant.PeerKey;
import dev.daxverbs.grant.PeerRegion;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.PostException;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairAttributes;
import dev.daxverbs.verbs.QueuePairCapabilities;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.VerbsException;
import dev.daxverbs.verbs.WorkCompletions;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A queue pair that knows which of its work requests name which {@link MemoryRegion}.
 *
 * <p>A request whose regions the device can be let at goes to it at once. Any other is copied and deferred, and so is everything posted after
 * it, so that the order stays one; the {@link Pump} moves what was deferred.
 *
 * <p>Who runs where: the owner posts within the send gate. A break seizes that gate, which makes sure that no request with the
 * old keys is on its way unseen ({@link #fenceOff}). Completions are dealt with within the gate of the completion queue. Locks are
 * taken in this order: send gate, the pump's turn, the pump's lock, gate of the completion queue; a region's users are locked within
 * any of these.
 */
final class TrackedQueuePair extends QueuePair implements DrainedQueuePair {
    private final RegionDomain regionDomain;
    private final TrackedCompletionQueue sendQueue;
    private final TrackedCompletionQueue receiveQueue;
    private final QueuePairCapabilities capabilities;
    private final boolean allSignaled;
    private final int index;
    private final long plainIds; // of requests that are plain, without their sequence numbers
    private final SendSlots sends;
    private final ReceiveSlots receives;
    private final Pump pump;
    private final Set<MemoryRegion> regions = new LinkedHashSet<>(); // that have this queue pair as a user; guarded by itself
    private volatile boolean gone; // closed: nothing of it will complete any more
    private volatile boolean dead; // stopped by an error or on purpose: what is deferred is flushed
    private volatile long stagedReceives; // written by the pump
    private volatile Probes probes; // null: not a connection's
    private volatile Runnable whenDead; // null: not a connection's

    // Of the owner, within the send gate. `queued` is written under the pump's lock as well; a poller looks at it without either: it then
    // calls the pump once too often, or not, which has a timer.
    private boolean queued; // the pump posts, not the owner
    private boolean tracks; // a request has named a tracked region
    private long keyStamp; // changes before a key that was bound here ends; written with the send gate seized

    // Within the gate of the send completion queue.
    private boolean blocked; // an outcome waits for completions of the device

    /** Up to where a break has to wait. */
    record DrainEnd(long sequence, long piece) {
    }

    private TrackedQueuePair(RegionDomain regionDomain, QueuePairOptions options, TrackedCompletionQueue sendQueue,
            TrackedCompletionQueue receiveQueue, int index) {
        super(regionDomain.protectionDomain(), options,
                options.capabilities().maxSendRequests() < regionDomain.protectionDomain().context().attributes().maxQpWr() ? 1 : 0);
        this.regionDomain = regionDomain;
        this.sendQueue = sendQueue;
        this.receiveQueue = receiveQueue;
        this.index = index;
        plainIds = WorkRequestId.ofPlainSend(index, 0);
        // The device may grant more than was asked for; the completion queue has room for what was asked for.
        QueuePairCapabilities asked = options.capabilities();
        QueuePairCapabilities granted = super.capabilities();
        capabilities = new QueuePairCapabilities(asked.maxSendRequests(), asked.maxReceiveRequests(), granted.maxSendElements(),
                granted.maxReceiveElements(), granted.maxInlineBytes());
        allSignaled = options.allSignaled();
        sends = new SendSlots(asked.maxSendRequests(), granted.maxSendElements(), granted.maxInlineBytes());
        receives = new ReceiveSlots(asked.maxReceiveRequests());
        pump = new Pump(this, sends, new StagedReceives(this, receives));
    }

    static TrackedQueuePair create(RegionDomain regionDomain, QueuePairOptions options) {
        if (!(options.sendQueue() instanceof TrackedCompletionQueue send)
                || !(options.receiveQueue() instanceof TrackedCompletionQueue receive)) {
            throw new IllegalArgumentException("%s, %s: the completion queues must be made by a RegionDomain".formatted(options.sendQueue(),
                    options.receiveQueue()));
        }
        QueuePairCapabilities asked = options.capabilities();
        send.reserve(asked.maxSendRequests());
        boolean made = false;
        boolean receiveReserved = false;
        int index = -1;
        try {
            receive.reserve(asked.maxReceiveRequests());
            receiveReserved = true;
            index = QueuePairTable.reserve();
            TrackedQueuePair queuePair = new TrackedQueuePair(regionDomain, options, send, receive, index);
            QueuePairTable.enter(index, queuePair);
            made = true;
            return queuePair;
        } finally {
            if (!made) {
                send.giveBack(asked.maxSendRequests());
                if (receiveReserved) {
                    receive.giveBack(asked.maxReceiveRequests());
                }
                if (index >= 0) {
                    QueuePairTable.release(index);
                }
            }
        }
    }

    @Override
    public QueuePairCapabilities capabilities() {
        return capabilities;
    }

    int index() {
        return index;
    }

    Mtu mtu() {
        return pathMtu();
    }

    long stagingBytes() {
        return regionDomain.options().stagingBytes();
    }

    StagingPool staging() {
        return regionDomain.localStaging();
    }

    boolean isGone() {
        return gone;
    }

    boolean isDead() {
        return dead;
    }

    /** Whether the pump posts. Under its lock. */
    boolean isQueued() {
        return queued;
    }

    long wrIdOf(long sequence) {
        return WorkRequestId.ofSend(index, sequence);
    }

    // Posting: the owner, within the send gate.

    @Override
    protected int postSendInside(SendWorkRequests requests, int from) {
        if (from + 1 == requests.size() && !queued && requests.hasMovingKeys(from) && requests.isBound(this, keyStamp) && sends.room() > 0) {
            return postBound(requests, from);
        }
        int to = Math.min(requests.size(), from + sends.room());
        boolean moving = requests.hasMovingKeys();
        if (queued && isStillQueued()) {
            check(requests, from, to, moving);
            return defer(requests, from, to);
        }
        int direct = moving && !requests.isBound(this, keyStamp) ? bind(requests, from, to) : to;
        if (direct > from) {
            fillDirect(requests, from, direct, moving);
            int posted = postFilled(requests, from, direct);
            if (posted < direct - from) {
                return posted;
            }
        }
        return direct - from + (direct < to ? defer(requests, direct, to) : 0);
    }

    /** Refuses the list if one of these requests can never be posted. */
    private void check(SendWorkRequests requests, int from, int to, boolean moving) {
        for (int i = from; i < to && moving; i++) {
            Binding.check(this, requests, i);
        }
    }

    private boolean isStillQueued() {
        pump.lock().lock();
        try {
            queued = !pump.isDry();
            return queued;
        } finally {
            pump.lock().unlock();
        }
    }

    private int defer(SendWorkRequests requests, int from, int to) {
        pump.lock().lock();
        try {
            queued = true;
            tracks = true;
            for (int i = from; i < to; i++) {
                sends.defer(requests, i, wantsCompletion(requests, i));
            }
        } finally {
            pump.lock().unlock();
        }
        pump.call();
        return to - from;
    }

    private boolean wantsCompletion(SendWorkRequests requests, int i) {
        return allSignaled || requests.isSignaled(i);
    }

    /**
     * Binds the keys of requests up to the first that the device cannot be let at; returns its number. Nothing is accepted yet.
     *
     * @throws RegionTruncatedException if one names bytes that its file does not have
     */
    private int bind(SendWorkRequests requests, int from, int to) {
        boolean lasting = from == 0 && to == requests.size();
        for (int i = from; i < to; i++) {
            int path = Binding.bind(this, requests, i);
            if (path > Binding.DIRECT) {
                check(requests, i, to, true); // those before can be posted, or they would not be bound
                if (path == Binding.TRUNCATED) {
                    throw Binding.truncated(requests, i);
                }
                return i;
            }
            lasting &= isLasting(requests, i);
        }
        if (lasting) {
            noteBound(requests);
        }
        return to;
    }

    /** Whether all that binding looked at is the same until {@link #keyStamp} changes. */
    private static boolean isLasting(SendWorkRequests requests, int i) {
        boolean lasting = !requests.opcode(i).isAtomic() && allowsAny(requests.remoteMemory(i));
        for (int k = 0; k < requests.elementCount(i) && lasting; k++) {
            lasting = allowsAny(requests.localMemory(i, k));
        }
        return lasting;
    }

    private static boolean allowsAny(RegisteredMemory memory) {
        if (!Binding.isTracked(memory)) {
            return true;
        }
        if (memory instanceof MemoryRegion region) {
            return region.direct().allowsAny();
        }
        PeerRegion peer = PeerRegion.of(memory);
        PeerKey key = peer.key();
        return key != null && key.alignment() == 1 && peer.allowsReadsAndWrites();
    }

    /** The list need not be bound again, nor one that is filled with the same memory, for as long as {@link #keyStamp} is the same. */
    private void noteBound(SendWorkRequests requests) {
        requests.bound(this, keyStamp);
        int last = requests.size() - 1;
        if (requests.elementCount(last) > 0 && requests.localMemory(last, 0) instanceof MemoryRegion region && !region.hasFixedKeys()) {
            MemoryRegion.Usable usable = region.usableFor(this);
            if (usable != null && usable.registration() != null) {
                requests.knowLocal(region, usable.registration().localKey(), usable.bytes());
            }
        }
        if (requests.remoteMemory(last) instanceof MemoryRegion region && !region.hasFixedKeys()) {
            MemoryRegion.Usable usable = region.usableFor(this);
            if (usable != null && usable.registration() != null) {
                requests.knowRemote(region, usable.registration().remoteKey(), usable.bytes());
            }
        } else {
            PeerRegion peer = PeerRegion.of(requests.remoteMemory(last));
            PeerKey key = peer == null ? null : peer.key();
            if (key != null) {
                requests.knowRemote(requests.remoteMemory(last), key.key(), key.bytes());
            }
        }
    }

    /** Fills slots for requests whose keys are bound, and gives them the numbers that the device sees. The slots are nobody's yet. */
    private void fillDirect(SendWorkRequests requests, int from, int to, boolean moving) {
        boolean all = tracks || moving; // what names no region, too: whatever comes behind may have to know when it is done
        if (!all) {
            requests.undisguise(); // it may have been posted where all complete
        }
        sends.beginFilling();
        long sequence = sends.accepted();
        if (to - from == 1) { // what the compiler does for a loop costs more than one turn of it
            fillOne(requests, from, sequence, moving, all);
        } else {
            for (int i = from; i < to; i++) {
                fillOne(requests, i, sequence++, moving, all);
            }
        }
    }

    private void fillOne(SendWorkRequests requests, int i, long sequence, boolean moving, boolean all) {
        boolean signaled = requests.isSignaled(i);
        boolean wanted = signaled || allSignaled;
        sends.fill(sequence, requests.wrId(i), wanted, moving && requests.hasMovingKeys(i), !all && !wanted);
        requests.setDeviceWrId(i, wanted ? plainId(sequence) : WorkRequestId.ofSend(index, sequence));
        if (all && !signaled) {
            requests.setDeviceSignaled(i); // a drain waits for its completion; the user will not see it
        }
    }

    /** Posts the last request of a list, which has its keys: as {@link #fillDirect} and {@link #postFilled} do for many. */
    private int postBound(SendWorkRequests requests, int i) {
        long sequence = sends.accepted();
        boolean signaled = requests.isSignaled(i);
        boolean wanted = signaled || allSignaled;
        sends.fillTracked(sequence, requests.wrId(i), wanted);
        requests.setDeviceWrId(i, wanted ? plainId(sequence) : WorkRequestId.ofSend(index, sequence));
        if (!signaled) {
            requests.setDeviceSignaled(i);
        }
        tracks = true;
        sends.acceptFilled(sequence + 1);
        int posted = 0;
        try {
            posted = postSendToDevice(requests, i, i + 1);
        } catch (PostException e) {
            posted = e.posted();
            throw e;
        } finally {
            if (posted == 1) {
                sends.postTracked();
            } else {
                sends.postFilled(sequence);
            }
        }
        return posted;
    }

    private int postFilled(SendWorkRequests requests, int from, int to) {
        long first = sends.accepted();
        tracks |= requests.hasMovingKeys();
        sends.acceptFilled(first + (to - from));
        int posted = 0;
        try {
            posted = postSendToDevice(requests, from, to);
        } catch (PostException e) {
            posted = e.posted();
            throw e;
        } finally {
            sends.postFilled(first + posted);
        }
        return posted;
    }

    /** The pump posts, under its lock. */
    int postToDevice(SendWorkRequests requests) {
        return postSendToDevice(requests, 0, 1);
    }

    // Breaks and restores: other threads.

    /**
     * Makes sure that whatever names a registration that was withdrawn before this call has been counted, on any number of queue pairs;
     * returns up to where, in the order of the collection.
     */
    static List<DrainEnd> fenceOff(Collection<TrackedQueuePair> queuePairs) {
        List<DrainEnd> ends = new ArrayList<>(queuePairs.size());
        seizeSendGates(queuePairs);
        for (TrackedQueuePair queuePair : queuePairs) {
            queuePair.keyStamp++; // whoever posts next binds anew, and finds what was withdrawn
            ends.add(queuePair.drainEnd());
            queuePair.releaseSendGate();
        }
        return ends;
    }

    private DrainEnd drainEnd() {
        pump.lock().lock();
        try {
            return new DrainEnd(sends.trackedPosted(), pump.trackedPieces());
        } finally {
            pump.lock().unlock();
        }
    }

    // Peers' regions.

    @Override
    public void attach(Landing own, Landing peers, Runnable dead) {
        sendQueue.checkSpare();
        probes = new Probes(this, own, peers);
        whenDead = dead;
        seizeSendGate();
        tracks = true; // what goes by message waits for all that was posted before, so all must complete
        releaseSendGate();
    }

    @Override
    public void drain(Runnable whenDrained) {
        probes.add(fenceOff(List.of(this)).getFirst(), whenDrained);
    }

    /**
     * Posts a request of the library's own to the device, behind all that it has; with {@link Probes}' turn, and no gate.
     *
     * @return false if that cannot be now
     */
    boolean postProbe(SendWorkRequests probe) {
        if (!sendQueue.takeSpare()) {
            return false;
        }
        boolean posted = false;
        seizeSendGate();
        pump.lock().lock();
        try {
            probe.setDeviceWrId(0, WorkRequestId.ofProbe(index));
            probe.setDeviceSignaled(0);
            posted = !gone && !dead && postToDevice(probe) == 1;
        } catch (PostException e) {
            noteDeath();
        } finally {
            pump.lock().unlock();
            releaseSendGate();
            if (!posted) {
                sendQueue.giveSpareBack();
            }
        }
        return posted;
    }

    @Override
    public boolean isDoneWith(PeerRegion region) {
        return pump.isDoneWith(region);
    }

    /** Stops it, as the device does after an error: nothing more is begun, and what is posted is flushed. Does not wait. */
    void stop() {
        if (!dead) {
            noteDeath();
            PumpThreads.run(this::fence);
        }
    }

    /** Whether nothing up to there is in flight; polls the completion queue if its owner does not. */
    boolean isDrained(DrainEnd end) {
        if (gone || isDone(end)) {
            return true;
        }
        try {
            sendQueue.sweep();
        } catch (VerbsException e) {
            return true; // the device is gone, and does nothing any more
        }
        return isDone(end);
    }

    private boolean isDone(DrainEnd end) {
        return sends.isCompleted(end.sequence()) && pump.arrived().count() >= end.piece();
    }

    /** Polls the send completion queue in its owner's place. */
    void sweepSends() {
        sendQueue.sweep();
    }

    /** Has what was deferred looked at: a region is back, or gone. */
    @Override
    public void callPump() {
        pump.call();
    }

    /** Moves the queue pair to ERR, as a device that does not finish in time must be stopped. */
    void fence() {
        if (gone) {
            return;
        }
        try {
            toError();
        } catch (VerbsException | IllegalStateException e) {
            noteDeath(); // closed at this moment, or the device is gone: it does nothing any more, and what is deferred is flushed
        }
    }

    @Override
    protected void exclude(boolean forgetting) {
        if (forgetting) {
            pump.turn().lock();
        }
        pump.lock().lock();
    }

    @Override
    protected void readmit() {
        pump.lock().unlock();
        if (pump.turn().isHeldByCurrentThread()) {
            pump.turn().unlock();
        }
    }

    @Override
    protected void modified(QueuePairAttributes attributes) {
        keyStamp++; // the path MTU decides what the device can be let at
        if (state() == QueuePairState.RESET) {
            forgetAll();
            dead = false;
            tellOfDeath(); // a connection cannot go on with it
        } else if (state() == QueuePairState.ERR) {
            noteDeath();
        }
    }

    @Override
    protected void closed() {
        gone = true;
        tellOfDeath();
        forgetAll();
        List<MemoryRegion> used;
        synchronized (regions) {
            used = new ArrayList<>(regions);
            regions.clear();
        }
        used.forEach(region -> region.dismiss(this));
        QueuePairTable.release(index);
        sendQueue.giveBack(capabilities.maxSendRequests());
        receiveQueue.giveBack(capabilities.maxReceiveRequests());
        regionDomain.forget(this);
    }

    private void forgetAll() {
        sendQueue.exclusively(() -> {
            setBlocked(sendQueue, false);
            pump.forgetAll();
            sends.forgetAll();
        });
        receiveQueue.exclusively(receives::forgetAll);
        queued = false;
    }

    /** A region notes that it has this queue pair as a user; called within the send gate or under the pump's lock. */
    void uses(MemoryRegion region) {
        synchronized (regions) {
            regions.add(region);
        }
    }

    void forget(MemoryRegion region) {
        synchronized (regions) {
            regions.remove(region);
        }
    }

    // Receives: the owner, within the receive gate.

    @Override
    protected int postReceiveInside(ReceiveWorkRequests requests, int from) {
        int to = Math.min(requests.size(), from + receives.room());
        boolean moving = requests.hasMovingKeys();
        for (int i = from; i < to && moving; i++) {
            StagedReceive.check(this, requests, i);
        }
        long first = receives.posted();
        int filled = from;
        while (filled < to) {
            StagedReceive staged = null;
            if (moving && StagedReceive.trackedBytes(requests, filled) > 0) {
                staged = StagedReceive.prepare(requests, filled, regionDomain.receiveStaging());
                if (staged == null) {
                    break; // as if the receive queue were full
                }
            }
            long sequence = first + (filled - from);
            receives.fill(sequence, requests.wrId(filled), staged);
            requests.setWrId(filled, WorkRequestId.ofReceive(index, sequence));
            filled++;
        }
        receives.postTo(first + (filled - from));
        int posted = 0;
        try {
            posted = filled == from ? 0 : postReceiveToDevice(requests, from, filled);
        } catch (PostException e) {
            posted = e.posted();
            throw e;
        } finally {
            receives.postTo(first + posted);
            restore(requests, from, filled, first, posted);
        }
        return posted;
    }

    /** The list is the user's: it may post it again. */
    private void restore(ReceiveWorkRequests requests, int from, int to, long first, int posted) {
        for (int i = from; i < to; i++) {
            long sequence = first + (i - from);
            requests.setWrId(i, receives.userId(sequence));
            StagedReceive staged = receives.stagedAt(sequence);
            if (staged != null) {
                staged.restore(requests, i);
                if (i - from >= posted) {
                    staged.giveBack();
                    receives.fill(sequence, 0, null);
                }
            }
        }
    }

    // Completions: within the gate of the completion queue.

    /** The queue pair of a completion, or null if it is closed. */
    static TrackedQueuePair of(long wrId, int queuePairNumber) {
        TrackedQueuePair queuePair = QueuePairTable.find(WorkRequestId.queuePairIndex(wrId));
        return queuePair != null && queuePair.number() == queuePairNumber ? queuePair : null;
    }

    /**
     * Gives the only completion of a list its user's number, if it is of the oldest outstanding send request, which was posted as it is, wanted
     * a completion, and succeeded; nearly all are. Any other is for {@link #translate}.
     *
     * @param wrId the number that it has, from the device
     * @return whether it was such a one
     */
    boolean completeNext(WorkCompletions completions, long wrId) {
        long sequence = sends.completed();
        if (wrId != plainId(sequence) || queued || !sends.isAccepted(sequence) || !completions.isSuccess(0)) {
            return false;
        }
        completions.setWrId(0, sends.userId(sequence));
        sends.completeTo(sequence + 1);
        return true;
    }

    /**
     * The same for as many completions of the list as are such ones in a row, whose slots are given back together.
     *
     * @param from the first, which is of this queue pair
     * @param to the end of the list
     * @return the number of the first that is not such a one, or the end
     */
    int completeNext(WorkCompletions completions, int from, int to) {
        if (queued) {
            return from;
        }
        long first = sends.completed();
        int end = from + Math.min(to - from, sends.outstanding());
        int i = from;
        while (i < end && completions.wrId(i) == plainId(first + (i - from)) && completions.queuePairNumber(i) == number()
                && completions.isSuccess(i)) {
            completions.setWrId(i, sends.userId(first + (i - from)));
            i++;
        }
        sends.completeTo(first + (i - from));
        return i;
    }

    private long plainId(long sequence) {
        return plainIds | WorkRequestId.bitsOf(sequence);
    }

    /**
     * Gives a completion of the device its user's number; returns whether the user is to see it now.
     *
     * @param wrId the number that it has, from the device
     */
    boolean translate(WorkCompletions completions, int i, long wrId) {
        return WorkRequestId.isReceive(wrId) ? received(completions, i, wrId) : sent(completions, i, wrId);
    }

    private boolean sent(WorkCompletions completions, int i, long wrId) {
        if (WorkRequestId.isProbe(wrId)) {
            if (!completions.isSuccess(i)) {
                noteDeath();
            }
            sendQueue.giveSpareBack();
            probes.arrived(completions.isSuccess(i));
            return false;
        }
        long sequence = WorkRequestId.sequence(wrId, sends.completed());
        if (sequence < sends.completed() || !sends.isAccepted(sequence)) {
            return false; // of before a move to RESET
        }
        boolean success = completions.isSuccess(i);
        if (!success) {
            noteDeath();
        }
        if (sends.isStaged(sequence)) {
            pump.arrived().add(completions.status(i));
            pump.call();
            return false; // the pump will say how it ended
        }
        if (queued) {
            pump.call(); // it may wait for this
        }
        completions.setWrId(i, sends.userId(sequence));
        boolean visible = sends.isSignaled(sequence) || !success;
        sends.completeTo(sequence + 1);
        return visible;
    }

    /** A work request that fails stops a reliable-connection queue pair. */
    private void noteDeath() {
        if (!dead) {
            dead = true;
            pump.call();
            tellOfDeath();
        }
    }

    private void tellOfDeath() {
        Runnable told = whenDead;
        if (told != null) {
            told.run();
        }
    }

    private boolean received(WorkCompletions completions, int i, long wrId) {
        long next = receives.nextArrival();
        long sequence = WorkRequestId.sequence(wrId, next);
        if (sequence < next || !receives.isPosted(sequence)) {
            return false; // of before a move to RESET
        }
        if (!completions.isSuccess(i)) {
            noteDeath();
        }
        completions.setWrId(i, receives.userId(sequence));
        if (receives.mustHold(sequence)) {
            receives.hold(sequence, completions, i);
            pump.call();
            return false;
        }
        receives.completeTo(sequence + 1);
        return true;
    }

    /** Whether a request before that of a completion has an outcome which its user does not know yet. */
    boolean hasOutcomesBefore(long wrId) {
        if (!tracks || WorkRequestId.isReceive(wrId) || WorkRequestId.isProbe(wrId)) {
            return false;
        }
        long end = WorkRequestId.sequence(wrId, sends.completed());
        for (long sequence = sends.completed(); sequence < end; sequence++) {
            if (sends.outcomeAt(sequence) != null) {
                return true;
            }
        }
        return false;
    }

    /** Delivers outcomes of requests before that of a completion of the device. */
    void deliverBefore(TrackedCompletionQueue queue, long wrId) {
        if (queue != sendQueue || WorkRequestId.isReceive(wrId) || WorkRequestId.isProbe(wrId)) {
            return;
        }
        long end = WorkRequestId.sequence(wrId, sends.completed());
        if (!sends.isAccepted(end) || sends.isStaged(end)) {
            return; // of before a move to RESET; or of a piece, which says nothing of what is before
        }
        for (long sequence = sends.completed(); sequence < end; sequence++) {
            keepOutcome(sequence);
            sends.completeTo(sequence + 1);
        }
    }

    /** Delivers outcomes whose turn has come. */
    void deliver(TrackedCompletionQueue queue) {
        if (queue == receiveQueue) {
            for (WorkCompletions held = receives.firstCopied(); held != null; held = receives.firstCopied()) {
                queue.keepHeld(held);
                receives.completeTo(receives.completed() + 1);
            }
        }
        if (queue == sendQueue) {
            long sequence = sends.completed();
            while (keepOutcome(sequence) || sends.isSilent(sequence) && outcomeFollows(sequence)) {
                sends.completeTo(++sequence);
            }
            setBlocked(queue, outcomeFollows(sequence));
        }
    }

    /**
     * Whether a request behind one has an outcome. The device may say nothing of requests that were posted before the first that named a tracked
     * region: then what is behind has to do without knowing when they were done.
     */
    private boolean outcomeFollows(long sequence) {
        for (long next = sequence + 1; sends.isAccepted(next) && next < sequence + sends.capacity(); next++) {
            if (sends.outcomeAt(next) != null) {
                return true;
            }
        }
        return false;
    }

    private void setBlocked(TrackedCompletionQueue queue, boolean now) {
        if (blocked != now) {
            blocked = now;
            queue.countBlocked(now ? 1 : -1);
        }
    }

    private boolean keepOutcome(long sequence) {
        CompletionStatus status = sends.outcomeAt(sequence);
        if (status == null) {
            return false;
        }
        if (status != CompletionStatus.SUCCESS || sends.isSignaled(sequence)) {
            SendWorkRequests copy = sends.copyOf(sequence);
            sendQueue.keepOutcome(sends.userId(sequence), status, CompletionOpcode.of(copy.opcode(0)), copy.byteLength(0), number());
        }
        return true;
    }

    // The pump's results.

    void announceSent() {
        sendQueue.announce(this);
    }

    void announceReceived() {
        receiveQueue.announce(this);
    }

    void countStagedReceive() {
        stagedReceives++; // the pump is the only writer
    }

    /** Requests that named tracked regions and went to the device as they were. Any thread; may be a little old. */
    long directCount() {
        return sends.trackedCount();
    }

    long stagedCount() {
        return pump.stagedCount() + stagedReceives;
    }

    long emulatedCount() {
        return pump.emulatedCount();
    }

    long truncatedCount() {
        return pump.truncatedCount();
    }
}
