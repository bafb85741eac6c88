package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.ibv_recv_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.internal.RawMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

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
    // Of struct ibv_recv_wr.
    private static final long REQUEST_BYTES = ibv_recv_wr.sizeof();
    private static final long WR_ID = ibv_recv_wr.wr_id$offset();
    private static final long NEXT = ibv_recv_wr.next$offset();
    private static final long SG_LIST = ibv_recv_wr.sg_list$offset();
    private static final long NUM_SGE = ibv_recv_wr.num_sge$offset();

    // Of struct ibv_sge.
    private static final long ELEMENT_BYTES = ibv_sge.sizeof();
    private static final long ADDRESS = ibv_sge.addr$offset();
    private static final long LENGTH = ibv_sge.length$offset();
    private static final long LOCAL_KEY = ibv_sge.lkey$offset();

    private final int capacity;
    private final int maxElements;
    private final MemorySegment requestMemory; // in one array, so that a list can be posted from any of them
    private final MemorySegment elementMemory; // of request i: from i * maxElements
    private final long requestsAddress;
    private final long elementsAddress;
    private final RegisteredMemory[] memories; // as the elements
    private final int[] elementCounts;
    private int size;
    private int end; // the native list ends behind so many requests; in it, each request leads to the next
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
        int elements = Math.multiplyExact(capacity, maxElements);
        requestMemory = ibv_recv_wr.allocateArray(capacity, arena);
        elementMemory = ibv_sge.allocateArray(elements, arena);
        requestsAddress = requestMemory.address();
        elementsAddress = elementMemory.address();
        for (int i = 0; i < capacity; i++) {
            RawMemory.putLong(at(i) + SG_LIST, elementsAddress + i * maxElements * ELEMENT_BYTES);
            RawMemory.putLong(at(i) + NEXT, i + 1 < capacity ? at(i + 1) : 0);
        }
        end = capacity;
        memories = new RegisteredMemory[elements];
        elementCounts = new int[capacity];
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
        int i = size;
        if (i == capacity) {
            throw new IllegalStateException("the list is full: capacity=%d; post and clear() it".formatted(capacity));
        }
        RawMemory.putLong(at(i) + WR_ID, wrId);
        RawMemory.putInt(at(i) + NUM_SGE, 0);
        elementCounts[i] = 0;
        size = i + 1;
        Reference.reachabilityFence(this);
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
        int i = size - 1;
        if (i < 0) {
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
        int count = elementCounts[i];
        if (count >= maxElements) {
            throw new IllegalStateException("request %d has its %d elements".formatted(i, maxElements));
        }
        boolean fixed = memory.hasFixedKeys();
        int key = fixed ? memory.localKey() : 0; // before anything is changed, as it throws for a closed registration
        int at = i * maxElements + count;
        long element = elementsAddress + at * ELEMENT_BYTES;
        RawMemory.putLong(element + ADDRESS, memory.address() + offset);
        RawMemory.putInt(element + LENGTH, (int) lengthBytes);
        RawMemory.putInt(element + LOCAL_KEY, key);
        RawMemory.putInt(at(i) + NUM_SGE, count + 1);
        Reference.reachabilityFence(this);
        if (memories[at] != memory) { // mostly the same again: a look is cheaper than what a collector does about a reference that is stored
            memories[at] = memory;
        }
        elementCounts[i] = count + 1;
        if (count >= mostElements) {
            mostElements = count + 1;
        }
        if (!fixed) {
            movingKeys = true;
        }
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
        long wrId = RawMemory.getLong(at(checked(index)) + WR_ID);
        Reference.reachabilityFence(this);
        return wrId;
    }

    /**
     * Renumbers a request.
     *
     * @param index which request
     * @param wrId its new {@code wr_id}
     */
    public void setWrId(int index, long wrId) {
        RawMemory.putLong(at(checked(index)) + WR_ID, wrId);
        Reference.reachabilityFence(this);
    }

    /**
     * How many scatter/gather elements a request has.
     *
     * @param index which request
     * @return the number of elements
     */
    public int elementCount(int index) {
        return elementCounts[checked(index)];
    }

    /**
     * The memory of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the memory
     */
    public RegisteredMemory localMemory(int index, int element) {
        return memories[elementIndex(index, element)];
    }

    /**
     * The virtual address of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the address of its first byte
     */
    public long localAddress(int index, int element) {
        long address = RawMemory.getLong(elementAt(index, element) + ADDRESS);
        Reference.reachabilityFence(this);
        return address;
    }

    /**
     * The length of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return bytes, 1 to 2^31
     */
    public long localLength(int index, int element) {
        long length = Integer.toUnsignedLong(RawMemory.getInt(elementAt(index, element) + LENGTH));
        Reference.reachabilityFence(this);
        return length;
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
        long at = elementAt(index, element);
        RawMemory.putLong(at + ADDRESS, address);
        RawMemory.putInt(at + LOCAL_KEY, localKey);
        Reference.reachabilityFence(this);
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

    /** Makes the native list end behind so many requests, at least one. Costs nothing where the list before was as long. */
    void endAfter(int count) {
        if (count != end) {
            if (end < capacity) {
                RawMemory.putLong(at(end - 1) + NEXT, at(end));
            }
            RawMemory.putLong(at(count - 1) + NEXT, 0);
            end = count;
            Reference.reachabilityFence(this);
        }
    }

    /** Where a request lies, as a {@code struct ibv_recv_wr}; whoever hands it on keeps the list reachable. */
    long requestAddress(int index) {
        return at(checked(index));
    }

    /** Which request of the list is at an address that the provider gave back. */
    int indexOf(long requestAddress) {
        return (int) ((requestAddress - requestsAddress) / REQUEST_BYTES);
    }

    private int checked(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("request %d of a list of size=%d".formatted(index, size));
        }
        return index;
    }

    private int elementIndex(int index, int element) {
        if (element < 0 || element >= elementCounts[checked(index)]) {
            throw new IndexOutOfBoundsException("element %d of request %d, which has %d".formatted(element, index, elementCounts[index]));
        }
        return index * maxElements + element;
    }

    private long elementAt(int index, int element) {
        return elementsAddress + elementIndex(index, element) * ELEMENT_BYTES;
    }

    /** An index has been compared with the size, or is within the capacity. */
    private long at(int index) {
        return requestsAddress + index * REQUEST_BYTES;
    }
}
