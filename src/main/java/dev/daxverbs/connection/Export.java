package dev.daxverbs.connection;

import dev.daxverbs.connection.Message.Grant;
import dev.daxverbs.grant.GrantHolder;
import dev.daxverbs.grant.GrantSource;
import dev.daxverbs.grant.PeerKey;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.verbs.QueuePair;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A region under the name by which peers open it, and who has it open, with what: docs/protocol.md, "States of a region".
 *
 * <p>Its monitor is what is demanded there for "OPEN and a break": whether a connection is given a grant is decided, said and noted within
 * it, and so is which connections a break revokes. Nothing waits within it.
 */
final class Export implements GrantHolder {
    /** One connection's hold. */
    private record Holder(Connection connection, int number) {
    }

    private enum State {
        GRANTED, REVOKING, WAITING, WITHDRAWING
    }

    private static final class Hold {
        private State state;
        private long epoch;

        /** Whether the other side may still be using a key of which it knows that it ends. */
        boolean isLate() {
            return state == State.REVOKING || state == State.WITHDRAWING;
        }
    }

    private final String name;
    private final MemoryRegion region;
    private final GrantSource source;
    private final Set<Right> rights;
    private final Map<Holder, Hold> holders = new LinkedHashMap<>(); // guarded by this
    private boolean withdrawn; // guarded by this
    private volatile int late; // how many holds are; written under this

    Export(String name, MemoryRegion region, Set<Right> rights) {
        this.name = name;
        this.region = region;
        this.source = GrantSource.of(region);
        this.rights = EnumSet.copyOf(rights);
    }

    Set<Right> rights() {
        return EnumSet.copyOf(rights);
    }

    long byteSize() {
        return region.byteSize();
    }

    GrantSource source() {
        return source;
    }

    synchronized boolean isWithdrawn() {
        return withdrawn;
    }

    // The readers of connections.

    /**
     * Says REGION, and notes who has it; false if the connection is ending. A grant of a region that is closed meanwhile is withdrawn in a
     * moment.
     */
    synchronized boolean open(Connection connection, int request, int number, Set<Right> wanted) {
        Hold hold = new Hold();
        PeerKey key = withdrawn ? null : source.grant();
        hold.state = key == null ? State.WAITING : State.GRANTED;
        hold.epoch = key == null ? 0 : 1;
        if (!connection.send(new Message.Region(request, number, wanted, region.address(), region.byteSize(), grant(hold.epoch, key)))) {
            return false;
        }
        holders.put(new Holder(connection, number), hold);
        if (withdrawn) {
            withdraw(new Holder(connection, number), hold);
        }
        return true;
    }

    /** A connection says that nothing of it uses a key any more. */
    synchronized void revoked(Connection connection, int number) {
        Hold hold = holders.get(new Holder(connection, number));
        if (hold != null && hold.state == State.REVOKING) {
            hold.state = State.WAITING;
            late--;
            grant(new Holder(connection, number), hold); // where one was fenced that kept the others waiting, it may be there again
        }
    }

    /** A connection has given it back, or ended after its queue pair was stopped. */
    synchronized void forget(Connection connection, int number) {
        Hold hold = holders.remove(new Holder(connection, number));
        if (hold != null && hold.isLate()) {
            late--;
        }
    }

    private Grant grant(long epoch, PeerKey key) {
        return key == null ? new Grant(epoch, source.usableBytes(), 0, 0, false, false, region.guard())
                : new Grant(epoch, key.bytes(), key.key(), key.alignment(), true, key.atomics(), region.guard());
    }

    // The region, in breaks and restores.

    @Override
    public synchronized void revoke() {
        holders.forEach((holder, hold) -> {
            if (hold.state == State.GRANTED) {
                // One that is ending counts as using the key until its queue pair has been stopped: then it is forgotten.
                holder.connection().send(new Message.Revoke(holder.number(), hold.epoch));
                hold.state = State.REVOKING;
                late++;
            }
        });
    }

    @Override
    public synchronized void grantAgain() {
        if (!withdrawn) {
            holders.forEach(this::grant);
        }
    }

    /** Grants what there is to one who waits. Within the monitor. */
    private void grant(Holder holder, Hold hold) {
        PeerKey key = hold.state == State.WAITING && !withdrawn ? source.grant() : null;
        if (key != null && holder.connection().send(new Message.Restore(holder.number(), grant(hold.epoch + 1, key)))) {
            hold.epoch++;
            hold.state = State.GRANTED;
        }
    }

    @Override
    public synchronized void withdraw() {
        withdrawn = true;
        holders.forEach(this::withdraw);
    }

    private void withdraw(Holder holder, Hold hold) {
        if (hold.state != State.WITHDRAWING) {
            late += hold.isLate() ? 0 : 1;
            hold.state = State.WITHDRAWING;
            holder.connection().send(new Message.Withdraw(holder.number()));
        }
    }

    @Override
    public boolean isDrained() {
        return late == 0;
    }

    @Override
    public List<QueuePair> fenceLate() {
        List<Holder> stopped = new ArrayList<>();
        synchronized (this) {
            holders.forEach((holder, hold) -> {
                if (hold.isLate()) {
                    stopped.add(holder);
                }
            });
        }
        List<QueuePair> queuePairs = new ArrayList<>();
        for (Holder holder : stopped) {
            queuePairs.add(holder.connection().queuePair());
            holder.connection().fenceFor(CloseReason.LATE, "no answer to the end of a key of \"%s\" before the deadline".formatted(name));
            forget(holder.connection(), holder.number());
        }
        return queuePairs;
    }

    @Override
    public String toString() {
        return "export \"%s\" of %s".formatted(name, region);
    }
}
