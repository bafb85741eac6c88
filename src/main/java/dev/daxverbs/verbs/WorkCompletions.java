package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_wc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A reusable list of work completions ({@code struct ibv_wc}) that {@link CompletionQueue#poll} fills.
 *
 * <p>Its getters read the native memory in place and allocate nothing. Of a completion with another status than
 * {@link CompletionStatus#SUCCESS} only the number, the status, the vendor's error and the queue pair's number are valid.
 *
 * <p>Thread use: one thread at a time. Source: ibv_poll_cq(3).
 */
public final class WorkCompletions {
    private final MemorySegment array;
    private final MemorySegment[] completions;
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
        array = ibv_wc.allocateArray(capacity, Arena.ofAuto());
        completions = new MemorySegment[capacity];
        for (int i = 0; i < capacity; i++) {
            completions[i] = ibv_wc.asSlice(array, i);
        }
    }

    /**
     * How many completions one poll can take.
     *
     * @return the number it was made with
     */
    public int capacity() {
        return completions.length;
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
        return ibv_wc.wr_id(at(index));
    }

    /**
     * How the work request ended.
     *
     * @param index which completion
     * @return its status
     */
    public CompletionStatus status(int index) {
        return CompletionStatus.of(ibv_wc.status(at(index)));
    }

    /**
     * Whether the work request succeeded.
     *
     * @param index which completion
     * @return true for {@link CompletionStatus#SUCCESS}
     */
    public boolean isSuccess(int index) {
        return ibv_wc.status(at(index)) == 0;
    }

    /**
     * What completed.
     *
     * @param index which completion, one with success
     * @return the kind of operation
     */
    public CompletionOpcode opcode(int index) {
        return CompletionOpcode.of(ibv_wc.opcode(at(index)));
    }

    /**
     * How many bytes a receive, read or atomic got. Of a write with immediate data: the bytes written.
     *
     * @param index which completion, one with success
     * @return bytes, 0 to 2^31
     */
    public long byteLength(int index) {
        return Integer.toUnsignedLong(ibv_wc.byte_len(at(index)));
    }

    /**
     * Whether a receive has immediate data.
     *
     * @param index which completion, one with success
     * @return true if {@link #immediate} is valid
     */
    public boolean hasImmediate(int index) {
        return (ibv_wc.wc_flags(at(index)) & LibIbverbs.IBV_WC_WITH_IMM()) != 0;
    }

    /**
     * The immediate data of a receive.
     *
     * @param index which completion, one with {@link #hasImmediate}
     * @return the 32 bits that the peer sent
     */
    public int immediate(int index) {
        return Integer.reverseBytes(ibv_wc.imm_data(at(index)));
    }

    /**
     * The local queue pair.
     *
     * @param index which completion
     * @return its number
     */
    public int queuePairNumber(int index) {
        return ibv_wc.qp_num(at(index));
    }

    /**
     * The device's own code of an error.
     *
     * @param index which completion
     * @return a code that the vendor defines
     */
    public int vendorError(int index) {
        return ibv_wc.vendor_err(at(index));
    }

    // What follows is for layers between the queue and the caller, which number requests their own way.

    /**
     * Renumbers a completion.
     *
     * @param index which completion
     * @param wrId the number that its reader is to see
     */
    public void setWrId(int index, long wrId) {
        ibv_wc.wr_id(at(index), wrId);
    }

    /**
     * Moves one completion to the place of another.
     *
     * @param from which completion
     * @param to the place it goes to
     */
    public void move(int from, int to) {
        if (from != to) {
            MemorySegment.copy(at(from), 0, at(to), 0, ibv_wc.sizeof());
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
        MemorySegment completion = next();
        completion.fill((byte) 0);
        ibv_wc.wr_id(completion, wrId);
        ibv_wc.status(completion, status.code());
        ibv_wc.qp_num(completion, queuePairNumber);
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
        ibv_wc.opcode(completions[size - 1], opcode.code());
        ibv_wc.byte_len(completions[size - 1], (int) lengthBytes);
    }

    /**
     * Changes how a work request ended.
     *
     * @param index which completion
     * @param status what its reader is to see
     */
    public void setStatus(int index, CompletionStatus status) {
        ibv_wc.status(at(index), status.code());
    }

    /**
     * Appends a copy of a completion of another list.
     *
     * @param source the other list
     * @param index which completion of it
     * @throws IllegalStateException if this list is full
     */
    public void append(WorkCompletions source, int index) {
        MemorySegment.copy(source.at(index), 0, next(), 0, ibv_wc.sizeof());
    }

    /** Empties the list. */
    public void clear() {
        size = 0;
    }

    MemorySegment array() {
        return array;
    }

    void setSize(int size) {
        this.size = size;
    }

    private MemorySegment next() {
        if (size == completions.length) {
            throw new IllegalStateException("the list is full: capacity=%d".formatted(size));
        }
        return completions[size++];
    }

    private MemorySegment at(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("completion %d of a list of size=%d".formatted(index, size));
        }
        return completions[index];
    }
}
