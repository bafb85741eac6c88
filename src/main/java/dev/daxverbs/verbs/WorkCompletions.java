package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_wc;
import dev.daxverbs.internal.RawMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * A reusable list of work completions ({@code struct ibv_wc}) that {@link CompletionQueue#poll} fills.
 *
 * <p>Its getters read the native memory in place and allocate nothing. Of a completion with another status than
 * {@link CompletionStatus#SUCCESS} only the number, the status, the vendor's error and the queue pair's number are valid.
 *
 * <p>Thread use: one thread at a time. Source: ibv_poll_cq(3).
 */
public final class WorkCompletions {
    // Of struct ibv_wc.
    private static final long COMPLETION_BYTES = ibv_wc.sizeof();
    private static final long WR_ID = ibv_wc.wr_id$offset();
    private static final long STATUS = ibv_wc.status$offset();
    private static final long OPCODE = ibv_wc.opcode$offset();
    private static final long VENDOR_ERR = ibv_wc.vendor_err$offset();
    private static final long BYTE_LEN = ibv_wc.byte_len$offset();
    private static final long IMM_DATA = ibv_wc.imm_data$offset();
    private static final long QP_NUM = ibv_wc.qp_num$offset();
    private static final long WC_FLAGS = ibv_wc.wc_flags$offset();
    private static final int WITH_IMM = LibIbverbs.IBV_WC_WITH_IMM();

    private final MemorySegment memory;
    private final long address;
    private final int capacity;
    private int size;

    /**
     * A list.
     *
     * @param capacity how many completions one poll can take, at least 1
     */
    public WorkCompletions(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity=%d must be at least 1".formatted(capacity));
        }
        this.capacity = capacity;
        memory = ibv_wc.allocateArray(capacity, Arena.ofAuto());
        address = memory.address();
    }

    /**
     * How many completions one poll can take.
     *
     * @return the number it was made with
     */
    public int capacity() {
        return capacity;
    }

    /**
     * How many completions the last poll gave.
     *
     * @return 0 to {@link #capacity()}
     */
    public int size() {
        return size;
    }

    /**
     * The number of the work request.
     *
     * @param index which completion
     * @return the {@code wr_id} that it was posted with
     */
    public long wrId(int index) {
        long wrId = RawMemory.getLong(at(index) + WR_ID);
        Reference.reachabilityFence(this);
        return wrId;
    }

    /**
     * How the work request ended.
     *
     * @param index which completion
     * @return its status
     */
    public CompletionStatus status(int index) {
        return CompletionStatus.of(getInt(index, STATUS));
    }

    /**
     * Whether the work request succeeded.
     *
     * @param index which completion
     * @return true for {@link CompletionStatus#SUCCESS}
     */
    public boolean isSuccess(int index) {
        return getInt(index, STATUS) == 0;
    }

    /**
     * What completed.
     *
     * @param index which completion, one with success
     * @return the kind of operation
     */
    public CompletionOpcode opcode(int index) {
        return CompletionOpcode.of(getInt(index, OPCODE));
    }

    /**
     * How many bytes a receive, read or atomic got. Of a write with immediate data: the bytes written.
     *
     * @param index which completion, one with success
     * @return bytes, 0 to 2^31
     */
    public long byteLength(int index) {
        return Integer.toUnsignedLong(getInt(index, BYTE_LEN));
    }

    /**
     * Whether a receive has immediate data.
     *
     * @param index which completion, one with success
     * @return true if {@link #immediate} is valid
     */
    public boolean hasImmediate(int index) {
        return (getInt(index, WC_FLAGS) & WITH_IMM) != 0;
    }

    /**
     * The immediate data of a receive.
     *
     * @param index which completion, one with {@link #hasImmediate}
     * @return the 32 bits that the peer sent
     */
    public int immediate(int index) {
        return Integer.reverseBytes(getInt(index, IMM_DATA));
    }

    /**
     * The local queue pair.
     *
     * @param index which completion
     * @return its number
     */
    public int queuePairNumber(int index) {
        return getInt(index, QP_NUM);
    }

    /**
     * The device's own code of an error.
     *
     * @param index which completion
     * @return a code that the vendor defines
     */
    public int vendorError(int index) {
        return getInt(index, VENDOR_ERR);
    }

    // What follows is for layers between the queue and the caller, which number requests their own way.

    /**
     * Renumbers a completion.
     *
     * @param index which completion
     * @param wrId the number that its reader is to see
     */
    public void setWrId(int index, long wrId) {
        RawMemory.putLong(at(index) + WR_ID, wrId);
        Reference.reachabilityFence(this);
    }

    /**
     * Moves one completion to the place of another.
     *
     * @param from which completion
     * @param to the place it goes to
     */
    public void move(int from, int to) {
        if (from != to) {
            RawMemory.copy(at(from), at(to), COMPLETION_BYTES);
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Shortens the list.
     *
     * @param newSize how many completions remain, 0 to {@link #size()}
     */
    public void truncate(int newSize) {
        if (newSize < 0 || newSize > size) {
            throw new IndexOutOfBoundsException("newSize=%d of size=%d".formatted(newSize, size));
        }
        size = newSize;
    }

    /**
     * Appends a completion that no device made, with nothing but a number, a status and a queue pair.
     *
     * @param wrId the number of the work request
     * @param status how it ended
     * @param queuePairNumber its queue pair
     * @throws IllegalStateException if the list is full
     */
    public void append(long wrId, CompletionStatus status, int queuePairNumber) {
        int i = next();
        RawMemory.clear(at(i), COMPLETION_BYTES);
        setWrId(i, wrId);
        putInt(i, STATUS, status.code());
        putInt(i, QP_NUM, queuePairNumber);
    }

    /**
     * Appends a completion with success that no device made as a whole.
     *
     * @param wrId the number of the work request
     * @param opcode what it was
     * @param lengthBytes how many bytes it moved
     * @param queuePairNumber its queue pair
     * @throws IllegalStateException if the list is full
     */
    public void append(long wrId, CompletionOpcode opcode, long lengthBytes, int queuePairNumber) {
        append(wrId, CompletionStatus.SUCCESS, queuePairNumber);
        putInt(size - 1, OPCODE, opcode.code());
        putInt(size - 1, BYTE_LEN, (int) lengthBytes);
    }

    /**
     * Changes how a work request ended.
     *
     * @param index which completion
     * @param status what its reader is to see
     */
    public void setStatus(int index, CompletionStatus status) {
        putInt(index, STATUS, status.code());
    }

    /**
     * Appends a copy of a completion of another list.
     *
     * @param source the other list
     * @param index which completion of it
     * @throws IllegalStateException if this list is full
     */
    public void append(WorkCompletions source, int index) {
        long from = source.at(index);
        RawMemory.copy(from, at(next()), COMPLETION_BYTES);
        Reference.reachabilityFence(source);
        Reference.reachabilityFence(this);
    }

    /** Empties the list. */
    public void clear() {
        size = 0;
    }

    /** Where the list lies, as an array of {@code struct ibv_wc}; whoever hands it on keeps the list reachable. */
    long address() {
        return address;
    }

    /** What a poll has given. */
    void setSize(int size) {
        if (size < 0 || size > capacity) {
            throw new IllegalStateException("ibv_poll_cq(num_entries=%d) returns %d".formatted(capacity, size));
        }
        this.size = size;
    }

    private int next() {
        int i = size;
        if (i == capacity) {
            throw new IllegalStateException("the list is full: capacity=%d".formatted(i));
        }
        size = i + 1;
        return i;
    }

    private long at(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("completion %d of a list of size=%d".formatted(index, size));
        }
        return address + index * COMPLETION_BYTES;
    }

    private int getInt(int index, long offset) {
        int value = RawMemory.getInt(at(index) + offset);
        Reference.reachabilityFence(this);
        return value;
    }

    private void putInt(int index, long offset, int value) {
        RawMemory.putInt(at(index) + offset, value);
        Reference.reachabilityFence(this);
    }
}
