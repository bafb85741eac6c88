package dev.daxverbs.examples.stream;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.examples.load.Idle;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.examples.stream.ControlMessage.Kind;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionTruncatedException;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The owner's side of one connection: takes what the peer sends, tells it how things are, and looks at its slots in the file meanwhile. One thread.
 */
final class OwnerConnection {
    static final int SENDS = 16;
    static final int RECEIVES = 64;
    static final int RECEIVE_ELEMENTS = 2;
    /** How many messages of ours the peer may not have told it has taken; it has a few more receives. */
    private static final int MOST_UNTAKEN = 48;
    private static final long STATE_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long GOODBYE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int QUEUE_BITS = 1;
    private static final int CHECK_OPEN = 256;

    private final Owner owner;
    private final Connection connection;
    private final CompletionQueue queue;
    private final MemoryRegion buffers;
    private final MemorySegment memory;
    private final Lane<Integer> receives = new Lane<>(RECEIVES, receive -> false);
    private final Lane<Integer> sends = new Lane<>(SENDS, send -> false);
    private final List<Integer> passed = new ArrayList<>(); // none
    private final Deque<Integer> toPost = new ArrayDeque<>();
    private final Deque<Integer> freeSends = new ArrayDeque<>();
    private final ReceiveWorkRequests receiveRequests = new ReceiveWorkRequests(1, RECEIVE_ELEMENTS);
    private final SendWorkRequests sendRequests = new SendWorkRequests(1);
    private final WorkCompletions completions = new WorkCompletions(RECEIVES + SENDS);

    private Owner.Plan plan;
    private int number; // of the connection
    private Content content;
    private SlotCheck slots;
    private final MessageNumbers numbers;
    private long granted;
    private long toldGranted;
    private long toldFlags = -1;
    private Moment toldMoment;
    private long sent;
    private long sentTaken; // of these, how many the peer has taken
    private long lastSentNs;
    private long lastLookNs;
    private boolean drained;
    private boolean finished;
    private boolean saidCounted;
    private boolean dead;
    private boolean refused;

    OwnerConnection(Owner owner, Connection connection, Closing closing) {
        this.owner = owner;
        this.connection = connection;
        numbers = new MessageNumbers(owner.settings.change() != ContentChange.NOTHING);
        queue = connection.queuePair().options().sendQueue();
        memory = closing.add(Arena.ofShared()).allocate((RECEIVES + SENDS) * ControlMessage.BYTES, Layout.PAGE_BYTES);
        buffers = closing.add(owner.domain.register(memory, AccessFlag.LOCAL_WRITE));
        for (int i = 0; i < SENDS; i++) {
            freeSends.add(i);
        }
    }

    /** Goes on until the peer has said all, or is gone. */
    void run() throws IOException {
        toPost.add(0); // one, for HELLO: what the others look like follows from that
        int idle = 0;
        long goodbyeNs = 0;
        while (!dead && !refused && (goodbyeNs == 0 || System.nanoTime() - goodbyeNs < 0)) {
            postReceives();
            idle = pollOnce() > 0 ? 0 : idle + 1;
            if (plan != null && owner.isComplete()) {
                sayState();
                look();
            }
            if (finished && owner.isCounted() && !saidCounted) {
                sayCounted();
                goodbyeNs = System.nanoTime() + GOODBYE_NS;
            }
            if (idle % CHECK_OPEN == CHECK_OPEN - 1 && !connection.isOpen()) {
                ended();
            }
            Idle.restLonger(idle);
        }
        countViolations("receives", receives);
        countViolations("sends", sends);
        leave();
        if (content != null) {
            content.close();
        }
    }

    /** What still waits for this connection need not. */
    private void leave() {
        if (plan != null && !drained) {
            drained = true;
            owner.drained();
        }
        if (plan != null && !finished) {
            finished = true;
            owner.finished();
        }
    }

    /** Ends it for a reason that counts as a failure. */
    void giveUp(String reason) {
        owner.tally.failed(reason);
        dead = true;
        leave();
    }

    private void countViolations(String what, Lane<?> lane) {
        owner.tally.outOfOrder(lane.violations(), "completions out of order: first of the %s, number %s".formatted(what, lane.firstViolation()));
    }

    private void ended() {
        if (!dead && !saidCounted) {
            owner.tally.failed(Links.end(connection));
        }
        dead = true;
    }

    // Receiving

    private void postReceives() {
        while (!dead && !toPost.isEmpty() && post(toPost.peek())) {
            toPost.remove();
            granted++;
        }
    }

    private boolean post(int receive) {
        receiveRequests.clear();
        receiveRequests.receive(receives.next() << QUEUE_BITS).local(buffers, receive * ControlMessage.BYTES, ControlMessage.BYTES);
        if (plan != null && plan.hasData() && !drained) {
            receiveRequests.local(owner.file, plan.layout().inboxAt(number, receive), plan.layout().size());
        }
        try {
            if (connection.queuePair().postReceive(receiveRequests) != 1) {
                return false; // no staging memory now
            }
        } catch (RegionTruncatedException e) {
            return false; // the file is short now
        } catch (RuntimeException e) {
            if (connection.isOpen()) {
                throw e;
            }
            ended();
            return false;
        }
        receives.accept(receive);
        return true;
    }

    private int pollOnce() throws IOException {
        int polled = queue.poll(completions);
        for (int i = 0; i < polled && !dead; i++) {
            long id = completions.wrId(i) >>> QUEUE_BITS;
            CompletionStatus status = completions.status(i);
            if ((completions.wrId(i) & 1) != 0) {
                Integer send = sends.complete(id, passed);
                if (send != null) {
                    freeSends.add(send);
                }
            }
            if (status != CompletionStatus.SUCCESS && status != CompletionStatus.FILE_TRUNCATED) {
                failed(status);
            } else if ((completions.wrId(i) & 1) == 0) {
                Integer receive = receives.complete(id, passed);
                if (receive != null) {
                    arrived(receive, i, status);
                    toPost.add(receive);
                }
            }
        }
        return polled;
    }

    private void failed(CompletionStatus status) {
        if (status != CompletionStatus.WR_FLUSH_ERR || !saidCounted) {
            owner.tally.failed("at the owner: %s; %s".formatted(status.text(), Links.end(connection)));
        }
        dead = true;
    }

    private void arrived(int receive, int i, CompletionStatus status) throws IOException {
        owner.messageCame();
        owner.tally.succeeded();
        if (completions.opcode(i) == CompletionOpcode.RECV_RDMA_WITH_IMM) {
            int immediate = completions.immediate(i);
            long message = numbers.of(immediate);
            tookNumber(message, "a write with immediate data");
            int slot = immediate >>> MessageNumbers.LOW_BITS;
            if (slots == null || slot >= plan.layout().depth() || completions.byteLength(i) != Flag.BYTES) {
                owner.tally.compared(Judge.Verdict.WRONG, "a write with immediate data brought other data than was sent");
            } else {
                slots.arrived(slot, message);
            }
            return;
        }
        ControlMessage message = new ControlMessage(memory.asSlice(receive * ControlMessage.BYTES, ControlMessage.BYTES));
        if (!message.isValid(plan == null ? 0 : plan.run())) {
            owner.tally.compared(Judge.Verdict.WRONG, "a message has other bytes than were sent");
            numbers.takeUnknown();
            return;
        }
        tookNumber(message.number(), "a message");
        sentTaken = Math.max(sentTaken, message.taken());
        if ((plan == null) != (message.kind() == Kind.HELLO)) {
            owner.tally.outOfOrder(1, "a message came at a wrong time: " + message.kind());
            return;
        }
        take(message, receive, i, status);
    }

    private void tookNumber(long number, String what) {
        owner.tally.outOfOrder(numbers.take(number) ? 0 : 1, what + " came that is not the next");
    }

    private void take(ControlMessage message, int receive, int i, CompletionStatus status) throws IOException {
        switch (message.kind()) {
            case HELLO -> begin(message);
            case REPORT -> {
                for (int k = 0; k < message.count(); k++) {
                    slots.toldComplete(message.entrySlot(k), message.entryNumber(k), Moment.decoded(message.entryValue(k)));
                }
            }
            case DATA -> {
                int length = (int) message.value(0);
                if (completions.byteLength(i) != ControlMessage.BYTES + length) {
                    owner.tally.compared(Judge.Verdict.WRONG, "a message has another length than was sent");
                } else if (status == CompletionStatus.FILE_TRUNCATED) {
                    owner.tally.metEnd();
                } else {
                    slots.compareMessage(receive, message.number(), length, message.moment());
                }
            }
            case DRAINED -> {
                if (!drained) {
                    drained = true;
                    owner.drained();
                }
            }
            case SLOTS -> {
                for (int k = 0; k < message.count(); k++) {
                    slots.compareInTheEnd(message.entrySlot(k), message.entryNumber(k), message.entryValue(k));
                }
            }
            case LAST -> last(message);
            default -> owner.tally.outOfOrder(1, "a message came that a peer never sends: " + message.kind());
        }
    }

    private void begin(ControlMessage hello) throws IOException {
        try {
            plan = owner.begin(hello);
        } catch (UserException e) {
            refuse(e.getMessage(), hello);
            return;
        }
        number = hello.connection();
        content = owner.memory.content();
        slots = new SlotCheck(content, plan.layout(), plan.run(), number, owner.settings.change(), owner.now, owner.tally,
                SlotCheck.PATIENCE_NS);
        for (int i = 1; i < plan.layout().receives(); i++) {
            toPost.add(i); // and the one that HELLO took
        }
    }

    private void refuse(String why, ControlMessage hello) {
        System.err.println("refused a peer: " + why);
        int send = freeSends.remove();
        ControlMessage message = message(send).begin(Kind.REFUSED, hello.run(), hello.connection(), sent);
        message.text(why);
        post(message, send);
        long endNs = System.nanoTime() + GOODBYE_NS;
        while (connection.isOpen() && System.nanoTime() - endNs < 0) {
            Idle.restLonger(CHECK_OPEN); // until it has gone
        }
        refused = true;
    }

    private void last(ControlMessage message) throws IOException {
        owner.tally.alsoMade(message.value(0));
        slots.compareWord(plan.layout().ownWordAt(number), message.value(1), "in the end a word has another value than was swapped into it");
        owner.last(message);
        owner.tally.outOfOrder(Math.abs(numbers.missing() - message.value(5)), "a message that was sent has not come");
        finished = true;
        owner.finished();
    }

    private void look() throws IOException {
        long nowNs = System.nanoTime();
        if (plan.operation() != Operation.SEND && !drained && nowNs - lastLookNs >= LOOK_NS) {
            slots.lookAtNext();
            lastLookNs = System.nanoTime();
        }
    }

    // Sending

    private ControlMessage message(int send) {
        return new ControlMessage(memory.asSlice((RECEIVES + send) * ControlMessage.BYTES, ControlMessage.BYTES));
    }

    /** Tells how things are, when there is something new, and now and then. */
    private void sayState() {
        int flags = owner.flags();
        boolean due = granted - toldGranted >= plan.layout().receives() / 4 || flags != toldFlags || System.nanoTime() - lastSentNs >= STATE_NS
                || !owner.now.get().equals(toldMoment);
        if (!due || dead || saidCounted || freeSends.isEmpty() || sent - sentTaken >= MOST_UNTAKEN) {
            return;
        }
        int send = freeSends.remove();
        ControlMessage message = message(send).begin(Kind.STATE, plan.run(), number, sent);
        toldMoment = owner.now.get();
        message.moment(toldMoment);
        message.taken(numbers.next());
        message.granted(granted);
        message.flags(flags);
        message.values(owner.settings.change().ordinal());
        toldGranted = granted;
        toldFlags = flags;
        post(message, send);
    }

    private void sayCounted() {
        saidCounted = true;
        if (freeSends.isEmpty()) {
            return; // the peer takes nothing
        }
        int send = freeSends.remove();
        ControlMessage message = message(send).begin(Kind.COUNTED, plan.run(), number, sent);
        message.moment(owner.now.get());
        message.taken(numbers.next());
        message.granted(granted);
        message.flags(owner.flags());
        message.values(owner.tally.failed(), owner.tally.lost(), owner.tally.outOfOrder());
        post(message, send);
    }

    private void post(ControlMessage message, int send) {
        message.seal();
        sendRequests.clear();
        sendRequests.send(sends.next() << QUEUE_BITS | 1).local(buffers, (RECEIVES + send) * ControlMessage.BYTES, ControlMessage.BYTES).signaled();
        try {
            if (connection.queuePair().postSend(sendRequests) != 1) {
                throw new IllegalStateException("the send queue is full with %d sends".formatted(SENDS - freeSends.size()));
            }
        } catch (RuntimeException e) {
            if (connection.isOpen()) {
                throw e;
            }
            ended();
            return;
        }
        sends.accept(send);
        sent++;
        lastSentNs = System.nanoTime();
    }
}
