package dev.daxverbs.connection;

import dev.daxverbs.connection.Message.Grant;
import dev.daxverbs.region.MemoryRegion;

import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A region under the name by which peers open it, and who has it open.
 *
 * <p>Its monitor is what docs/protocol.md demands for "OPEN and a break": whether a connection is given a grant is decided, said and noted
 * within it, and so must be which
 * connections a break revokes. What revokes and restores {@link #holders} belongs here.
 */
final class Export {
    /** One connection's hold. */
    private record Holder(Connection connection, int number) {
    }

    private static final int ONLY_ALIGNED = 4096;
    private static final long FIRST_EPOCH = 1;

    private final String name;
    private final MemoryRegion region;
    private final Set<Right> rights;
    private final Set<Holder> holders = new LinkedHashSet<>(); // guarded by this

    Export(String name, MemoryRegion region, Set<Right> rights) {
        this.name = name;
        this.region = region;
        this.rights = EnumSet.copyOf(rights);
    }

    Set<Right> rights() {
        return EnumSet.copyOf(rights);
    }

    long byteSize() {
        return region.byteSize();
    }

    /** Says REGION, and notes who has it. */
    synchronized boolean open(Connection connection, int request, int number, Set<Right> wanted) {
        Grant grant = grant();
        if (!connection.send(new Message.Region(request, number, wanted, region.address(), region.byteSize(), grant))) {
            return false;
        }
        holders.add(new Holder(connection, number));
        return true;
    }

    /** A connection has given it back, or ended. */
    synchronized void forget(Connection connection, int number) {
        holders.remove(new Holder(connection, number));
    }

    private Grant grant() {
        long usable = region.usableBytes();
        try {
            int key = region.remoteKey();
            // An on-demand registration may be one that the device gets wrong at other offsets: the region knows, and does not say.
            int alignment = region.isOnDemand() ? ONLY_ALIGNED : 1;
            boolean atomics = rights.contains(Right.ATOMIC) && !region.isOnDemand();
            return new Grant(FIRST_EPOCH, usable, key, alignment, true, atomics, region.guard());
        } catch (IllegalStateException e) { // revoked now
            return new Grant(0, usable, 0, 0, false, false, region.guard());
        }
    }

    @Override
    public String toString() {
        return "export \"%s\" of %s".formatted(name, region);
    }
}
