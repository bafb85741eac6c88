package dev.daxverbs.region;

import dev.daxverbs.internal.Posix;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.PostException;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairAttributes;
import dev.daxverbs.verbs.QueuePairCapabilities;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A queue pair that knows which of its work requests name which {@link MemoryRegion}.
 *
 * <p>A request whose regions can be used goes to the device at once. One that names a revoked region is copied and deferred, and so is
 * everything posted after it, so that the order stays one; {@link #pump} posts what was deferred when the region is back.
 *
 * <p>Who runs where: the owner posts within the send gate. A break seizes that gate, which makes sure that no request with the
 * old keys is on its way unseen ({@link #fenceOff}); a restore seizes it to pump. Completions are dealt with within the gate of the
 * completion queue. Locks are taken in this order: send gate, gate of the completion queue; a region's users are locked within the former.
 */
final class TrackedQueuePair extends QueuePair {
    /** How many bytes of the file an on-demand region can take in one packet, each beginning at a page boundary. */
    private static final int ON_DEMAND_ALIGNMENT = 4096;

    private static final int BOUND = 0;
    private static final int REVOKED = 1;
    private static final int TRUNCATED = 2;

    private final TrackedCompletionQueue sendQueue;
    private final TrackedCompletionQueue receiveQueue;
    private final QueuePairCapabilities capabilities;
    private final int index;
    private final SendSlots sends;
    private final ReceiveSlots receives;
    private final Set<MemoryRegion> regions = new LinkedHashSet<>(); // that have this queue pair as a user; guarded by itself
    private volatile boolean gone; // closed: nothing of it will complete any more

    private TrackedQueuePair(ProtectionDomain domain, QueuePairOptions options, TrackedCompletionQueue sendQueue,
            TrackedCompletionQueue receiveQueue, int index) {
        super(domain, options);
        this.sendQueue = sendQueue;
        this.receiveQueue = receiveQueue;
        this.index = index;
        // The device may grant more than was asked for; the completion queue has room for what was asked for.
        QueuePairCapabilities asked = options.capabilities();
        QueuePairCapabilities granted = super.capabilities();
        capabilities = new QueuePairCapabilities(asked.maxSendRequests(), asked.maxReceiveRequests(), granted.maxSendElements(),
                granted.maxReceiveElements(), granted.maxInlineBytes());
        sends = new SendSlots(asked.maxSendRequests(), granted.maxSendElements(), granted.maxInlineBytes());
        receives = new ReceiveSlots(asked.maxReceiveRequests());
    }

    static TrackedQueuePair create(ProtectionDomain domain, QueuePairOptions options) {
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
            TrackedQueuePair queuePair = new TrackedQueuePair(domain, options, send, receive, index);
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

    // Posting: the owner, within the send gate.

    @Override
    protected int postSendInside(SendWorkRequests requests, int from) {
        if (sends.hasDeferred()) {
            pumpInside();
        }
        int to = Math.min(requests.size(), from + sends.room());
        for (int i = from; i < to && requests.hasMovingKeys(); i++) {
            check(requests, i);
        }
        int direct = sends.hasDeferred() ? from : endOfDirect(requests, from, to);
        if (direct > from) {
            int posted = postDirect(requests, from, direct);
            if (posted < direct - from) {
                return posted;
            }
        }
        for (int i = direct; i < to; i++) {
            sends.defer(requests, i, wantsCompletion(requests, i));
        }
        return to - from;
    }

    private boolean wantsCompletion(SendWorkRequests requests, int i) {
        return options().allSignaled() || requests.isSignaled(i);
    }

    /**
     * Binds the keys of requests up to the first that names a revoked region; returns its number.
     *
     * @throws RegionTruncatedException if one names bytes that its file does not have; nothing was accepted then
     */
    private int endOfDirect(SendWorkRequests requests, int from, int to) {
        if (!requests.hasMovingKeys()) {
            return to;
        }
        for (int i = from; i < to; i++) {
            switch (bind(requests, i)) {
                case REVOKED -> {
                    return i;
                }
                case TRUNCATED -> throw truncated(requests, i);
                default -> {
                    // bound
                }
            }
        }
        return to;
    }

    private int postDirect(SendWorkRequests requests, int from, int to) {
        long first = sends.accepted();
        boolean moving = requests.hasMovingKeys();
        for (int i = from; i < to; i++) {
            long sequence = first + (i - from);
            boolean tracked = moving && namesRegion(requests, i);
            boolean signaled = requests.isSignaled(i);
            sends.fill(sequence, requests.wrId(i), wantsCompletion(requests, i), tracked);
            requests.setWrId(i, WorkRequestId.ofSend(index, sequence));
            if (tracked && !signaled) {
                requests.setSignaled(i, true); // a drain waits for its completion; the user will not see it
                sends.hide(sequence);
            }
        }
        sends.acceptFilled(first + (to - from));
        int posted = 0;
        try {
            posted = postSendToDevice(requests, from, to);
        } catch (PostException e) {
            posted = e.posted();
            throw e;
        } finally {
            sends.postFilled(first + posted);
            for (int i = from; i < to; i++) { // the list is the user's: it may post it again
                long sequence = first + (i - from);
                requests.setWrId(i, sends.userId(sequence));
                if (sends.isHidden(sequence)) {
                    requests.setSignaled(i, false);
                }
            }
        }
        return posted;
    }

    private static boolean namesRegion(SendWorkRequests requests, int i) {
        if (isTracked(requests.remoteMemory(i))) {
            return true;
        }
        for (int k = 0; k < requests.elementCount(i); k++) {
            if (isTracked(requests.localMemory(i, k))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isTracked(RegisteredMemory memory) {
        return memory != null && !memory.hasFixedKeys();
    }

    /**
     * Sets the keys of a request from its regions' registrations.
     *
     * @return BOUND, or REVOKED if a region has none now, or TRUNCATED if a file ends before the range
     */
    private int bind(SendWorkRequests requests, int i) {
        long total = 0;
        for (int k = 0; k < requests.elementCount(i); k++) {
            long length = requests.localLength(i, k);
            if (isTracked(requests.localMemory(i, k))) {
                MemoryRegion region = (MemoryRegion) requests.localMemory(i, k);
                MemoryRegion.Usable usable = region.usableFor(this);
                if (usable == null) {
                    return REVOKED;
                }
                if (requests.localAddress(i, k) - region.address() + length > usable.bytes()) {
                    return TRUNCATED;
                }
                requests.setLocalKey(i, k, usable.registration().localKey());
            }
            total += length;
        }
        if (isTracked(requests.remoteMemory(i))) {
            MemoryRegion region = (MemoryRegion) requests.remoteMemory(i);
            MemoryRegion.Usable usable = region.usableFor(this);
            if (usable == null) {
                return REVOKED;
            }
            if (total > 0 && requests.remoteAddress(i) - region.address() + total > usable.bytes()) {
                return TRUNCATED;
            }
            requests.setRemoteKey(i, usable.registration() == null ? 0 : usable.registration().remoteKey());
        }
        return BOUND;
    }

    private static RegionTruncatedException truncated(SendWorkRequests requests, int i) {
        long total = 0;
        for (int k = 0; k < requests.elementCount(i); k++) {
            long length = requests.localLength(i, k);
            if (isTracked(requests.localMemory(i, k))) {
                MemoryRegion region = (MemoryRegion) requests.localMemory(i, k);
                long offset = requests.localAddress(i, k) - region.address();
                if (offset + length > region.usableBytes()) {
                    return new RegionTruncatedException(region, offset, length, region.usableBytes());
                }
            }
            total += length;
        }
        MemoryRegion region = (MemoryRegion) requests.remoteMemory(i);
        return new RegionTruncatedException(region, requests.remoteAddress(i) - region.address(), total, region.usableBytes());
    }

    /** Refuses what can never be posted, before anything of the list is accepted. */
    private void check(SendWorkRequests requests, int i) {
        long before = 0;
        for (int k = 0; k < requests.elementCount(i); k++) {
            long length = requests.localLength(i, k);
            if (isTracked(requests.localMemory(i, k))) {
                MemoryRegion region = regionOf(requests.localMemory(i, k));
                if (region.protectionDomain() != domain()) {
                    throw new IllegalArgumentException("%s is not of the domain of %s: register it there".formatted(region, this));
                }
                region.checkUsable();
                checkAlignment(region, requests.localAddress(i, k), before);
            }
            before += length;
        }
        if (isTracked(requests.remoteMemory(i))) {
            MemoryRegion region = regionOf(requests.remoteMemory(i));
            if (requests.remoteAddress(i) - region.address() > region.byteSize() - before) {
                throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(
                        requests.remoteAddress(i) - region.address(), before, region));
            }
            region.checkUsable();
            checkAlignment(region, requests.remoteAddress(i), 0);
        }
    }

    private static MemoryRegion regionOf(RegisteredMemory memory) {
        if (memory instanceof MemoryRegion region) {
            return region;
        }
        throw new IllegalArgumentException(memory + " has moving keys and is no MemoryRegion: only those can be followed");
    }

    /**
     * On-demand registrations of rxe move wrong bytes unless every packet begins at a page boundary of the region. Until a trial has
     * shown that a device does better, no device is trusted with more.
     */
    private void checkAlignment(MemoryRegion region, long address, long before) {
        if (!region.isOnDemand()) {
            return;
        }
        if (pathMtu() != Mtu.MTU_4096 || Posix.PAGE_SIZE != ON_DEMAND_ALIGNMENT
                || ((address | before) & (ON_DEMAND_ALIGNMENT - 1)) != 0) {
            throw new IllegalArgumentException(("offset=%d after %d bytes of the message, path MTU %s, page size %d: %s is registered on demand,"
                    + " which is exact only where each packet begins at a page boundary: offsets that are multiples of 4096, path MTU 4096,"
                    + " pages of 4096 bytes").formatted(address - region.address(), before, pathMtu(), Posix.PAGE_SIZE, region));
        }
    }

    // Breaks and restores: other threads.

    /** Makes sure that whatever names a registration that was withdrawn before this call has been counted; returns up to where. */
    long fenceOff() {
        seizeSendGate();
        try {
            return sends.trackedPosted();
        } finally {
            releaseSendGate();
        }
    }

    /** Whether nothing up to there is in flight; polls the completion queue if its owner does not. */
    boolean isDrained(long end) {
        if (gone || sends.isCompleted(end)) {
            return true;
        }
        sendQueue.sweep();
        return sends.isCompleted(end);
    }

    /** Posts what was deferred, as far as its regions can be used. */
    void pump() {
        seizeSendGate();
        try {
            if (!gone) {
                pumpInside();
            }
        } finally {
            releaseSendGate();
        }
    }

    private void pumpInside() {
        while (sends.hasDeferred()) {
            SendWorkRequests request = sends.firstDeferred();
            switch (bind(request, 0)) {
                case REVOKED -> {
                    CompletionStatus refusal = refusal(request);
                    if (refusal == null) {
                        return; // whoever restores the region pumps again
                    }
                    settle(refusal);
                }
                case TRUNCATED -> settle(CompletionStatus.FILE_TRUNCATED);
                default -> {
                    if (!postDeferred(request)) {
                        return; // the device is full: the owner's next post tries again
                    }
                }
            }
        }
    }

    private boolean postDeferred(SendWorkRequests request) {
        request.setWrId(0, WorkRequestId.ofSend(index, sends.posted()));
        request.setSignaled(0, true);
        try {
            if (postSendToDevice(request, 0, 1) == 0) {
                return false;
            }
            sends.postDeferred();
        } catch (PostException e) {
            settle(CompletionStatus.GENERAL_ERR);
        }
        return true;
    }

    /** How a deferred request ends whose regions will not be back; null if they will. */
    private static CompletionStatus refusal(SendWorkRequests request) {
        CompletionStatus refusal = refusal(request.remoteMemory(0));
        for (int k = 0; k < request.elementCount(0) && refusal == null; k++) {
            refusal = refusal(request.localMemory(0, k));
        }
        return refusal;
    }

    private static CompletionStatus refusal(RegisteredMemory memory) {
        return isTracked(memory) ? ((MemoryRegion) memory).refusal() : null;
    }

    private void settle(CompletionStatus status) {
        sendQueue.exclusively(() -> {
            sends.settleDeferred(status);
            sendQueue.countSettled();
            completeSettled(sendQueue);
        });
    }

    /** Moves the queue pair to ERR, as a device that does not finish in time must be stopped. */
    void fence() {
        if (!gone) {
            toError();
        }
    }

    @Override
    protected void modified(QueuePairAttributes attributes) {
        if (state() == QueuePairState.RESET) {
            forgetAll();
        }
    }

    @Override
    protected void closed() {
        gone = true;
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
    }

    private void forgetAll() {
        sendQueue.exclusively(() -> {
            int settled = 0;
            for (long sequence = sends.completed(); sequence < sends.posted(); sequence++) {
                settled += sends.settledAt(sequence) != null ? 1 : 0;
            }
            sendQueue.forgetSettled(settled);
            sends.forgetAll();
        });
        receiveQueue.exclusively(receives::forgetAll);
    }

    /** A region notes that it has this queue pair as a user; called within the send gate. */
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
        if (to == from) {
            return 0;
        }
        long first = receives.posted();
        for (int i = from; i < to; i++) {
            long sequence = first + (i - from);
            receives.fill(sequence, requests.wrId(i));
            requests.setWrId(i, WorkRequestId.ofReceive(index, sequence));
        }
        receives.postTo(first + (to - from));
        int posted = 0;
        try {
            posted = postReceiveToDevice(requests, from, to);
        } catch (PostException e) {
            posted = e.posted();
            throw e;
        } finally {
            receives.postTo(first + posted);
            for (int i = from; i < to; i++) {
                requests.setWrId(i, receives.userId(first + (i - from)));
            }
        }
        return posted;
    }

    // Completions: within the gate of the completion queue.

    /** The queue pair of a completion, or null if it is closed. */
    static TrackedQueuePair of(WorkCompletions completions, int i) {
        TrackedQueuePair queuePair = QueuePairTable.find(WorkRequestId.queuePairIndex(completions.wrId(i)));
        return queuePair != null && queuePair.number() == completions.queuePairNumber(i) ? queuePair : null;
    }

    /** Gives a completion of the device its user's number; returns whether the user is to see it. */
    static boolean translate(WorkCompletions completions, int i) {
        TrackedQueuePair queuePair = of(completions, i);
        if (queuePair == null) {
            return false; // its queue pair was closed, and with it what was outstanding
        }
        return WorkRequestId.isReceive(completions.wrId(i)) ? queuePair.received(completions, i) : queuePair.sent(completions, i);
    }

    private boolean sent(WorkCompletions completions, int i) {
        long sequence = WorkRequestId.sequence(completions.wrId(i), sends.completed());
        if (sequence < sends.completed() || !sends.isAccepted(sequence)) {
            return false; // of before a move to RESET
        }
        completions.setWrId(i, sends.userId(sequence));
        boolean visible = sends.isSignaled(sequence) || !completions.isSuccess(i);
        sends.completeTo(sequence + 1);
        return visible;
    }

    private boolean received(WorkCompletions completions, int i) {
        long sequence = WorkRequestId.sequence(completions.wrId(i), receives.completed());
        if (sequence < receives.completed() || !receives.isPosted(sequence)) {
            return false; // of before a move to RESET
        }
        completions.setWrId(i, receives.userId(sequence));
        receives.completeTo(sequence + 1);
        return true;
    }

    /** Completes requests that ended without the device and that come before one that the device has completed. */
    void completeSettled(TrackedCompletionQueue queue, long wrId) {
        if (queue != sendQueue || WorkRequestId.isReceive(wrId)) {
            return;
        }
        long end = WorkRequestId.sequence(wrId, sends.completed());
        for (long sequence = sends.completed(); sequence < end; sequence++) {
            keepSettled(sequence);
        }
    }

    /** Completes requests that ended without the device and whose turn has come. */
    void completeSettled(TrackedCompletionQueue queue) {
        long sequence = sends.completed();
        while (queue == sendQueue && keepSettled(sequence)) {
            sends.completeTo(++sequence);
        }
    }

    private boolean keepSettled(long sequence) {
        CompletionStatus status = sends.settledAt(sequence);
        if (status == null) {
            return false;
        }
        sendQueue.keepSettled(sends.userId(sequence), status, number());
        return true;
    }
}
