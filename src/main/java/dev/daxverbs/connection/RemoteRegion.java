package dev.daxverbs.connection;

import dev.daxverbs.connection.Message.Grant;
import dev.daxverbs.grant.PeerKey;
import dev.daxverbs.grant.PeerMemory;
import dev.daxverbs.grant.PeerRegion;
import dev.daxverbs.region.TransferPath;
import dev.daxverbs.verbs.SendOpcode;

import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;

/**
 * A region of the other side's, opened by its name ({@link Connection#remote}): to be named in work requests on the connection's queue pair by
 * {@link dev.daxverbs.verbs.SendWorkRequests#remote(dev.daxverbs.verbs.RegisteredMemory, long)}, for as long as both are open, whatever
 * happens to the file under it.
 *
 * <p>When the lease on the file is broken at the owner, its key ends: transfers that were posted complete, those that are posted from then
 * on wait for another key, and if there is none within {@link ConnectionOptions#emulateAfter} go by messages on the control connection
 * (they are <em>emulated</em>), in order with all others, until there is one. Their completions are like any other. Transfers that
 * the owner's device cannot be trusted with (rxe and on-demand paging) always go that way.
 *
 * <p>A transfer beyond the present end of the owner's file completes with {@link dev.daxverbs.verbs.CompletionStatus#FILE_TRUNCATED}, and
 * the queue pair goes on working. A write with immediate data of more than 65,536 bytes is not emulated: it waits until there is a key.
 *
 * <p>Thread use: any thread may use and close it.
 */
@SuppressWarnings("exports") // the superclass has nothing that is visible outside
public final class RemoteRegion extends PeerMemory implements AutoCloseable {
    private final Connection connection;
    private final PeerRegion peer;
    private final String name;
    private final int number;
    private final long address;
    private final long byteSize;
    private final Set<Right> rights;
    private volatile Grant grant; // what was said last; what posters use is in the peer's region. Written under this
    private boolean closed; // by the user, or with the connection, or withdrawn; guarded by this

    private RemoteRegion(Connection connection, PeerRegion peer, String name, Message.Region opened) {
        super(peer);
        this.connection = connection;
        this.peer = peer;
        this.name = name;
        number = opened.region();
        address = opened.address();
        byteSize = opened.sizeBytes();
        rights = EnumSet.copyOf(opened.rights());
        grant = opened.grant();
        peer.setKey(key(grant));
    }

    static RemoteRegion opened(Connection connection, String name, Message.Region opened) {
        Set<SendOpcode> allowed = EnumSet.noneOf(SendOpcode.class);
        opened.rights().forEach(right -> allowed.addAll(right.opcodes()));
        return new RemoteRegion(connection, new PeerRegion(connection.queuePair(), connection.emulation(), opened.region(), allowed), name, opened);
    }

    private static PeerKey key(Grant grant) {
        return grant.granted() ? new PeerKey(grant.key(), grant.usableBytes(), grant.alignment(), grant.deviceAtomics()) : null;
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
     * How much of it the owner's file had when the owner said so last, which is at each grant of a key.
     *
     * @return bytes from the start, 0 to {@link #byteSize}
     */
    public long usableBytes() {
        return grant.usableBytes();
    }

    /**
     * The path that transfers take now, but for those that do not fit {@link #alignment}, which are always EMULATED.
     *
     * @return DIRECT while there is a key, else EMULATED
     */
    public TransferPath path() {
        return grant.granted() ? TransferPath.DIRECT : TransferPath.EMULATED;
    }

    /**
     * What addresses, and so offsets, must be a multiple of for the device to be let at them, on a path MTU of at least as many bytes: more
     * than 1 where the owner's device cannot be trusted with others in this memory (rxe and on-demand paging). All others are emulated.
     *
     * @return 1 to 4096, a power of two
     * @throws IllegalStateException if the owner has not granted a key now
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
     * @return false: it ends when the lease on the owner's file is broken, and there is another afterwards
     */
    @Override
    public boolean hasFixedKeys() {
        return false;
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
     * The R_Key that the owner has granted. Work requests that name this object get it by themselves, at the moment when they are posted.
     *
     * @return the key now
     * @throws IllegalStateException if it is closed, or its connection has ended, or the owner has not granted a key
     */
    @Override
    public int remoteKey() {
        return granted().key();
    }

    private Grant granted() {
        Grant now = grant;
        if (!now.granted()) {
            peer.checkOpen();
            throw new IllegalStateException("%s has no registration now: another process has the owner's file open".formatted(this));
        }
        return now;
    }

    /**
     * Makes durable what was written: all writes to the range whose completions were polled before this call. It reads behind them, so that
     * nothing of them is left in a device, and has the owner call {@code msync(2)} with {@code MS_SYNC} on the range; when it returns, they
     * are as durable as by {@code msync} on the owner's machine: on FS-DAX in the persistence domain of the memory, else on the storage
     * below the file system. Waits for that. Memory without a file is left as it is.
     *
     * <p>RDMA FLUSH (InfiniBand specification, release 1.5) is not used: docs/connections.md says why.
     *
     * @param offset bytes from the start of the region
     * @param lengthBytes bytes, more than zero
     * @throws IndexOutOfBoundsException if the range is not within the region
     * @throws IllegalStateException if it is closed, or was opened without {@link Right#WRITE}
     * @throws java.net.SocketTimeoutException if there is no answer within {@link ConnectionOptions#flushTimeout}; the connection goes on
     * @throws ConnectionException if the connection has ended, or ends meanwhile
     * @throws IOException if the owner's file system fails, or its file ends before the end of the range
     */
    public void flush(long offset, long lengthBytes) throws IOException {
        if (offset < 0 || lengthBytes <= 0 || offset > byteSize - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, this));
        }
        peer.checkOpen();
        if (!rights.contains(Right.WRITE)) {
            throw new IllegalStateException("%s was opened without the right WRITE: there is nothing to flush".formatted(this));
        }
        connection.flush(this, offset, lengthBytes);
    }

    int number() {
        return number;
    }

    PeerRegion peer() {
        return peer;
    }

    /** Nobody may use it any more: it is closed, or the connection has ended. Returns whether it was open. */
    synchronized boolean end(String why) {
        boolean was = !closed;
        closed = true;
        if (was) {
            peer.close("%s %s".formatted(this, why));
        }
        takeBack();
        return was;
    }

    private synchronized void takeBack() {
        Grant last = grant;
        grant = new Grant(last.epoch(), last.usableBytes(), 0, 0, false, false, last.guard());
        peer.setKey(null);
    }

    // Called by the connection's reader, in the order of the messages; must not wait.

    /** The owner takes the key back. When nothing of it is under way any more, it is told so. */
    void revoke(long epoch) {
        takeBack();
        connection.drain(() -> connection.sayRevoked(number, epoch));
    }

    /** The owner gives a key again. */
    void restore(Grant renewed) {
        synchronized (this) {
            if (closed) {
                return; // it will be given back, or has been
            }
            grant = renewed;
            peer.setKey(key(renewed));
        }
        connection.callPump();
    }

    /** The owner takes the region back. */
    void withdraw() {
        end("was withdrawn by its owner");
        connection.drain(() -> connection.sayWithdrawn(number));
        connection.callPump();
    }

    /**
     * Gives the region back: waits until transfers that were posted have completed; those that wait for a key complete with
     * {@code LOC_PROT_ERR}. Closing again does nothing.
     */
    @Override
    public void close() {
        if (end("is closed")) {
            connection.giveBack(this);
        }
    }

    @Override
    public String toString() {
        return "remote region \"%s\" of %d bytes".formatted(name, byteSize);
    }
}
