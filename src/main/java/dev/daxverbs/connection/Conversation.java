package dev.daxverbs.connection;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * What has been said on a connection, as far as it decides what can be said next: docs/protocol.md, "States of a region". Every message
 * passes through
 * here, in the order in which it is received or queued to be sent. It knows nothing of sockets, devices and files.
 *
 * <p>What the other side says and may not throws {@link ProtocolException}; what this side is about to say and must not, {@link
 * IllegalStateException},
 * as that would be an error of the library's own.
 *
 * <p>Thread use: guarded by the connection's lock.
 */
final class Conversation {
    /** What follows next in the handshake. */
    private enum Stage {
        /** The acceptor's: HELLO from the connector. The connector's: HELLO or OTHER_VERSION. */
        HELLO,
        READY,
        OPEN
    }

    private enum OwnedState {
        GRANTED, REVOKING, WAITING, WITHDRAWING
    }

    /** A region of ours that the other side has opened. */
    private static final class Owned {
        private OwnedState state;
        private long epoch;
        /** Whether a REVOKED is awaited: also after WITHDRAW. */
        private boolean revoking;
    }

    /** A region of the other side's that we have opened. */
    private static final class Opened {
        /** The epoch of the grant that is there, or 0. */
        private long granted;
        /** The highest epoch so far. */
        private long lastEpoch;
        /** The epoch whose end we have not confirmed yet, or 0. */
        private long draining;
        private boolean withdrawn;
    }

    private record Pending(MessageType type, long sequence, int lengthBytes) {
    }

    private final boolean acceptor;
    private final Message.Limits own;
    private Message.Limits others;
    private Stage stage = Stage.HELLO;
    private boolean helloSent;
    private boolean readySent;
    private boolean closing;
    private long lastPing;
    private boolean pingSent;

    // Owner.
    private final Map<Integer, Owned> owned = new HashMap<>();
    private int lastOwned;
    private int openRequest;
    private boolean openPending;
    private final Deque<Pending> toAnswer = new ArrayDeque<>();
    private long toAnswerBytes;
    private long lastSequenceIn;

    // Peer.
    private final Map<Integer, Opened> opened = new HashMap<>();
    private int lastOpened;
    private final Map<Integer, Boolean> requested = new HashMap<>();
    private final Deque<Pending> unanswered = new ArrayDeque<>();
    private long unansweredBytes;
    private long lastSequenceOut;

    /**
     * Begins.
     *
     * @param acceptor whether this side has accepted the connection
     * @param own what the other side may do
     */
    Conversation(boolean acceptor, Message.Limits own) {
        this.acceptor = acceptor;
        this.own = own;
    }

    /** Whether the handshake is over in both directions. */
    boolean isOpen() {
        return stage == Stage.OPEN && readySent && !closing;
    }

    /** How many regions of this side's the other has open. */
    int regionsGivenOut() {
        return owned.size();
    }

    /** What this side may do; after HELLO. */
    Message.Limits limits() {
        return others;
    }

    /**
     * Whether another emulated request would be within the window.
     *
     * @param type of the request
     * @param lengthBytes its data, or what it reads
     */
    boolean hasRoomFor(MessageType type, int lengthBytes) {
        if (isAtomic(type)) {
            return unanswered.isEmpty();
        }
        return (unanswered.isEmpty() || !isAtomic(unanswered.peekLast().type())) && unanswered.size() < others.windowRequests()
                && unansweredBytes + lengthBytes <= others.windowBytes();
    }

    /** Whether a region of the other side's can be given back. */
    boolean canForget(int region) {
        Opened entry = opened.get(region);
        return entry != null && !entry.withdrawn;
    }

    /** Whether the other side waits to hear that a grant of its region has ended. */
    boolean isDraining(int region, long epoch) {
        Opened entry = opened.get(region);
        return entry != null && entry.draining == epoch;
    }

    /** Whether the other side waits for its region. */
    boolean isWithdrawn(int region) {
        Opened entry = opened.get(region);
        return entry != null && entry.withdrawn;
    }

    /**
     * The number of the next emulated request.
     *
     * @return one more than the last
     */
    long nextSequence() {
        return lastSequenceOut + 1;
    }

    /**
     * Takes notice of what was received.
     *
     * @return whether it is to be looked at; false for what crossed with a FORGET
     * @throws ProtocolException if it cannot come now
     */
    boolean received(Message message) throws ProtocolException {
        if (message instanceof Message.Close) {
            closing = true;
            return true;
        }
        if (stage != Stage.OPEN) {
            receivedInHandshake(message);
            return true;
        }
        return switch (message) {
            case Message.Hello _, Message.UnknownHello _, Message.OtherVersion _, Message.Ready _ -> throw outOfState(message,
                    "the handshake is over");
            case Message.Close _, Message.Ping _ -> true;
            case Message.Pong pong -> receivedPong(pong);
            case Message.Open open -> receivedOpen(open);
            case Message.Region region -> receivedRegion(region);
            case Message.Refused refused -> {
                if (requested.remove(refused.request()) == null) {
                    throw outOfState(refused, "nothing was asked");
                }
                yield true;
            }
            case Message.Revoke revoke -> receivedRevoke(revoke);
            case Message.Restore restore -> receivedRestore(restore);
            case Message.Withdraw withdraw -> receivedWithdraw(withdraw);
            case Message.Revoked revoked -> receivedRevoked(revoked);
            case Message.Withdrawn withdrawn -> {
                Owned region = owned.get(withdrawn.region());
                if (region == null || region.state != OwnedState.WITHDRAWING) {
                    throw outOfState(withdrawn, "it is not being withdrawn");
                }
                owned.remove(withdrawn.region());
                yield true;
            }
            case Message.Forget forget -> {
                if (owned.remove(forget.region()) == null) {
                    throw outOfState(forget, "there is no such region");
                }
                yield true;
            }
            case Message.Access access -> receivedAccess(access);
            case Message.Answer answer -> receivedAnswer(answer);
        };
    }

    private void receivedInHandshake(Message message) throws ProtocolException {
        switch (stage) {
            case HELLO -> {
                switch (message) {
                    case Message.Hello hello when acceptor || hello.lowestVersion() == hello.highestVersion() -> {
                        others = hello.limits();
                        stage = Stage.READY;
                    }
                    case Message.UnknownHello hello when acceptor -> throw ProtocolException.version(
                            "the connector speaks versions %d to %d of the protocol, this side %d".formatted(hello.lowestVersion(),
                                    hello.highestVersion(), MessageDecoder.VERSION));
                    case Message.OtherVersion other when !acceptor -> throw ProtocolException.version(
                            "the listener speaks versions %d to %d of the protocol, this side %d".formatted(other.lowestVersion(),
                                    other.highestVersion(), MessageDecoder.VERSION));
                    default -> throw outOfState(message, "HELLO is expected");
                }
            }
            case READY -> {
                if (!(message instanceof Message.Ready)) {
                    throw outOfState(message, "READY is expected");
                }
                stage = Stage.OPEN;
            }
            default -> throw new AssertionError(stage);
        }
    }

    private boolean receivedPong(Message.Pong pong) throws ProtocolException {
        if (!pingSent || pong.number() != lastPing) {
            throw outOfState(pong, "no PING has that number=" + pong.number());
        }
        pingSent = false;
        return true;
    }

    // What an owner receives.

    private boolean receivedOpen(Message.Open open) throws ProtocolException {
        if (openPending) { // it is answered before the next is read
            throw new IllegalStateException("OPEN has no answer yet");
        }
        openPending = true;
        openRequest = open.request();
        return true;
    }

    private boolean receivedRevoked(Message.Revoked revoked) throws ProtocolException {
        Owned region = owned.get(revoked.region());
        if (region == null || !region.revoking || region.epoch != revoked.epoch()) {
            throw outOfState(revoked, "epoch=%d of region=%d is not being revoked".formatted(revoked.epoch(), revoked.region()));
        }
        region.revoking = false;
        if (region.state == OwnedState.REVOKING) {
            region.state = OwnedState.WAITING;
        }
        return true;
    }

    private boolean receivedAccess(Message.Access access) throws ProtocolException {
        if (access.sequence() != lastSequenceIn + 1) {
            throw outOfState(access, "sequence=%d after %d".formatted(access.sequence(), lastSequenceIn));
        }
        if (!toAnswer.isEmpty() && (isAtomic(access.type()) || isAtomic(toAnswer.peekLast().type()))) {
            throw outOfState(access, "an atomic is sent alone");
        }
        int lengthBytes = windowBytes(access);
        if (toAnswer.size() >= own.windowRequests() || toAnswerBytes + lengthBytes > own.windowBytes()) {
            throw ProtocolException.limit("%d requests with %d bytes are unanswered, and then %s with %d: the window is %s".formatted(
                    toAnswer.size(), toAnswerBytes, access.type(), lengthBytes, own));
        }
        lastSequenceIn = access.sequence();
        toAnswer.add(new Pending(access.type(), access.sequence(), lengthBytes));
        toAnswerBytes += lengthBytes;
        return true;
    }

    // What a peer receives.

    private boolean receivedRegion(Message.Region region) throws ProtocolException {
        if (requested.remove(region.request()) == null) {
            throw outOfState(region, "nothing was asked");
        }
        if (Integer.compareUnsigned(region.region(), lastOpened) <= 0) {
            throw outOfState(region, "region=%s after %s: numbers grow".formatted(Integer.toUnsignedString(region.region()),
                    Integer.toUnsignedString(lastOpened)));
        }
        lastOpened = region.region();
        Opened entry = new Opened();
        entry.lastEpoch = region.grant().epoch();
        entry.granted = region.grant().granted() ? entry.lastEpoch : 0;
        opened.put(region.region(), entry);
        return true;
    }

    /** The entry of a region, or null if it has been forgotten meanwhile. */
    private Opened entry(Message message, int region) throws ProtocolException {
        Opened entry = opened.get(region);
        if (entry == null && Integer.compareUnsigned(region, lastOpened) > 0) {
            throw outOfState(message, "there was no region=" + Integer.toUnsignedString(region));
        }
        if (entry != null && entry.withdrawn) {
            throw outOfState(message, "the region is withdrawn");
        }
        return entry;
    }

    private boolean receivedRevoke(Message.Revoke revoke) throws ProtocolException {
        Opened entry = entry(revoke, revoke.region());
        if (entry == null) {
            return false;
        }
        if (entry.granted == 0 || entry.granted != revoke.epoch()) {
            throw outOfState(revoke, "epoch=%d is not granted, but %d".formatted(revoke.epoch(), entry.granted));
        }
        entry.granted = 0;
        entry.draining = revoke.epoch();
        return true;
    }

    private boolean receivedRestore(Message.Restore restore) throws ProtocolException {
        Opened entry = entry(restore, restore.region());
        if (entry == null) {
            return false;
        }
        if (entry.granted != 0 || entry.draining != 0 || restore.grant().epoch() <= entry.lastEpoch) {
            throw outOfState(restore, "epoch=%d after %d, granted=%d, draining=%d".formatted(restore.grant().epoch(), entry.lastEpoch,
                    entry.granted, entry.draining));
        }
        entry.lastEpoch = restore.grant().epoch();
        entry.granted = entry.lastEpoch;
        return true;
    }

    private boolean receivedWithdraw(Message.Withdraw withdraw) throws ProtocolException {
        Opened entry = entry(withdraw, withdraw.region());
        if (entry == null) {
            return false;
        }
        entry.granted = 0;
        entry.withdrawn = true;
        return true;
    }

    private boolean receivedAnswer(Message.Answer answer) throws ProtocolException {
        Pending oldest = unanswered.peek();
        if (oldest == null || oldest.sequence() != answer.sequence()) {
            throw outOfState(answer, "sequence=%d, and the oldest request without an answer is %s".formatted(answer.sequence(), oldest));
        }
        boolean fits = switch (answer) {
            case Message.Data data -> oldest.type() == MessageType.READ && data.data().remaining() == oldest.lengthBytes();
            case Message.Value _ -> isAtomic(oldest.type());
            case Message.Done done -> switch (done.status()) {
                case OK -> oldest.type() == MessageType.WRITE || oldest.type() == MessageType.FLUSH;
                case GRANTED -> isAtomic(oldest.type());
                default -> true;
            };
        };
        if (!fits) {
            throw outOfState(answer, "no answer to " + oldest);
        }
        unanswered.remove();
        unansweredBytes -= oldest.lengthBytes();
        return true;
    }

    /**
     * Takes notice of what will be sent. What follows in the order of calls must follow on the wire.
     *
     * @throws IllegalStateException if it must not be
     */
    void sending(Message message) {
        if (closing) {
            throw new IllegalStateException(message.type() + " after CLOSE");
        }
        switch (message) {
            case Message.Close _ -> closing = true;
            case Message.OtherVersion _ -> closing = true;
            case Message.Hello _, Message.UnknownHello _ -> {
                check(!helloSent && (!acceptor || stage == Stage.READY), message);
                helloSent = true;
            }
            case Message.Ready _ -> {
                check(helloSent && !readySent && stage != Stage.HELLO, message);
                readySent = true;
            }
            default -> {
                check(isOpen(), message);
                sendingWhenOpen(message);
            }
        }
    }

    private void sendingWhenOpen(Message message) {
        switch (message) {
            case Message.Ping ping -> {
                check(!pingSent, message);
                pingSent = true;
                lastPing = ping.number();
            }
            case Message.Pong _ -> {
                // as many as there were PINGs, which the reader sees to
            }
            case Message.Open open -> check(requested.putIfAbsent(open.request(), true) == null, message);
            case Message.Region region -> sendingRegion(region);
            case Message.Refused refused -> {
                check(openPending && refused.request() == openRequest, message);
                openPending = false;
            }
            case Message.Revoke revoke -> {
                Owned region = owned(message, revoke.region(), OwnedState.GRANTED);
                check(region.epoch == revoke.epoch(), message);
                region.state = OwnedState.REVOKING;
                region.revoking = true;
            }
            case Message.Restore restore -> {
                Owned region = owned(message, restore.region(), OwnedState.WAITING);
                check(restore.grant().granted() && restore.grant().epoch() > region.epoch, message);
                region.state = OwnedState.GRANTED;
                region.epoch = restore.grant().epoch();
            }
            case Message.Withdraw withdraw -> {
                Owned region = owned.get(withdraw.region());
                check(region != null && region.state != OwnedState.WITHDRAWING, message);
                region.state = OwnedState.WITHDRAWING;
            }
            case Message.Revoked revoked -> {
                Opened entry = opened.get(revoked.region());
                check(entry != null && entry.draining == revoked.epoch(), message);
                entry.draining = 0;
            }
            case Message.Withdrawn withdrawn -> {
                Opened entry = opened.get(withdrawn.region());
                check(entry != null && entry.withdrawn, message);
                opened.remove(withdrawn.region());
            }
            case Message.Forget forget -> {
                Opened entry = opened.get(forget.region());
                check(entry != null && !entry.withdrawn, message);
                opened.remove(forget.region());
            }
            case Message.Access access -> {
                check(access.sequence() == nextSequence() && hasRoomFor(access.type(), windowBytes(access)), message);
                lastSequenceOut++;
                unanswered.add(new Pending(access.type(), access.sequence(), windowBytes(access)));
                unansweredBytes += windowBytes(access);
            }
            case Message.Answer answer -> {
                Pending oldest = toAnswer.peek();
                check(oldest != null && oldest.sequence() == answer.sequence(), message);
                toAnswer.remove();
                toAnswerBytes -= oldest.lengthBytes();
            }
            default -> throw new IllegalStateException(message.type().toString());
        }
    }

    private void sendingRegion(Message.Region region) {
        check(openPending && region.request() == openRequest && Integer.compareUnsigned(region.region(), lastOwned) > 0
                && owned.size() < own.regions(), region);
        openPending = false;
        lastOwned = region.region();
        Owned entry = new Owned();
        entry.state = region.grant().granted() ? OwnedState.GRANTED : OwnedState.WAITING;
        entry.epoch = region.grant().epoch();
        owned.put(region.region(), entry);
    }

    private Owned owned(Message message, int number, OwnedState state) {
        Owned region = owned.get(number);
        check(region != null && region.state == state, message);
        return region;
    }

    private void check(boolean allowed, Message message) {
        if (!allowed) {
            throw new IllegalStateException("%s cannot be sent now".formatted(message.type()));
        }
    }

    private static int windowBytes(Message.Access access) {
        return switch (access.type()) {
            case WRITE, READ -> (int) access.lengthBytes();
            default -> 0;
        };
    }

    private static boolean isAtomic(MessageType type) {
        return type == MessageType.COMPARE_AND_SWAP || type == MessageType.FETCH_AND_ADD;
    }

    private static ProtocolException outOfState(Message message, String why) {
        return ProtocolException.outOfState(message.type() + ": " + why);
    }
}
