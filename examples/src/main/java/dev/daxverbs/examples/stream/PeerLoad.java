package dev.daxverbs.examples.stream;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.connection.RemoteRegion;
import dev.daxverbs.connection.Right;
import dev.daxverbs.examples.load.Idle;
import dev.daxverbs.examples.load.Pattern;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.examples.stream.ControlMessage.Kind;
import dev.daxverbs.examples.stream.Judge.Verdict;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionTruncatedException;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * The load on one connection: puts payloads and flags into the owner's file, reads them back, sends, adds and swaps, and tells the owner what has completed. A
 * queue pair that died ends it, as that must never happen. One thread.
 *
 * <p>On each queue pair the flag is posted right behind its payload, in one list: in the owner's file the flag must never be seen without it.
 */
final class PeerLoad {
    /** Beyond the depth: reports, and transfers that have completed and are counted a little later. */
    private static final int SPARE_SENDS = 16;
    private static final int RECEIVES = 64;
    private static final int REPORTS = 4;
    /** Of the owner's receives, so many are kept for reports, by which it learns that what it sent was taken. */
    private static final int KEPT_CREDITS = 2;
    private static final int LONGEST_LIST = 3;
    private static final long REPORT_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long REFUSED_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Duration OWNER_PATIENCE = Duration.ofSeconds(120);
    private static final Duration DEAD_DRAIN = Duration.ofSeconds(2);
    private static final int QUEUE_BITS = 1;
    private static final int CHECK_OPEN = 256;
    private static final long WRONG_VALUE = 1L << 40; // no word ever has it

    private final Peer peer;
    private final int number;
    private final Connection connection;
    private final CompletionQueue queue;
    private final MemoryRegion buffers;
    private final MemorySegment memory;
    private final long reportsAt;
    private final long receivesAt;
    private final PeerSlot[] slots;
    private final RandomGenerator random;
    private final Tally tally;
    private final Lane<PeerTransfer> sends;
    private final Lane<Integer> receives = new Lane<>(RECEIVES, receive -> false);
    private final List<PeerTransfer> passed = new ArrayList<>();
    private final List<Integer> passedReceives = new ArrayList<>(); // none
    private final Deque<Integer> freeReports = new ArrayDeque<>();
    private final SendWorkRequests requests = new SendWorkRequests(LONGEST_LIST);
    private final ReceiveWorkRequests receiveRequests = new ReceiveWorkRequests(1);
    private final WorkCompletions completions;
    private final MemorySegment expected;
    private final Suspicions suspicions;
    private RemoteRegion file;
    private boolean atomics;
    private Judge judge;

    private int inFlight;
    private int nextSlot;
    private int nextReported;
    private long messages; // posted
    private long unsent; // of these, how many met the end of the file, so that the owner got none
    private long granted = 1; // how many may be sent: HELLO
    private long taken; // of the owner's
    private long transfers;
    private Moment told = new Moment(0, false);
    private int toldFlags;
    private long lastReportNs;
    private final long[] added;
    private long swapped; // what the word has
    private boolean swapping;
    private boolean full; // payloads fill their buffers: the last round
    private String refusal;
    private boolean counted;
    private boolean fileIsShort; // a list was refused as the file is short
    private volatile boolean dead;

    PeerLoad(int number, Peer peer, Connection connection, Closing closing, RandomGenerator random) {
        this.number = number;
        this.peer = peer;
        this.connection = connection;
        this.random = random;
        tally = peer.tally();
        suspicions = new Suspicions(tally);
        queue = connection.queuePair().options().sendQueue();
        RemoteLayout layout = peer.layout();
        reportsAt = layout.depth() * PeerSlot.bytes(layout);
        receivesAt = reportsAt + REPORTS * ControlMessage.BYTES;
        memory = closing.add(Arena.ofShared()).allocate(receivesAt + RECEIVES * ControlMessage.BYTES, Layout.PAGE_BYTES);
        buffers = closing.add(peer.domain().register(memory, AccessFlag.LOCAL_WRITE));
        expected = Arena.ofAuto().allocate(layout.size());
        slots = new PeerSlot[layout.depth()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new PeerSlot(i, layout.slot(number, i), layout, Arena.ofAuto());
        }
        for (int i = 0; i < REPORTS; i++) {
            freeReports.add(i);
        }
        added = new long[layout.words()];
        sends = new Lane<>(sends(layout.depth()) + LONGEST_LIST, transfer -> !transfer.signaled());
        completions = new WorkCompletions(sends(layout.depth()) + RECEIVES);
    }

    /** How many send work requests a queue pair must take. */
    static int sends(int depth) {
        return depth + SPARE_SENDS;
    }

    static int receives() {
        return RECEIVES;
    }

    boolean isDead() {
        return dead;
    }

    /** How many messages have been sent, when all is over. */
    long messages() {
        return messages - unsent;
    }

    /** Ends the load for a reason that counts as a failure. */
    void giveUp(String reason) {
        die(reason);
    }

    /**
     * Says what is to be done, and opens the file when the owner has answered.
     *
     * @throws UserException if the owner refuses
     */
    void begin() throws IOException {
        for (int i = 0; i < RECEIVES; i++) {
            postReceive(i);
        }
        RemoteLayout layout = peer.layout();
        ControlMessage hello = newReport(Kind.HELLO);
        hello.values(layout.connections(), layout.depth(), layout.size(), layout.offsetMode().ordinal(), peer.settings().operation().ordinal());
        post(hello);
    }

    /** Waits for the owner's answer. */
    void awaitAnswer() throws IOException {
        await(OWNER_PATIENCE, () -> toldFlags >= 0 && judge != null || refusal != null, "the owner did not answer");
        if (refusal != null) {
            throw new UserException("the owner refuses: " + refusal);
        }
        if (dead) {
            throw new UserException(Links.end(connection));
        }
        file = connection.remote(Links.NAME);
        atomics = peer.settings().operation().hasAtomics() && file.rights().contains(Right.ATOMIC);
    }

    /** Goes on until it is told to end, then until both sides have said what there is to be said. */
    void run() throws IOException {
        try (RemoteRegion _ = file) {
            int idle = 0;
            while (!dead && !peer.progress().isEnding()) {
                postAll();
                report(false);
                idle = pollOnce() > 0 ? 0 : idle + 1;
                if (idle > 0) {
                    checkOpen(idle);
                    Idle.restLonger(idle);
                }
            }
            peer.gaps().end(System.nanoTime());
            peer.hold().end();
            drain();
            end();
            countViolations("sends", sends);
            countViolations("receives", receives);
        }
    }

    private void countViolations(String what, Lane<?> lane) {
        tally.outOfOrder(lane.violations(), "completions out of order: first of the %s, number %s".formatted(what, lane.firstViolation()));
    }

    /** Waits for what is outstanding; it has failed if it does not come. */
    private void drain() throws IOException {
        await(dead ? DEAD_DRAIN : peer.settings().drain(), () -> inFlight == 0, null);
        for (PeerSlot slot : slots) {
            for (int i = 0; i < slot.outstanding && !dead; i++) {
                tally.failed("a transfer never completed");
            }
        }
        if (inFlight > 0) {
            die(null);
        }
    }

    private void end() throws IOException {
        sayWhenRoom(Kind.DRAINED);
        await(OWNER_PATIENCE, () -> (toldFlags & ControlMessage.SETTLED) != 0, "the owner did not say that the file is let alone");
        if (!dead && judge != null && peer.progress().change() != ContentChange.NOTHING && peer.settings().operation() != Operation.SEND) {
            lastRound();
        }
        RemoteLayout layout = peer.layout();
        for (int i = 0; i < slots.length && !dead;) {
            ControlMessage message = awaitReport(Kind.SLOTS);
            for (; message != null && i < slots.length && message.count() < ControlMessage.MOST_ENTRIES; i++) {
                message.add(i, sequenceInTheEnd(slots[i]), SlotCheck.checksum(slots[i].shadow, layout, slots[i].number, peer.progress().change()));
            }
            post(message);
        }
        ControlMessage last = awaitReport(Kind.LAST);
        if (last != null) {
            suspicions.end();
            last.values(transfers, swapped, tally.failed(), tally.lost(), tally.outOfOrder(), unsent);
            for (int i = 0; i < added.length; i++) {
                last.add(i, added[i], 0);
            }
            post(last);
        }
        await(OWNER_PATIENCE, () -> counted, "the owner did not say what it has counted");
        suspicions.end();
    }

    private long sequenceInTheEnd(PeerSlot slot) {
        if (peer.progress().change() == ContentChange.NOTHING) {
            return slot.unknown ? -1 : slot.completed;
        }
        return full && slot.holds && !slot.unknown ? slot.completed : -1;
    }

    /** Others may have changed the file, and do so no longer: writes both buffers of each slot once more. */
    private void lastRound() throws IOException {
        full = true;
        for (int round = 0; round < 2; round++) {
            for (PeerSlot slot : slots) {
                await(peer.settings().drain(), () -> inFlight + LONGEST_LIST <= peer.layout().depth() + LONGEST_LIST, "a transfer of the last round never completed");
                slot.unknown = round == 1 && slot.unknown;
                if (!dead && !postPut(slot)) {
                    slot.unknown = true;
                }
            }
            await(peer.settings().drain(), () -> inFlight == 0, "a transfer of the last round never completed");
        }
    }

    private void sayWhenRoom(Kind kind) throws IOException {
        ControlMessage message = awaitReport(kind);
        if (message != null) {
            post(message);
        }
    }

    private ControlMessage awaitReport(Kind kind) throws IOException {
        await(OWNER_PATIENCE, () -> !freeReports.isEmpty() && messages - unsent < granted, "the owner takes no messages");
        return dead ? null : newReport(kind);
    }

    /** Polls until something is so; without it, the load is dead for a reason, if one is given. */
    private void await(Duration limit, BooleanSupplier condition, String reason) throws IOException {
        long endNs = System.nanoTime() + limit.toNanos();
        int idle = 0;
        while (!condition.getAsBoolean() && (reason == null || !dead)) {
            if (System.nanoTime() - endNs >= 0) {
                if (reason != null) {
                    die(reason);
                }
                return;
            }
            if (judge != null && !dead) {
                report(true);
            }
            idle = pollOnce() > 0 ? 0 : idle + 1;
            checkOpen(idle);
            Idle.restLonger(idle);
        }
    }

    private void checkOpen(int idle) {
        if (idle % CHECK_OPEN == CHECK_OPEN - 1 && !dead && !connection.isOpen()) {
            die(Links.end(connection));
        }
    }

    private void die(String reason) {
        if (!dead && reason != null) {
            tally.failed(reason);
        }
        dead = true;
    }

    // Posting

    private void postAll() {
        fileIsShort = false;
        for (int i = 0; i < slots.length && !dead && !fileIsShort && inFlight < slots.length; i++) {
            PeerSlot slot = slots[nextSlot];
            nextSlot = (nextSlot + 1) % slots.length;
            if (slot.isIdle()) {
                post(slot);
            }
        }
        if (fileIsShort && inFlight == 0) {
            LockSupport.parkNanos(REFUSED_PAUSE_NS);
        }
    }

    private boolean hasRoom(int more) {
        return inFlight == 0 || inFlight + more <= slots.length;
    }

    private boolean mayPostMessage() {
        return messages - unsent + KEPT_CREDITS < granted;
    }

    private void post(PeerSlot slot) {
        switch (peer.settings().operation()) {
            case WRITE -> postPut(slot);
            case READ -> {
                if (!slot.holds || random.nextInt(16) == 0) {
                    postPut(slot);
                } else {
                    postRead(slot);
                }
            }
            case SEND -> postData(slot);
            case MIXED -> {
                int chance = random.nextInt(16);
                if (!slot.holds || chance < 7) {
                    postPut(slot);
                } else if (chance < 11 || !atomics && chance >= 13) {
                    postRead(slot);
                } else if (chance < 13) {
                    postData(slot);
                } else if (chance < 15 || swapping) {
                    postAdd(slot);
                } else {
                    postSwap(slot);
                }
            }
        }
    }

    /** A payload and its flag, in one list; in some of them a read of what they write as well. Returns false if they were refused. */
    private boolean postPut(PeerSlot slot) {
        if (!full && !hasRoom(2)) {
            return false;
        }
        RemoteLayout layout = peer.layout();
        boolean any = layout.offsetMode() == OffsetMode.ANY && !full;
        boolean mixed = peer.settings().operation() == Operation.MIXED && !full;
        int length = any ? 1 + random.nextInt(layout.size()) : layout.size();
        int at = (int) layout.bufferAt(slot.buffer) + (any ? random.nextInt(layout.size() - length + 1) : 0);
        boolean immediate = mixed && random.nextInt(4) == 0 && mayPostMessage();
        long sequence = slot.sequence + 1;
        long slotMessages = immediate ? messages + 1 : slot.messages;
        Flag flag = new Flag(peer.run(), slot.number, sequence, slotMessages, told, at, length);
        Pattern.fill(slice(slot.outAt, length), sequence, Flag.payloadPlace(peer.run(), slot.number));
        flag.write(slice(slot.flagAt, Flag.BYTES));
        List<PeerTransfer> list = new ArrayList<>(LONGEST_LIST);
        list.add(PeerTransfer.of(PeerTransfer.Kind.PAYLOAD, slot, mixed && random.nextBoolean(), length));
        list.add(PeerTransfer.of(immediate ? PeerTransfer.Kind.FLAG_IMMEDIATE : PeerTransfer.Kind.FLAG, slot, true, (int) Flag.BYTES));
        requests.clear();
        requests.write(id(0)).local(buffers, slot.outAt, length).remote(file, layout.slotAt(slot.number) + at);
        signal(list.getFirst());
        long flagAt = layout.slotAt(slot.number) + layout.flagAt(slot.number);
        (immediate ? requests.writeWithImmediate(id(1), immediate(slot)) : requests.write(id(1))).local(buffers, slot.flagAt, Flag.BYTES).remote(file, flagAt);
        requests.signaled();
        if (mixed && hasRoom(LONGEST_LIST) && random.nextBoolean()) {
            list.add(describeRead(slot, at, length, id(2)));
        }
        slot.begin(flag);
        if (!postList(list)) {
            return false;
        }
        slot.sequence = sequence;
        slot.messages = slotMessages;
        return true;
    }

    /** The slot, and the low bits of the message's number. */
    private int immediate(PeerSlot slot) {
        return slot.own << MessageNumbers.LOW_BITS | (int) (messages & (1L << MessageNumbers.LOW_BITS) - 1);
    }

    private PeerTransfer describeRead(PeerSlot slot, int at, int length, long id) {
        int skip = 0;
        int bytes = length;
        if (peer.layout().offsetMode() == OffsetMode.ANY) {
            skip = random.nextInt(length);
            bytes = 1 + random.nextInt(length - skip);
        }
        Pattern.clear(slice(slot.inAt, bytes));
        requests.read(id).local(buffers, slot.inAt, bytes).remote(file, peer.layout().slotAt(slot.number) + at + skip);
        requests.signaled();
        return new PeerTransfer(PeerTransfer.Kind.READ, slot, true, System.nanoTime(), skip, bytes, slot.sequence, 0);
    }

    private void postRead(PeerSlot slot) {
        requests.clear();
        postList(List.of(describeRead(slot, slot.at, slot.length, id(0))));
    }

    private void postData(PeerSlot slot) {
        if (!mayPostMessage()) {
            return;
        }
        int size = peer.layout().size();
        int length = peer.layout().offsetMode() == OffsetMode.ANY ? 1 + random.nextInt(size) : size;
        ControlMessage message = new ControlMessage(slice(slot.messageAt, ControlMessage.BYTES)).begin(Kind.DATA, peer.run(), number, messages);
        message.moment(told);
        message.taken(taken);
        message.values(length);
        message.seal();
        Pattern.fill(slice(slot.messageAt + ControlMessage.BYTES, length), messages, Flag.messagePlace(peer.run(), number));
        requests.clear();
        requests.send(id(0)).local(buffers, slot.messageAt, ControlMessage.BYTES + length).signaled();
        postList(List.of(PeerTransfer.of(PeerTransfer.Kind.DATA, slot, true, length)));
    }

    private void postAdd(PeerSlot slot) {
        int word = random.nextInt(peer.layout().words());
        requests.clear();
        requests.fetchAndAdd(id(0), 1).local(buffers, slot.resultAt, Long.BYTES).remote(file, peer.layout().wordAt(word)).signaled();
        postList(List.of(new PeerTransfer(PeerTransfer.Kind.ADD, slot, true, System.nanoTime(), word, Long.BYTES, 1, 0)));
    }

    /** One at a time, so that it is known what the word has. Some expect another value, and must change nothing. */
    private void postSwap(PeerSlot slot) {
        boolean wrong = random.nextInt(4) == 0;
        long was = wrong ? swapped + WRONG_VALUE : swapped;
        requests.clear();
        requests.compareAndSwap(id(0), was, swapped + 1).local(buffers, slot.resultAt, Long.BYTES).remote(file, peer.layout().ownWordAt(number)).signaled();
        swapping = postList(List.of(new PeerTransfer(PeerTransfer.Kind.SWAP, slot, true, System.nanoTime(), 0, Long.BYTES, swapped + 1, was)));
    }

    private long id(int behind) {
        return sends.next() + behind << QUEUE_BITS;
    }

    private void signal(PeerTransfer transfer) {
        if (transfer.signaled()) {
            requests.signaled();
        }
    }

    private MemorySegment slice(long offset, long lengthBytes) {
        return memory.asSlice(offset, lengthBytes);
    }

    /** Posts what has been described, with one doorbell; returns false if it was refused. */
    private boolean postList(List<PeerTransfer> list) {
        try {
            if (connection.queuePair().postSend(requests) != list.size()) {
                throw new IllegalStateException("the send queue is full with inFlight=%d".formatted(inFlight));
            }
        } catch (RegionTruncatedException e) {
            list.forEach(_ -> {
                tally.begun();
                tally.metEnd();
            });
            fileIsShort = true;
            return false;
        } catch (RuntimeException e) {
            die(connection.isOpen() ? "%s refused: %s".formatted(list.getFirst().kind(), e) : Links.end(connection));
            return false;
        }
        for (PeerTransfer transfer : list) {
            sends.accept(transfer);
            if (transfer.kind().isMessage()) {
                messages++;
            }
            if (transfer.slot() != null) {
                transfer.slot().outstanding++;
                transfers++;
                inFlight++;
                tally.begun();
            }
        }
        return true;
    }

    private void postReceive(int receive) {
        receiveRequests.clear();
        receiveRequests.receive(receives.next() << QUEUE_BITS | 1).local(buffers, receivesAt + receive * ControlMessage.BYTES, ControlMessage.BYTES);
        if (connection.queuePair().postReceive(receiveRequests) != 1) {
            throw new IllegalStateException("the receive queue is full");
        }
        receives.accept(receive);
    }

    // Telling

    private ControlMessage newReport(Kind kind) {
        ControlMessage message = new ControlMessage(slice(reportsAt + freeReports.peek() * ControlMessage.BYTES, ControlMessage.BYTES));
        message.begin(kind, peer.run(), number, messages);
        message.moment(told);
        message.taken(taken);
        return message;
    }

    private void post(ControlMessage message) {
        if (message == null || dead) {
            return;
        }
        message.seal();
        int report = freeReports.remove();
        requests.clear();
        requests.send(id(0)).local(buffers, reportsAt + report * ControlMessage.BYTES, ControlMessage.BYTES).signaled();
        postList(List.of(new PeerTransfer(PeerTransfer.Kind.REPORT, null, true, System.nanoTime(), 0, (int) ControlMessage.BYTES, report, 0)));
        lastReportNs = System.nanoTime();
    }

    /** Tells the owner now and then what has completed; in the end without more of it, only that its messages have been taken. */
    private void report(boolean nothingNew) {
        if (System.nanoTime() - lastReportNs < REPORT_NS || freeReports.isEmpty() || messages - unsent >= granted || file == null) {
            return;
        }
        ControlMessage message = newReport(Kind.REPORT);
        for (int i = 0; i < slots.length && message.count() < ControlMessage.MOST_ENTRIES && !nothingNew; i++) {
            PeerSlot slot = slots[nextReported];
            nextReported = (nextReported + 1) % slots.length;
            if (slot.holds) {
                message.add(slot.own, slot.completed, slot.since.encoded());
            }
        }
        post(message);
    }

    // Completing

    private int pollOnce() throws IOException {
        int polled = queue.poll(completions);
        long nowNs = System.nanoTime();
        int transfersPolled = 0;
        for (int i = 0; i < polled; i++) {
            long id = completions.wrId(i) >>> QUEUE_BITS;
            CompletionStatus status = completions.status(i);
            if ((completions.wrId(i) & 1) != 0) {
                Integer receive = receives.complete(id, passedReceives);
                if (receive != null && status == CompletionStatus.SUCCESS) {
                    told(receive, i);
                } else if (status != CompletionStatus.SUCCESS && !counted) {
                    failed("a receive", status);
                }
                continue;
            }
            PeerTransfer transfer = sends.complete(id, passed);
            for (PeerTransfer silent : passed) {
                completed(silent, CompletionStatus.SUCCESS, nowNs);
                transfersPolled++;
            }
            passed.clear();
            if (transfer != null) {
                completed(transfer, status, nowNs);
                transfersPolled += transfer.slot() != null && status == CompletionStatus.SUCCESS ? 1 : 0;
            }
        }
        if (transfersPolled > 0) {
            peer.gaps().completed(nowNs, Counts.of(peer.domain()).emulated());
        }
        return polled;
    }

    private void failed(Object what, CompletionStatus status) {
        if (status == CompletionStatus.WR_FLUSH_ERR && dead) {
            return; // and the reason has been told
        }
        die("%s: %s; %s".formatted(what, status.text(), Links.end(connection)));
    }

    private void completed(PeerTransfer transfer, CompletionStatus status, long nowNs) {
        PeerSlot slot = transfer.slot();
        if (slot == null) {
            freeReports.add((int) transfer.value());
            if (status != CompletionStatus.SUCCESS) {
                failed(transfer.kind(), status);
            }
            return;
        }
        slot.outstanding--;
        inFlight--;
        if (transfer.kind() == PeerTransfer.Kind.SWAP) {
            swapping = false;
        }
        if (status == CompletionStatus.FILE_TRUNCATED) {
            tally.metEnd();
            unsent += transfer.kind().isMessage() ? 1 : 0;
            slot.truncated |= transfer.kind() != PeerTransfer.Kind.READ;
            slot.unknown |= slot.truncated;
        } else if (status != CompletionStatus.SUCCESS) {
            if (status == CompletionStatus.WR_FLUSH_ERR && dead) {
                tally.failed("flushed");
            } else {
                failed(transfer.kind(), status);
            }
        } else {
            if (transfer.signaled()) {
                tally.succeeded(nowNs - transfer.postedNs());
            } else {
                tally.succeeded();
            }
            verify(transfer);
        }
    }

    private void verify(PeerTransfer transfer) {
        PeerSlot slot = transfer.slot();
        switch (transfer.kind()) {
            case FLAG, FLAG_IMMEDIATE -> slot.completed(slice(slot.outAt, slot.length));
            case READ -> {
                if (slot.holds) {
                    Pattern.fill(expected.asSlice(0, slot.length), slot.completed, Flag.payloadPlace(peer.run(), slot.number));
                    compare(expected.asSlice(transfer.at(), transfer.length()), slice(slot.inAt, transfer.length()), slot.since);
                }
            }
            case ADD -> {
                long old = memory.get(ValueLayout.JAVA_LONG, slot.resultAt);
                added[(int) transfer.at()]++;
                if (peer.progress().change() == ContentChange.NOTHING) {
                    tally.compared(peer.words().took((int) transfer.at(), old, told, told), "FETCH_ADD: a value that came before, or cannot be");
                }
            }
            case SWAP -> swapped(transfer, memory.get(ValueLayout.JAVA_LONG, slot.resultAt));
            default -> {
                // the owner compares
            }
        }
    }

    private void swapped(PeerTransfer transfer, long old) {
        if (peer.progress().change() == ContentChange.NOTHING) {
            tally.compared(old == swapped ? Verdict.RIGHT : Verdict.WRONG, "COMPARE_SWAP: the word had another value than was swapped into it");
        }
        swapped = old == transfer.expected() ? transfer.value() : old;
    }

    private void compare(MemorySegment right, MemorySegment found, Moment since) {
        String reason = "READ: brought other bytes than were written";
        Verdict otherwise = judge.compare(right, found, false);
        if (otherwise == Verdict.RIGHT || otherwise == Verdict.WRONG) {
            tally.compared(otherwise, reason);
        } else {
            suspicions.add(since, messages, otherwise, reason);
        }
    }

    /** The owner has sent something. */
    private void told(int receive, int i) {
        ControlMessage message = new ControlMessage(slice(receivesAt + receive * ControlMessage.BYTES, ControlMessage.BYTES));
        if (!message.isValid(peer.run()) || completions.byteLength(i) != ControlMessage.BYTES) {
            tally.compared(Verdict.WRONG, "a message of the owner has other bytes than were sent");
        } else {
            if (message.number() != taken) {
                tally.outOfOrder(1, "a message of the owner came that is not the next");
            }
            take(message);
        }
        taken++;
        if (!dead && connection.isOpen()) {
            postReceive(receive);
        }
    }

    private void take(ControlMessage message) {
        switch (message.kind()) {
            case STATE, COUNTED -> {
                told = message.moment();
                granted = Math.max(granted, message.granted());
                toldFlags = message.flags();
                suspicions.told(told, message.taken());
                peer.progress().breaks(told.breaks());
                peer.hold().phase(toldFlags >>> ControlMessage.PHASE_SHIFT);
                if ((toldFlags & ControlMessage.ENDING) != 0) {
                    peer.progress().end();
                }
                if (message.kind() == Kind.COUNTED) {
                    peer.progress().told(new Owner.Told(message.value(0), message.value(1), message.value(2)));
                    counted = true;
                } else if (judge == null) {
                    peer.progress().change(ContentChange.values()[(int) message.value(0)]);
                    judge = new Judge(peer.progress().change());
                }
            }
            case REFUSED -> refusal = message.text();
            default -> tally.outOfOrder(1, "a message came that an owner never sends: " + message.kind());
        }
    }
}
