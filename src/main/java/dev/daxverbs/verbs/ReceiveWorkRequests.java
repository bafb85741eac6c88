package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_recv_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A reusable list of receive work requests ({@code struct ibv_recv_wr}), posted with one doorbell.
 * <pre>{@code
 * receives.clear();
 * receives.receive(1).local(buffer, 0, 4096);
 * receives.receive(2).local(buffer, 4096, 4096);
 * int posted = queuePair.postReceive(receives);
 * }</pre>
 *
 * <p>Thread use: one thread at a time. The list may be refilled as soon as it was posted. Source: ibv_post_recv(3).
 */
public final class ReceiveWorkRequests {
    private final int capacity;
    private final int maxElements;
    private final MemorySegment[] requests;
    private final MemorySegment[] elements; // of request i: from i * maxElements
    private final RegisteredMemory[] memories; // as the elements
    private int size;
    private int mostElements;
    private boolean movingKeys; // a request names memory whose keys are not fixed

    /**
     * A list for receives of one scatter/gather element.
     *
     * @param capacity how many requests it can hold, at least 1
     */
    public ReceiveWorkRequests(int capacity) {
        this(capacity, 1);
    }

    /**
     * A list.
     *
     * @param capacity how many requests it can hold, at least 1
     * @param maxElements how many scatter/gather elements each may have, at least 1
     */
    public ReceiveWorkRequests(int capacity, int maxElements) {
        if (capacity < 1 || maxElements < 1) {
            throw new IllegalArgumentException("capacity=%d and maxElements=%d must be at least 1".formatted(capacity, maxElements));
        }
        this.capacity = capacity;
        this.maxElements = maxElements;
        Arena arena = Arena.ofAuto();
        MemorySegment array = ibv_recv_wr.allocateArray(capacity, arena);
        MemorySegment elementArray = ibv_sge.allocateArray((long) capacity * maxElements, arena);
        requests = new MemorySegment[capacity];
        elements = new MemorySegment[Math.multiplyExact(capacity, maxElements)];
        for (int i = 0; i < capacity; i++) {
            requests[i] = ibv_recv_wr.asSlice(array, i);
            for (int k = 0; k < maxElements; k++) {
                elements[i * maxElements + k] = ibv_sge.asSlice(elementArray, (long) i * maxElements + k);
            }
            ibv_recv_wr.sg_list(requests[i], elements[i * maxElements]);
        }
        memories = new RegisteredMemory[elements.length];
    }

    /** Empties the list. */
    public void clear() {
        size = 0;
        mostElements = 0;
        movingKeys = false;
    }

    /**
     * How many requests the list has.
     *
     * @return 0 to the capacity
     */
    public int size() {
        return size;
    }

    /**
     * How many requests the list can have.
     *
     * @return the number it was made with
     */
    public int capacity() {
        return capacity;
    }

    /**
     * Begins a receive; without an element it takes messages of zero length only.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public ReceiveWorkRequests receive(long wrId) {
        if (size == capacity) {
            throw new IllegalStateException("the list is full: capacity=%d; post and clear() it".formatted(capacity));
        }
        ibv_recv_wr.wr_id(requests[size], wrId);
        ibv_recv_wr.next(requests[size], MemorySegment.NULL);
        ibv_recv_wr.num_sge(requests[size], 0);
        if (size > 0) {
            ibv_recv_wr.next(requests[size - 1], requests[size]);
        }
        size++;
        return this;
    }

    /**
     * Adds memory that the message goes to, after what was added before. An element of zero length is left out.
     *
     * @param memory memory registered with {@link AccessFlag#LOCAL_WRITE} in the queue pair's protection domain. Memory over a file
     *         can be received to on queue pairs that know of it: the message then goes through other memory, as a file's
     *         registration may end while the receive waits
     * @param offset bytes from the start of the memory
     * @param lengthBytes bytes, 0 to 2^31
     * @return this list
     * @throws IndexOutOfBoundsException if the range is not within the memory
     * @throws IllegalArgumentException for more than 2^31 bytes
     * @throws IllegalStateException if the request has its {@code maxElements}, or has not begun, or if the memory is a registration
     *         that is closed
     */
    public ReceiveWorkRequests local(RegisteredMemory memory, long offset, long lengthBytes) {
        if (size == 0) {
            throw new IllegalStateException("no request has begun: call receive first");
        }
        if (offset < 0 || lengthBytes < 0 || offset > memory.byteSize() - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, memory));
        }
        if (lengthBytes > SendWorkRequests.MAX_MESSAGE_BYTES) {
            throw new IllegalArgumentException("memory=%s, lengthBytes=%d: a message has up to 2^31 bytes".formatted(memory, lengthBytes));
        }
        if (lengthBytes == 0) {
            return this;
        }
        int count = ibv_recv_wr.num_sge(requests[size - 1]);
        if (count == maxElements) {
            throw new IllegalStateException("request %d has its %d elements".formatted(size - 1, maxElements));
        }
        int key = memory.hasFixedKeys() ? memory.localKey() : 0; // before anything is changed, as it throws for a closed registration
        MemorySegment element = elements[(size - 1) * maxElements + count];
        ibv_sge.addr(element, memory.address() + offset);
        ibv_sge.length(element, (int) lengthBytes);
        ibv_sge.lkey(element, key);
        memories[(size - 1) * maxElements + count] = memory;
        ibv_recv_wr.num_sge(requests[size - 1], count + 1);
        mostElements = Math.max(mostElements, count + 1);
        movingKeys |= !memory.hasFixedKeys();
        return this;
    }

    // What follows is for layers between the caller and the queue pair, which number requests their own way.

    /**
     * The number of a request.
     *
     * @param index which request
     * @return its {@code wr_id}
     */
    public long wrId(int index) {
        return ibv_recv_wr.wr_id(request(index));
    }

    /**
     * Renumbers a request.
     *
     * @param index which request
     * @param wrId its new {@code wr_id}
     */
    public void setWrId(int index, long wrId) {
        ibv_recv_wr.wr_id(request(index), wrId);
    }

    /**
     * How many scatter/gather elements a request has.
     *
     * @param index which request
     * @return the number of elements
     */
    public int elementCount(int index) {
        return ibv_recv_wr.num_sge(request(index));
    }

    /**
     * The memory of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the memory
     */
    public RegisteredMemory localMemory(int index, int element) {
        return memories[index * maxElements + element];
    }

    /**
     * The virtual address of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the address of its first byte
     */
    public long localAddress(int index, int element) {
        return ibv_sge.addr(elements[index * maxElements + element]);
    }

    /**
     * The length of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return bytes, 1 to 2^31
     */
    public long localLength(int index, int element) {
        return Integer.toUnsignedLong(ibv_sge.length(elements[index * maxElements + element]));
    }

    /**
     * Moves an element to other memory, of the same length.
     *
     * @param index which request
     * @param element which of its elements
     * @param address the virtual address of its first byte
     * @param localKey the L_Key of its registration
     */
    public void redirect(int index, int element, long address, int localKey) {
        MemorySegment at = elements[index * maxElements + element];
        ibv_sge.addr(at, address);
        ibv_sge.lkey(at, localKey);
    }

    /**
     * Whether a request of the list names memory whose keys are not fixed.
     *
     * @return true if such memory must be replaced before the list is posted
     */
    public boolean hasMovingKeys() {
        return movingKeys;
    }

    void check(QueuePairCapabilities capabilities) {
        if (mostElements > capabilities.maxReceiveElements()) {
            throw new IllegalArgumentException("a receive has %d elements; the queue pair has max_recv_sge=%d".formatted(mostElements,
                    capabilities.maxReceiveElements()));
        }
    }

    /** Ends the list after so many requests, or joins it again to what follows. */
    void cutAfter(int count, boolean cut) {
        if (count < size) {
            ibv_recv_wr.next(requests[count - 1], cut ? MemorySegment.NULL : requests[count]);
        }
    }

    MemorySegment request(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("request %d of a list of size=%d".formatted(index, size));
        }
        return requests[index];
    }

    /** Which request of the list is at an address that the provider gave back. */
    int indexOf(MemorySegment request) {
        return (int) ((request.address() - requests[0].address()) / ibv_recv_wr.sizeof());
    }
}
