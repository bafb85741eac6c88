package dev.daxverbs.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.grant.AccessStatus;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What can be said when: the crossings of docs/protocol.md, at each side. */
class ConversationTest {
    private static final Set<Right> RIGHTS = EnumSet.of(Right.READ, Right.WRITE);

    /** The side that has the region, and the side that opens it. */
    private final Conversation owner = new Conversation(true, Samples.LIMITS);
    private final Conversation peer = new Conversation(false, Samples.LIMITS);

    /** What one side says the other hears. */
    private static void say(Conversation from, Conversation to, Message message) throws IOException {
        from.sending(message);
        to.received(message);
    }

    @BeforeEach
    void shakeHands() throws IOException {
        say(peer, owner, Samples.HELLO);
        say(owner, peer, Samples.HELLO);
        say(owner, peer, Samples.READY);
        say(peer, owner, Samples.READY);
        assertThat(owner.isOpen() && peer.isOpen()).isTrue();
    }

    private void open(int number, Message.Grant grant) throws IOException {
        say(peer, owner, new Message.Open(number, RIGHTS, "name"));
        say(owner, peer, new Message.Region(number, number, RIGHTS, 4096, 4096, grant));
    }

    private static void refused(Conversation side, Message message, CloseReason reason) {
        ProtocolException refused = catchThrowableOfType(ProtocolException.class, () -> side.received(message));
        assertThat(refused).as("%s is to be refused", message).isNotNull();
        assertThat(refused.reason()).isEqualTo(reason);
    }

    private static void outOfState(Conversation side, Message message) {
        refused(side, message, CloseReason.OUT_OF_STATE);
    }

    private static void cannotSay(Conversation side, Message message) {
        assertThatThrownBy(() -> side.sending(message)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldRevokeAndRestoreAgainAndAgain() throws IOException {
        open(1, Samples.grant(1));
        for (long epoch = 1; epoch < 5; epoch++) {
            say(owner, peer, new Message.Revoke(1, epoch));
            cannotSay(owner, new Message.Revoke(1, epoch));
            cannotSay(owner, new Message.Restore(1, Samples.grant(epoch + 1)));
            outOfState(peer, new Message.Restore(1, Samples.grant(epoch + 1)));
            cannotSay(peer, new Message.Revoked(1, epoch + 1));
            say(peer, owner, new Message.Revoked(1, epoch));
            cannotSay(peer, new Message.Revoked(1, epoch));
            outOfState(owner, new Message.Revoked(1, epoch));
            cannotSay(owner, new Message.Restore(1, Samples.grant(epoch)));
            outOfState(peer, new Message.Restore(1, Samples.grant(epoch)));
            say(owner, peer, new Message.Restore(1, Samples.grant(epoch + 1)));
        }
    }

    @Test
    void shouldGiveNoGrantDuringABreakAndThenRestore() throws IOException {
        open(1, Samples.NOTHING);
        cannotSay(owner, new Message.Revoke(1, 1));
        outOfState(peer, new Message.Revoke(1, 1));
        say(owner, peer, new Message.Restore(1, Samples.grant(1)));
        outOfState(peer, new Message.Revoke(1, 2));
        say(owner, peer, new Message.Revoke(1, 1));
    }

    @Test
    void shouldTakeARevokedThatCrossedWithWithdraw() throws IOException {
        open(1, Samples.grant(1));
        say(owner, peer, new Message.Revoke(1, 1));
        peer.sending(new Message.Revoked(1, 1));
        say(owner, peer, new Message.Withdraw(1));
        owner.received(new Message.Revoked(1, 1));
        outOfState(owner, new Message.Revoked(1, 1));
        cannotSay(owner, new Message.Restore(1, Samples.grant(2)));
        outOfState(peer, new Message.Restore(1, Samples.grant(2)));
        say(peer, owner, new Message.Withdrawn(1));
        outOfState(owner, new Message.Withdrawn(1));
        assertThat(owner.regionsGivenOut()).isZero();
    }

    @Test
    void shouldNotTakeWithdrawnUnasked() throws IOException {
        open(1, Samples.grant(1));
        outOfState(owner, new Message.Withdrawn(1));
        cannotSay(peer, new Message.Withdrawn(1));
    }

    @Test
    void shouldDropWhatCrossedWithForget() throws IOException {
        open(1, Samples.grant(1));
        owner.sending(new Message.Revoke(1, 1));
        peer.sending(new Message.Forget(1));
        assertThat(peer.received(new Message.Revoke(1, 1))).isFalse();
        owner.received(new Message.Forget(1));
        assertThat(owner.regionsGivenOut()).isZero();
        outOfState(owner, new Message.Forget(1));
        outOfState(owner, new Message.Revoked(1, 1));
        outOfState(peer, new Message.Revoke(2, 1)); // which there never was
    }

    @Test
    void shouldNeverUseTheNumberOfARegionAgain() throws IOException {
        open(1, Samples.grant(1));
        say(peer, owner, new Message.Forget(1));
        say(peer, owner, new Message.Open(2, RIGHTS, "name"));
        cannotSay(owner, new Message.Region(2, 1, RIGHTS, 4096, 4096, Samples.grant(1)));
        outOfState(peer, new Message.Region(2, 1, RIGHTS, 4096, 4096, Samples.grant(1)));
    }

    @Test
    void shouldGiveOutNoMoreRegionsThanTheLimit() throws IOException {
        for (int i = 1; i <= Samples.LIMITS.regions(); i++) {
            open(i, Samples.grant(1));
        }
        say(peer, owner, new Message.Open(9, RIGHTS, "name"));
        cannotSay(owner, new Message.Region(9, 9, RIGHTS, 4096, 4096, Samples.grant(1)));
        say(owner, peer, new Message.Refused(9, Refusal.TOO_MANY, ""));
        outOfState(peer, new Message.Refused(9, Refusal.TOO_MANY, ""));
    }

    @Test
    void shouldKeepEmulatedRequestsWithinTheWindow() throws IOException {
        for (int i = 1; i <= Samples.LIMITS.windowRequests(); i++) {
            assertThat(peer.hasRoomFor(MessageType.WRITE, 1)).isTrue();
            say(peer, owner, new Message.Write(i, 1, 0, Samples.data(1)));
        }
        assertThat(peer.hasRoomFor(MessageType.WRITE, 1)).isFalse();
        cannotSay(peer, new Message.Write(5, 1, 0, Samples.data(1)));
        refused(owner, new Message.Write(5, 1, 0, Samples.data(1)), CloseReason.LIMIT);
        say(owner, peer, new Message.Done(1, AccessStatus.OK));
        assertThat(peer.hasRoomFor(MessageType.WRITE, 1)).isTrue();
    }

    @Test
    void shouldKeepTheBytesOfEmulatedRequestsWithinTheWindow() throws IOException {
        say(peer, owner, new Message.Read(1, 1, 0, 65_536));
        say(peer, owner, new Message.Write(2, 1, 0, Samples.data(65_535)));
        assertThat(peer.hasRoomFor(MessageType.READ, 1)).isTrue();
        assertThat(peer.hasRoomFor(MessageType.READ, 2)).isFalse();
        refused(owner, new Message.Read(3, 1, 0, 2), CloseReason.LIMIT);
    }

    @Test
    void shouldTakeRequestsInSequenceOnly() throws IOException {
        outOfState(owner, new Message.Read(2, 1, 0, 1));
        say(peer, owner, new Message.Read(1, 1, 0, 1));
        outOfState(owner, new Message.Read(1, 1, 0, 1));
        outOfState(owner, new Message.Read(3, 1, 0, 1));
        cannotSay(peer, new Message.Read(3, 1, 0, 1));
    }

    @Test
    void shouldTakeAnswersInOrderAndOfTheRightKind() throws IOException {
        say(peer, owner, new Message.Read(1, 1, 0, 10));
        say(peer, owner, new Message.Write(2, 1, 0, Samples.data(10)));
        cannotSay(owner, new Message.Done(2, AccessStatus.OK));
        outOfState(peer, new Message.Done(2, AccessStatus.OK));
        outOfState(peer, new Message.Done(1, AccessStatus.OK)); // a read has data
        outOfState(peer, new Message.Data(1, Samples.data(9)));
        outOfState(peer, new Message.Value(1, 0));
        outOfState(peer, new Message.Done(1, AccessStatus.GRANTED));
        say(owner, peer, new Message.Data(1, Samples.data(10)));
        outOfState(peer, new Message.Data(2, Samples.data(10)));
        say(owner, peer, new Message.Done(2, AccessStatus.TRUNCATED));
        outOfState(peer, new Message.Done(2, AccessStatus.TRUNCATED)); // once
        outOfState(peer, new Message.Done(3, AccessStatus.OK));
    }

    @Test
    void shouldSendAtomicsAlone() throws IOException {
        say(peer, owner, new Message.Write(1, 1, 0, Samples.data(8)));
        assertThat(peer.hasRoomFor(MessageType.FETCH_AND_ADD, 8)).isFalse();
        outOfState(owner, new Message.FetchAndAdd(2, 1, 0, 1));
        say(owner, peer, new Message.Done(1, AccessStatus.OK));
        say(peer, owner, new Message.FetchAndAdd(2, 1, 0, 1));
        assertThat(peer.hasRoomFor(MessageType.WRITE, 1)).isFalse();
        outOfState(owner, new Message.Write(3, 1, 0, Samples.data(1)));
        say(owner, peer, new Message.Done(2, AccessStatus.GRANTED));
        say(peer, owner, new Message.CompareAndSwap(3, 1, 0, 1, 2));
        say(owner, peer, new Message.Value(3, 1));
    }

    @Test
    void shouldTakeNoPongThatNobodyAskedFor() throws IOException {
        outOfState(peer, new Message.Pong(0));
        say(peer, owner, new Message.Ping(7));
        cannotSay(peer, new Message.Ping(8));
        outOfState(peer, new Message.Pong(8));
        say(owner, peer, new Message.Pong(7));
        outOfState(peer, new Message.Pong(7));
    }

    @Test
    void shouldSayNothingAfterClose() throws IOException {
        say(peer, owner, new Message.Close(CloseReason.NORMAL, ""));
        assertThat(owner.isOpen() || peer.isOpen()).isFalse();
        cannotSay(peer, new Message.Ping(1));
        cannotSay(owner, new Message.Ping(1));
    }

    @Test
    void shouldShakeHandsInOrder() throws IOException {
        Conversation acceptor = new Conversation(true, Samples.LIMITS);
        cannotSay(acceptor, Samples.HELLO); // who has called says it first
        cannotSay(acceptor, new Message.Ping(1));
        outOfState(acceptor, Samples.READY);
        outOfState(acceptor, new Message.OtherVersion(2, 3));
        refused(acceptor, new Message.UnknownHello(2, 3), CloseReason.VERSION);
        acceptor.received(Samples.HELLO);
        outOfState(acceptor, Samples.HELLO);
        outOfState(acceptor, new Message.Ping(1));
        cannotSay(acceptor, Samples.READY);
        Conversation connector = new Conversation(false, Samples.LIMITS);
        connector.sending(Samples.HELLO);
        cannotSay(connector, Samples.READY);
        refused(connector, new Message.OtherVersion(2, 3), CloseReason.VERSION);
        outOfState(connector, new Message.Hello(1, 2, Samples.ENDPOINT, Samples.LIMITS, Samples.data(0))); // it is to name one version
    }
}
