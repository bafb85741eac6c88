package dev.daxverbs.region;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.grant.PeerChannel;
import dev.daxverbs.internal.RawMemory;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.RegisteredMemory;
import dev.daxverbs.verbs.SendOpcode;
import dev.daxverbs.verbs.SendWorkRequests;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A range of a {@link StagedTransfer} with its staging memory. Used by the pump, one thread at a time.
 */
final class StagedPiece implements PeerChannel.Taker {
    final StagedTransfer transfer;
    private final long begin;
    private final long lengthBytes;
    private final StagingBuffer local; // null: nothing of it is over a file
    private final StagingBuffer remote; // null: the peer's memory is not staged
    /** Which of the queue pair's pieces it is, counted from zero; set when it is posted. */
    long ordinal;
    /** Whether this is the second time, when the file has its bytes: see {@link StagedTransfer#announces}. */
    boolean announcing;
    /** Whether it goes, or went, by message, and not by the device. */
    boolean emulated;
    private Runnable whenAnswered;
    private byte[] answerData;
    private long answerValue;
    private volatile AccessStatus answer;

    private StagedPiece(StagedTransfer transfer, long lengthBytes, StagingBuffer local, StagingBuffer remote) {
        this.transfer = transfer;
        this.begin = transfer.postedBytes;
        this.lengthBytes = lengthBytes;
        this.local = local;
        this.remote = remote;
    }

    /**
     * Takes what the next piece needs, all or nothing, so that nobody holds some and waits for more.
     *
     * @param pool where its local memory is from
     * @param whenFree is run when it is worth trying again
     * @return the piece, or null if there is not enough now
     */
    static StagedPiece next(StagedTransfer transfer, StagingPool pool, Runnable whenFree) {
        long length = transfer.nextPieceBytes();
        long localBytes = transfer.localBytes(transfer.postedBytes, length);
        long remoteBytes = transfer.remoteBytes(length);
        StagingBuffer local = localBytes == 0 ? null : pool.take(localBytes, whenFree);
        if (localBytes > 0 && local == null) {
            return null;
        }
        StagingBuffer remote = remoteBytes == 0 ? null : transfer.remote.targetStaging().take(remoteBytes, whenFree);
        if (remoteBytes > 0 && remote == null) {
            if (local != null) {
                local.giveBack();
            }
            return null;
        }
        return new StagedPiece(transfer, length, local, remote);
    }

    long lengthBytes() {
        return lengthBytes;
    }

    /** What is done with a part of a region's memory, and where that part is in the local staging memory. */
    private interface LocalAccess {
        FileAccess run(MemoryRegion region, long offset, long staged, long length);
    }

    /** Reads its sources from their files, and looks whether the files have the room for its destinations. */
    FileAccess prepare() {
        FileAccess result = eachLocal(transfer.opcode.sendsData()
                ? (region, offset, staged, length) -> region.read(offset, local, staged, length)
                : (region, offset, staged, length) -> region.looksFor(offset, length));
        if (result != FileAccess.DONE || remote == null) {
            return result;
        }
        long offset = remoteOffset();
        return transfer.opcode.sendsData() ? transfer.remote.looksFor(offset, lengthBytes)
                : transfer.remote.read(offset, remote, 0, lengthBytes);
    }

    /** Writes its destinations to their files. */
    FileAccess finish() {
        if (announcing) {
            return FileAccess.DONE; // when it came the first time
        }
        FileAccess result = transfer.opcode.sendsData() ? FileAccess.DONE
                : eachLocal((region, offset, staged, length) -> region.write(offset, local, staged, length));
        if (result != FileAccess.DONE || remote == null || transfer.opcode == SendOpcode.RDMA_READ) {
            return result;
        }
        return transfer.remote.write(remoteOffset(), remote, 0, lengthBytes);
    }

    private long remoteOffset() {
        return transfer.remoteOffset() + begin;
    }

    private FileAccess eachLocal(LocalAccess access) {
        return eachPart((k, skipped, done, staged, length) -> {
            if (!Binding.isTracked(transfer.request.localMemory(0, k))) {
                return FileAccess.DONE;
            }
            MemoryRegion region = (MemoryRegion) transfer.request.localMemory(0, k);
            return access.run(region, transfer.request.localAddress(0, k) - region.address() + skipped, staged, length);
        });
    }

    /** What is done with the part of an element that is in the piece. */
    private interface PartAccess {
        /**
         * Does it.
         *
         * @param k the element's number
         * @param skipped how many bytes of the element are before the part
         * @param done how many bytes of the piece are before it
         * @param staged how many bytes of the local staging memory are before its own, if it has any
         * @param length how many bytes it has
         * @return DONE to go on with the next
         */
        FileAccess run(int k, long skipped, long done, long staged, long length);
    }

    private FileAccess eachPart(PartAccess access) {
        long staged = 0;
        long at = 0;
        for (int k = 0; k < transfer.request.elementCount(0); k++) {
            long elementEnd = at + transfer.request.localLength(0, k);
            long first = Math.max(at, begin);
            long length = Math.min(elementEnd, begin + lengthBytes) - first;
            if (length > 0) {
                FileAccess result = access.run(k, first - at, first - begin, staged, length);
                if (result != FileAccess.DONE) {
                    return result;
                }
                staged += Binding.isTracked(transfer.request.localMemory(0, k)) ? length : 0;
            }
            at = elementEnd;
        }
        return FileAccess.DONE;
    }

    /**
     * Describes it to the device.
     *
     * @param into an emptied list
     * @param wrId its number there
     */
    void describe(SendWorkRequests into, long wrId) {
        into.beginLike(transfer.request, 0, transfer.announces && !announcing ? SendOpcode.RDMA_WRITE : transfer.opcode);
        into.setDeviceWrId(0, wrId);
        into.setDeviceSignaled(0);
        eachPart((k, skipped, done, staged, length) -> {
            RegisteredMemory memory = transfer.request.localMemory(0, k);
            if (Binding.isTracked(memory)) {
                into.localAt(local.address() + staged, length, localKey((MemoryRegion) memory));
            } else {
                into.localAt(transfer.request.localAddress(0, k) + skipped, length, transfer.request.localKey(0, k));
            }
            return FileAccess.DONE;
        });
        if (announcing && transfer.peer != null) {
            into.remote(transfer.peer.channel().landing().address(), transfer.peer.channel().landing().key());
        } else if (transfer.remote != null) {
            into.remote(remote == null ? transfer.remote.targetStaging().registration().address() : remote.address(), remoteKey());
        } else if (transfer.opcode.isRemote()) {
            into.remote(transfer.request.remoteAddress(0) + begin, transfer.request.remoteKey(0));
        }
    }

    // By message.

    /**
     * Asks the owner of the peer's memory to do it.
     *
     * @param whenAnswered is called when there is an {@link #answer}
     * @return false if it has to be asked later
     */
    boolean ask(Runnable whenAnswered) {
        this.whenAnswered = whenAnswered;
        PeerChannel channel = transfer.peer.channel();
        int number = transfer.peer.number();
        long offset = transfer.request.remoteAddress(0) - transfer.request.remoteMemory(0).address() + begin;
        return switch (transfer.opcode) {
            case RDMA_WRITE, RDMA_WRITE_WITH_IMM -> channel.write(number, offset, gather(), this);
            case RDMA_READ -> channel.read(number, offset, (int) lengthBytes, this);
            case ATOMIC_CMP_AND_SWP -> channel.compareAndSwap(number, offset, transfer.request.compareAdd(0), transfer.request.swap(0), this);
            case ATOMIC_FETCH_AND_ADD -> channel.fetchAndAdd(number, offset, transfer.request.compareAdd(0), this);
            default -> throw new AssertionError(transfer.opcode + " names no memory of the peer's");
        };
    }

    @Override
    public void answered(AccessStatus status, byte[] data, long value) {
        answerData = data;
        answerValue = value;
        answer = status; // publishes both
        whenAnswered.run();
    }

    /** How it ended at the owner; null while that is not known. */
    AccessStatus answer() {
        return answer;
    }

    /**
     * Puts what was read where the device would have: to memory, or to staging memory, from where {@link #finish} takes it. When that has to be
     * tried again, what was read is there.
     */
    void takeAnswer() {
        if (transfer.opcode.isAtomic()) {
            eachRange((memory, done, length) -> memory.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, answerValue));
        } else if (answerData != null) {
            eachRange((memory, done, length) -> MemorySegment.copy(answerData, (int) done, memory, ValueLayout.JAVA_BYTE, 0, (int) length));
            answerData = null;
        }
    }

    /** Whether what is read may be put where it is to go. */
    boolean mayTakeAnswer() {
        boolean may = true;
        for (int k = 0; k < transfer.request.elementCount(0) && !transfer.opcode.sendsData(); k++) {
            RegisteredMemory memory = transfer.request.localMemory(0, k);
            may &= memory instanceof MemoryRegion region ? region.allows(AccessFlag.LOCAL_WRITE)
                    : !(memory instanceof MemoryRegistration plain) || plain.access().contains(AccessFlag.LOCAL_WRITE);
        }
        return may;
    }

    private byte[] gather() {
        byte[] data = new byte[(int) lengthBytes];
        eachRange((memory, done, length) -> MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, data, (int) done, (int) length));
        return data;
    }

    /**
     * Memory of this process that a part of the piece is in. Of a region that was closed, which its user must not do yet, nothing is
     * touched.
     */
    private interface RangeAccess {
        void run(MemorySegment memory, long done, long length);
    }

    private void eachRange(RangeAccess access) {
        eachPart((k, skipped, done, staged, length) -> {
            RegisteredMemory memory = transfer.request.localMemory(0, k);
            if (Binding.isTracked(memory)) {
                access.run(local.segment().asSlice(staged, length), done, length);
            } else {
                MemorySegment own = RawMemory.segment(transfer.request.localAddress(0, k) + skipped, length);
                if (memory instanceof MemoryRegion region) {
                    region.ifOpen(() -> access.run(own, done, length));
                } else {
                    access.run(own, done, length);
                }
            }
            return FileAccess.DONE;
        });
    }

    /** What the region's registration would refuse, the device is to refuse here, in the way it always does: no memory has the key 0. */
    private int localKey(MemoryRegion region) {
        return transfer.opcode.sendsData() || region.allows(AccessFlag.LOCAL_WRITE) ? local.localKey() : 0;
    }

    private int remoteKey() {
        AccessFlag needed = transfer.opcode.isAtomic() ? AccessFlag.REMOTE_ATOMIC
                : transfer.opcode.sendsData() ? AccessFlag.REMOTE_WRITE : AccessFlag.REMOTE_READ;
        if (remote == null) {
            return transfer.remote.targetStaging().registration().remoteKey();
        }
        return transfer.remote.allows(needed) ? remote.remoteKey() : 0;
    }

    void giveBack() {
        if (local != null) {
            local.giveBack();
        }
        if (remote != null) {
            remote.giveBack();
        }
    }
}
