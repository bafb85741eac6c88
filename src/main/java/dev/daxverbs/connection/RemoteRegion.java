package dev.daxverbs.connection;

import dev.daxverbs.connection.Message.Grant;
import dev.daxverbs.verbs.RegisteredMemory;

import java.util.EnumSet;
import java.util.Set;

/**
 * A region of the other side's, opened by its name ({@link Connection#remote}): to be named in work requests on the connection's queue pair
 * by
 * {@link dev.daxverbs.verbs.SendWorkRequests#remote(RegisteredMemory, long)}.
 *
 * <p><strong>Not yet:</strong> when the lease on its file is broken at the owner its key ends, and transfers that name it fail with {@code
 * REM_ACCESS_ERR}, which stops the queue
 * pair. Taking them through the break is specified in docs/protocol.md and not built; docs/connections.md says what is.
 *
 * <p>Thread use: any thread may use and close it.
 */
public final class RemoteRegion implements RegisteredMemory, AutoCloseable {
    private final Connection connection;
    private final String name;
    private final int number;
    private final long address;
    private final long byteSize;
    private final Set<Right> rights;
    /** What may be used, and the size of the file: one reference, so that nobody sees the key of one time with the size of another. */
    private volatile Grant grant;
    private volatile boolean closed; // written under this

    RemoteRegion(Connection connection, String name, Message.Region opened) {
        this.connection = connection;
        this.name = name;
        number = opened.region();
        address = opened.address();
        byteSize = opened.sizeBytes();
        rights = EnumSet.copyOf(opened.rights());
        grant = opened.grant();
    }

    /**
     * The name that it was opened by.
     *
     * @return the owner's name for it
     */
    public String name() {
        return name;
    }

    /**
     * What may be done with it.
     *
     * @return a copy of the rights, at least one
     */
    public Set<Right> rights() {
        return EnumSet.copyOf(rights);
    }

    /**
     * How much of it the owner's file had when it was opened.
     *
     * @return bytes from the start, 0 to {@link #byteSize}
     */
    public long usableBytes() {
        return grant.usableBytes();
    }

    /**
     * What addresses, and so offsets, must be a multiple of: more than 1 where the owner's device cannot be trusted with others in this
     * memory (rxe and
     * on-demand paging), for which the path MTU must be 4096 as well. Heeding it is the user's, as yet.
     *
     * @return 1 to 4096, a power of two
     * @throws IllegalStateException if the owner has not granted a key
     */
    public int alignment() {
        return granted().alignment();
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public long byteSize() {
        return byteSize;
    }

    /**
     * Whether the key stays the same.
     *
     * @return true: as yet it is valid until the lease on the owner's file is broken, and is not renewed then
     */
    @Override
    public boolean hasFixedKeys() {
        return true;
    }

    /**
     * There is none.
     *
     * @throws UnsupportedOperationException always: it is the other side's memory
     */
    @Override
    public int localKey() {
        throw new UnsupportedOperationException("memory of the peer has no L_Key here: name it by remote(...)");
    }

    /**
     * The R_Key that work requests name.
     *
     * @return the key now
     * @throws IllegalStateException if it is closed, or its connection has ended, or the owner has not granted a key
     */
    @Override
    public int remoteKey() {
        return granted().key();
    }

    /** For each work request that names it: one read, and no lock. */
    private Grant granted() {
        Grant now = grant;
        if (!now.granted()) {
            throw new IllegalStateException(closed ? this + " is closed, or its connection has ended"
                    : "%s has no registration now: another process has the owner's file open".formatted(this));
        }
        return now;
    }

    /** Nobody may use it any more: it is closed, or the connection has ended. */
    synchronized void end() {
        closed = true;
        takeBack(grant.epoch());
    }

    private synchronized void takeBack(long epoch) {
        Grant last = grant;
        grant = new Grant(epoch, last.usableBytes(), 0, 0, false, false, last.guard());
    }

    int number() {
        return number;
    }

    // What a gate of the queue pair is to do goes here. Called by the connection's reader, in the order of the messages; must not wait.

    /**
     * The owner takes the key back. To be: shut the gates, drain, send a probe behind, and only then say REVOKED. As nothing of this is
     * there, the
     * connection ends, which fences the queue pair: the owner's file is safe, and the transfers are not hitless.
     *
     * @param epoch of the grant that ends
     */
    void revoke(long epoch) {
        takeBack(epoch);
        connection.closeFor(CloseReason.INTERNAL, "%s was revoked, which this version does not take transfers through".formatted(this));
    }

    /**
     * The owner gives a key again. To be: handed to the pump, which takes it up unless a higher epoch has been revoked meanwhile.
     *
     * @param renewed with a higher epoch than all before
     */
    synchronized void restore(Grant renewed) {
        if (!closed) {
            grant = renewed;
        }
    }

    /** The owner withdraws the region. To be: as {@link #revoke}, and WITHDRAWN in the end. */
    void withdraw() {
        takeBack(grant.epoch());
        connection.closeFor(CloseReason.INTERNAL, "%s was withdrawn, which this version does not take transfers through".formatted(this));
    }

    /**
     * Gives the region back. Transfers that name it must have completed. Closing again does nothing.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            end();
        }
        connection.forget(this);
    }

    @Override
    public String toString() {
        return "remote region \"%s\" of %d bytes".formatted(name, byteSize);
    }
}
