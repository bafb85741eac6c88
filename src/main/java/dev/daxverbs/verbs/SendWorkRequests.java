package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A reusable list of send work requests ({@code struct ibv_send_wr}), posted with one doorbell.
 *
 * <p>A request begins with its opcode; what follows describes it, until the next one begins:
 * <pre>{@code
 * requests.clear();
 * requests.write(1).local(buffer, 0, 4096).remote(peerAddress, peerKey);
 * requests.sendWithImmediate(2, 42).local(header, 0, 64).signaled();
 * int posted = queuePair.postSend(requests);
 * }</pre>
 * The native memory is allocated once; filling and posting allocate nothing. It is freed when the list is unreachable. What was said of a
 * request is kept in Java as well, and read from there: native memory is only written.
 *
 * <p>Thread use: one thread at a time. The list may be refilled as soon as it was posted. Source: ibv_post_send(3).
 */
public final class SendWorkRequests {
    /** The longest message of a reliable connection: 2^31 bytes (InfiniBand specification, 9.7.1). */
    static final long MAX_MESSAGE_BYTES = 1L << 31;

    private static final long ATOMIC_BYTES = 8;
    private static final int SIGNALED = LibIbverbs.IBV_SEND_SIGNALED();
    private static final int INLINE = LibIbverbs.IBV_SEND_INLINE();

    // Within a request. The accessors of nested structs take a slice for each level, an object that only C2 can remove.
    private static final long WR = ibv_send_wr.wr$offset();
    private static final long WR_BYTES = ibv_send_wr.wr$layout().byteSize();
    private static final long REMOTE_ADDRESS = WR + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.remote_addr$offset(); // as in wr.atomic
    private static final long REMOTE_KEY = WR + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.rkey$offset();
    private static final long ATOMIC_COMPARE_ADD = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.compare_add$offset();
    private static final long ATOMIC_SWAP = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.swap$offset();
    private static final long ATOMIC_REMOTE_KEY = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.rkey$offset();

    private final int capacity;
    private final int maxElements;
    private final int maxInlineBytes;
    private final MemorySegment inlineData;
    private final MemorySegment[] requests; // slices of one array, so that a list can be posted from any of them
    private final MemorySegment[] elements; // of request i: from i * maxElements
    private final RegisteredMemory[] localMemories; // as the elements
    private final long[] localAddresses;
    private final int[] localLengths;
    private final RegisteredMemory[] remoteMemories;
    private final long[] remoteAddresses;
    private final SendOpcode[] opcodes;
    private final long[] wrIds;
    private final int[] flags;
    private final int[] elementCounts;
    private boolean disguised; // the device's numbers and flags are not those of the caller
    private int size;
    private int mostElements; // of one request in the list: what a queue pair must be able to take
    private int mostInlineBytes;
    private boolean movingKeys; // a request names memory whose keys are not fixed

    /**
     * A list for requests of one scatter/gather element and no inline data.
     *
     * @param capacity how many requests it can hold, at least 1
     */
    public SendWorkRequests(int capacity) {
        this(capacity, 1, 0);
    }

    /**
     * A list.
     *
     * @param capacity how many requests it can hold, at least 1
     * @param maxElements how many scatter/gather elements each may have, at least 1
     * @param maxInlineBytes how many bytes of inline data each may have; 0 for none
     */
    public SendWorkRequests(int capacity, int maxElements, int maxInlineBytes) {
        if (capacity < 1 || maxElements < 1 || maxInlineBytes < 0) {
            throw new IllegalArgumentException("capacity=%d and maxElements=%d must be at least 1, maxInlineBytes=%d at least 0"
                    .formatted(capacity, maxElements, maxInlineBytes));
        }
        this.capacity = capacity;
        this.maxElements = maxElements;
        this.maxInlineBytes = maxInlineBytes;
        Arena arena = Arena.ofAuto();
        MemorySegment array = ibv_send_wr.allocateArray(capacity, arena);
        MemorySegment elementArray = ibv_sge.allocateArray((long) capacity * maxElements, arena);
        inlineData = arena.allocate(Math.max(1L, (long) capacity * maxInlineBytes));
        requests = new MemorySegment[capacity];
        elements = new MemorySegment[Math.multiplyExact(capacity, maxElements)];
        for (int i = 0; i < capacity; i++) {
            requests[i] = ibv_send_wr.asSlice(array, i);
            for (int k = 0; k < maxElements; k++) {
                elements[i * maxElements + k] = ibv_sge.asSlice(elementArray, (long) i * maxElements + k);
            }
            ibv_send_wr.sg_list(requests[i], elements[i * maxElements]);
        }
        localMemories = new RegisteredMemory[elements.length];
        localAddresses = new long[elements.length];
        localLengths = new int[elements.length];
        remoteMemories = new RegisteredMemory[capacity];
        remoteAddresses = new long[capacity];
        opcodes = new SendOpcode[capacity];
        wrIds = new long[capacity];
        flags = new int[capacity];
        elementCounts = new int[capacity];
    }

    /** Empties the list. */
    public void clear() {
        size = 0;
        mostElements = 0;
        mostInlineBytes = 0;
        movingKeys = false;
        disguised = false;
    }

    /**
     * How many requests the list has.
     *
     * @return 0 to {@link #capacity()}
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
     * Begins a send.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests send(long wrId) {
        return begin(SendOpcode.SEND, wrId);
    }

    /**
     * Begins a send with immediate data.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @param immediate 32 bits that the peer's completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests sendWithImmediate(long wrId, int immediate) {
        begin(SendOpcode.SEND_WITH_IMM, wrId);
        ibv_send_wr.imm_data(requests[size - 1], Integer.reverseBytes(immediate));
        return this;
    }

    /**
     * Begins a write to memory of the peer, which {@link #remote} names.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests write(long wrId) {
        return begin(SendOpcode.RDMA_WRITE, wrId);
    }

    /**
     * Begins a write to memory of the peer that also completes one of its receives.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @param immediate 32 bits that the peer's completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests writeWithImmediate(long wrId, int immediate) {
        begin(SendOpcode.RDMA_WRITE_WITH_IMM, wrId);
        ibv_send_wr.imm_data(requests[size - 1], Integer.reverseBytes(immediate));
        return this;
    }

    /**
     * Begins a read of memory of the peer, which {@link #remote} names.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests read(long wrId) {
        return begin(SendOpcode.RDMA_READ, wrId);
    }

    /**
     * Begins a compare-and-swap of eight bytes of the peer's memory, whose address must be a multiple of 8. The old value,
     * in this processor's byte order, goes to the eight bytes that {@link #local} names.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @param expected the value to compare with
     * @param desired the value to store if they are equal
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests compareAndSwap(long wrId, long expected, long desired) {
        begin(SendOpcode.ATOMIC_CMP_AND_SWP, wrId);
        requests[size - 1].set(LibIbverbs.C_LONG, ATOMIC_COMPARE_ADD, expected);
        requests[size - 1].set(LibIbverbs.C_LONG, ATOMIC_SWAP, desired);
        return this;
    }

    /**
     * Begins a fetch-and-add on eight bytes of the peer's memory, whose address must be a multiple of 8. The old value,
     * in this processor's byte order, goes to the eight bytes that {@link #local} names.
     *
     * @param wrId a number of the caller's, which the completion carries
     * @param addend what to add
     * @return this list, whose next calls describe the request
     * @throws IllegalStateException if the list is full
     */
    public SendWorkRequests fetchAndAdd(long wrId, long addend) {
        begin(SendOpcode.ATOMIC_FETCH_AND_ADD, wrId);
        requests[size - 1].set(LibIbverbs.C_LONG, ATOMIC_COMPARE_ADD, addend);
        return this;
    }

    /**
     * Adds a scatter/gather element to the request: memory that its data comes from, or goes to for a read or an atomic.
     * An element of zero length is left out, as some devices take it for 2^31 bytes.
     *
     * @param memory registered memory of the queue pair's protection domain
     * @param offset bytes from the start of the memory
     * @param lengthBytes bytes, 0 to 2^31
     * @return this list
     * @throws IndexOutOfBoundsException if the range is not within the memory
     * @throws IllegalArgumentException for more than 2^31 bytes, or other than eight for an atomic
     * @throws IllegalStateException if the request has its {@code maxElements}, has inline data, or has not begun, or if the memory
     *         is a registration that is closed
     */
    public SendWorkRequests local(RegisteredMemory memory, long offset, long lengthBytes) {
        int i = last();
        checkRange(memory, offset, lengthBytes);
        if (lengthBytes > MAX_MESSAGE_BYTES || opcode(i).isAtomic() && lengthBytes != ATOMIC_BYTES) {
            throw new IllegalArgumentException("opcode=%s, lengthBytes=%d: an atomic moves 8 bytes, anything else 0 to 2^31"
                    .formatted(opcode(i), lengthBytes));
        }
        if (lengthBytes == 0) {
            return this;
        }
        if (isInline(i)) {
            throw new IllegalStateException("request %d has inline data, which stands alone".formatted(i));
        }
        int key = memory.hasFixedKeys() ? memory.localKey() : 0; // before anything is changed, as it throws for a closed registration
        int count = addElement(i, memory.address() + offset, (int) lengthBytes);
        localMemories[i * maxElements + count] = memory;
        setLocalKey(i, count, key);
        movingKeys |= !memory.hasFixedKeys();
        return this;
    }

    /**
     * Makes the request's data inline: it is copied now, needs no registration, and its memory is free again at once.
     *
     * @param source memory of any kind, heap included
     * @param offset bytes from the start of the source
     * @param lengthBytes bytes, 0 to {@code maxInlineBytes}
     * @return this list
     * @throws IndexOutOfBoundsException if the range is not within the source
     * @throws IllegalArgumentException for more than {@code maxInlineBytes}, or an opcode that does not send data
     * @throws IllegalStateException if the request has elements already, or has not begun
     */
    public SendWorkRequests inline(MemorySegment source, long offset, long lengthBytes) {
        int i = last();
        if (lengthBytes > maxInlineBytes || !opcode(i).sendsData()) {
            throw new IllegalArgumentException("opcode=%s, lengthBytes=%d: only a send or write can be inline, of up to maxInlineBytes=%d"
                    .formatted(opcode(i), lengthBytes, maxInlineBytes));
        }
        if (elementCounts[i] != 0 || isInline(i)) {
            throw new IllegalStateException("request %d has its data already: inline data stands alone".formatted(i));
        }
        // Copied by Java, so that the provider's own copy reads memory of this list and no mapping that may have shrunk.
        MemorySegment.copy(source, offset, inlineData, (long) i * maxInlineBytes, lengthBytes);
        flag(i, INLINE);
        if (lengthBytes > 0) {
            int count = addElement(i, inlineData.address() + (long) i * maxInlineBytes, (int) lengthBytes);
            localMemories[i * maxElements + count] = null;
            setLocalKey(i, count, 0);
        }
        mostInlineBytes = Math.max(mostInlineBytes, (int) lengthBytes);
        return this;
    }

    /**
     * Names the peer's memory by address and R_Key.
     *
     * @param address the virtual address at the peer
     * @param remoteKey the R_Key of its registration
     * @return this list
     * @throws IllegalStateException if the request is a send, or has not begun
     */
    public SendWorkRequests remote(long address, int remoteKey) {
        int i = lastRemote();
        setRemoteAddress(i, address);
        setRemoteKey(i, remoteKey);
        remoteMemories[i] = null;
        return this;
    }

    /**
     * Names memory registered in this process as the peer's: for a queue pair that is connected to another of this process.
     *
     * @param memory the peer's memory
     * @param offset bytes from its start
     * @return this list
     * @throws IndexOutOfBoundsException if the offset is not within the memory
     * @throws IllegalStateException if the request is a send, or has not begun, or if the memory is a registration that is closed
     */
    public SendWorkRequests remote(RegisteredMemory memory, long offset) {
        int i = lastRemote();
        checkRange(memory, offset, 0);
        int key = memory.hasFixedKeys() ? memory.remoteKey() : 0; // before anything is changed
        setRemoteAddress(i, memory.address() + offset);
        setRemoteKey(i, key);
        remoteMemories[i] = memory;
        movingKeys |= !memory.hasFixedKeys();
        return this;
    }

    /**
     * Asks for a completion of the request. Without, only its failure is reported.
     *
     * @return this list
     */
    public SendWorkRequests signaled() {
        flag(last(), SIGNALED);
        return this;
    }

    /**
     * Makes the peer's completion a solicited event: one that wakes a peer which waits for solicited events only.
     *
     * @return this list
     */
    public SendWorkRequests solicited() {
        flag(last(), LibIbverbs.IBV_SEND_SOLICITED());
        return this;
    }

    /**
     * Lets the request begin only after all reads and atomics before it have completed.
     *
     * @return this list
     */
    public SendWorkRequests fenced() {
        flag(last(), LibIbverbs.IBV_SEND_FENCE());
        return this;
    }

    // What follows is for layers between the caller and the queue pair, which bind keys late and number requests their own way.

    /**
     * Appends a copy of a request of another list, inline data included.
     *
     * @param source the other list
     * @param index which request of it
     * @throws IllegalStateException if this list is full
     * @throws IllegalArgumentException if the request has more elements or inline data than this list can hold
     */
    public void append(SendWorkRequests source, int index) {
        MemorySegment from = source.request(index);
        int count = source.elementCounts[index];
        long inlineBytes = source.isInline(index) && count > 0 ? source.localLength(index, 0) : 0;
        if (count > maxElements || inlineBytes > maxInlineBytes) {
            throw new IllegalArgumentException("elements=%d, inlineBytes=%d: this list has maxElements=%d, maxInlineBytes=%d"
                    .formatted(count, inlineBytes, maxElements, maxInlineBytes));
        }
        beginLike(source, index, source.opcode(index));
        int i = size - 1;
        remoteAddresses[i] = source.remoteAddresses[index];
        ibv_send_wr.num_sge(requests[i], count);
        elementCounts[i] = count;
        for (int k = 0; k < count; k++) {
            MemorySegment.copy(source.element(index, k), 0, element(i, k), 0, ibv_sge.sizeof());
            int at = i * maxElements + k;
            localMemories[at] = source.localMemory(index, k);
            localAddresses[at] = source.localAddress(index, k);
            localLengths[at] = source.localLengths[index * source.maxElements + k];
        }
        if (inlineBytes > 0) {
            MemorySegment.copy(source.inlineData, (long) index * source.maxInlineBytes, inlineData, (long) i * maxInlineBytes, inlineBytes);
            localAddresses[i * maxElements] = inlineData.address() + (long) i * maxInlineBytes;
            ibv_sge.addr(element(i, 0), localAddresses[i * maxElements]);
            mostInlineBytes = Math.max(mostInlineBytes, (int) inlineBytes);
        }
        remoteMemories[i] = source.remoteMemories[index];
        mostElements = Math.max(mostElements, count);
        movingKeys |= source.movingKeys;
    }

    /**
     * Begins a request that is as one of another list, but for its memory and perhaps its opcode: number, flags, immediate data and
     * operands are copied, elements and the peer's memory are not. If that one's data is inline, the elements to be added must be its
     * elements.
     *
     * @param source the other list
     * @param index which request of it
     * @param opcode the opcode; what the other request has that it has no use for is ignored
     * @return this list, whose next calls say the memory
     * @throws IllegalStateException if this list is full
     */
    public SendWorkRequests beginLike(SendWorkRequests source, int index, SendOpcode opcode) {
        MemorySegment from = source.request(index);
        begin(opcode, source.wrIds[index]);
        MemorySegment to = requests[size - 1];
        flags[size - 1] = source.flags[index];
        ibv_send_wr.send_flags(to, flags[size - 1]);
        ibv_send_wr.imm_data(to, ibv_send_wr.imm_data(from));
        MemorySegment.copy(from, WR, to, WR, WR_BYTES);
        return this;
    }

    /**
     * Adds an element by address and key, unchecked but for the number of elements: the caller has the registration in hand.
     *
     * @param address the virtual address of its first byte
     * @param lengthBytes bytes, 1 to 2^31
     * @param localKey the L_Key of its registration
     * @return this list
     * @throws IllegalStateException if the request has its {@code maxElements}
     */
    public SendWorkRequests localAt(long address, long lengthBytes, int localKey) {
        int i = last();
        int count = addElement(i, address, (int) lengthBytes);
        localMemories[i * maxElements + count] = null;
        setLocalKey(i, count, localKey);
        return this;
    }

    /**
     * What a request does.
     *
     * @param index which request
     * @return its opcode
     */
    public SendOpcode opcode(int index) {
        return opcodes[checked(index)];
    }

    /**
     * The number of a request.
     *
     * @param index which request
     * @return the {@code wr_id} that it began with
     */
    public long wrId(int index) {
        return wrIds[checked(index)];
    }

    /**
     * Gives a request another number for the device, until the list is posted on a queue pair that gives it none; {@link #wrId} stays.
     *
     * @param index which request
     * @param wrId the {@code wr_id} that the completion of the device will carry
     */
    public void setDeviceWrId(int index, long wrId) {
        ibv_send_wr.wr_id(request(index), wrId);
        disguised = true;
    }

    /**
     * Whether a request asks for a completion.
     *
     * @param index which request
     * @return true after {@link #signaled()}
     */
    public boolean isSignaled(int index) {
        return (flags[checked(index)] & SIGNALED) != 0;
    }

    /**
     * Asks the device for a completion of a request, until the list is posted on a queue pair that does not; {@link #isSignaled} stays.
     *
     * @param index which request
     */
    public void setDeviceSignaled(int index) {
        ibv_send_wr.send_flags(request(index), flags[index] | SIGNALED);
        disguised = true;
    }

    /** Makes the device's numbers and flags the caller's again. Costs nothing if they are. */
    public void undisguise() {
        if (disguised) {
            for (int i = 0; i < size; i++) {
                ibv_send_wr.wr_id(requests[i], wrIds[i]);
                ibv_send_wr.send_flags(requests[i], flags[i]);
            }
            disguised = false;
        }
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
     * @return the memory; null for inline data
     */
    public RegisteredMemory localMemory(int index, int element) {
        return localMemories[index * maxElements + element];
    }

    /**
     * The virtual address of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the address of its first byte
     */
    public long localAddress(int index, int element) {
        return localAddresses[index * maxElements + element];
    }

    /**
     * The length of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return bytes, 1 to 2^31
     */
    public long localLength(int index, int element) {
        return Integer.toUnsignedLong(localLengths[index * maxElements + element]);
    }

    /**
     * The L_Key of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the key that was set last; zero for inline data
     */
    public int localKey(int index, int element) {
        return ibv_sge.lkey(element(index, element));
    }

    /**
     * Sets the L_Key of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @param localKey the key of its memory's registration
     */
    public void setLocalKey(int index, int element, int localKey) {
        ibv_sge.lkey(element(index, element), localKey);
    }

    /**
     * The peer's memory, where {@link #remote(RegisteredMemory, long)} named it.
     *
     * @param index which request
     * @return the memory, or null
     */
    public RegisteredMemory remoteMemory(int index) {
        return remoteMemories[checked(index)];
    }

    /**
     * The address at the peer.
     *
     * @param index which request; not a send
     * @return the virtual address
     */
    public long remoteAddress(int index) {
        return remoteAddresses[checked(index)];
    }

    /**
     * The R_Key of a request.
     *
     * @param index which request; not a send
     * @return the key that was set last
     */
    public int remoteKey(int index) {
        return request(index).get(LibIbverbs.C_INT, opcode(index).isAtomic() ? ATOMIC_REMOTE_KEY : REMOTE_KEY);
    }

    /**
     * How many bytes a request moves.
     *
     * @param index which request
     * @return the sum of its elements' lengths
     */
    public long byteLength(int index) {
        long total = 0;
        for (int k = 0; k < elementCount(index); k++) {
            total += localLength(index, k);
        }
        return total;
    }

    /**
     * Whether a request has inline data.
     *
     * @param index which request
     * @return true after {@link #inline}
     */
    public boolean hasInlineData(int index) {
        return isInline(index);
    }

    /**
     * Sets the R_Key of a request.
     *
     * @param index which request; not a send
     * @param remoteKey the key of the peer's registration
     */
    public void setRemoteKey(int index, int remoteKey) {
        requests[index].set(LibIbverbs.C_INT, opcode(index).isAtomic() ? ATOMIC_REMOTE_KEY : REMOTE_KEY, remoteKey);
    }

    /**
     * Whether a request of the list names memory whose keys are not fixed.
     *
     * @return true if the keys must be bound before the list is posted
     */
    public boolean hasMovingKeys() {
        return movingKeys;
    }

    /** Ends the list after so many requests, or joins it again to what follows. */
    void cutAfter(int count, boolean cut) {
        if (count < size) {
            ibv_send_wr.next(requests[count - 1], cut ? MemorySegment.NULL : requests[count]);
        }
    }

    /** Throws if the last request lacks something, or the list is too much for a queue pair. */
    void check(QueuePairCapabilities capabilities) {
        checkComplete();
        if (mostElements > capabilities.maxSendElements() || mostInlineBytes > capabilities.maxInlineBytes()) {
            throw new IllegalArgumentException("a request has %d elements, or %d bytes inline; the queue pair has max_send_sge=%d, max_inline_data=%d"
                    .formatted(mostElements, mostInlineBytes, capabilities.maxSendElements(), capabilities.maxInlineBytes()));
        }
    }

    MemorySegment request(int index) {
        return requests[checked(index)];
    }

    private int checked(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("request %d of a list of size=%d".formatted(index, size));
        }
        return index; // a negative one is refused by the array
    }

    /** Which request of the list is at an address that the provider gave back. */
    int indexOf(MemorySegment request) {
        return (int) ((request.address() - requests[0].address()) / ibv_send_wr.sizeof());
    }

    private MemorySegment element(int index, int element) {
        return elements[index * maxElements + element];
    }

    private SendWorkRequests begin(SendOpcode opcode, long wrId) {
        if (size == capacity) {
            throw new IllegalStateException("the list is full: capacity=%d; post and clear() it".formatted(capacity));
        }
        checkComplete();
        MemorySegment request = requests[size];
        ibv_send_wr.wr_id(request, wrId);
        ibv_send_wr.next(request, MemorySegment.NULL);
        ibv_send_wr.num_sge(request, 0);
        ibv_send_wr.opcode(request, opcode.code());
        ibv_send_wr.send_flags(request, 0);
        wrIds[size] = wrId;
        opcodes[size] = opcode;
        flags[size] = 0;
        elementCounts[size] = 0;
        remoteMemories[size] = null;
        if (opcode.isRemote()) {
            setRemoteAddress(size, UNNAMED);
        }
        if (size > 0) {
            ibv_send_wr.next(requests[size - 1], request);
        }
        size++;
        return this;
    }

    /** A remote address that no process has, in a request that needs one and has none yet. */
    private static final long UNNAMED = -1L;

    private void checkComplete() {
        if (size == 0) {
            return;
        }
        int i = size - 1;
        SendOpcode opcode = opcodes[i];
        if (opcode.isRemote() && remoteAddresses[i] == UNNAMED) {
            throw new IllegalStateException("request %d, %s, names no memory of the peer: call remote(...)".formatted(i, opcode));
        }
        if (opcode.isAtomic() && elementCounts[i] != 1) {
            throw new IllegalStateException("request %d, %s, needs one element of 8 bytes for the old value: call local(...)"
                    .formatted(i, opcode));
        }
    }

    private int addElement(int i, long address, int length) {
        int count = elementCounts[i];
        if (count == maxElements) {
            throw new IllegalStateException("request %d has %d elements: maxElements=%d".formatted(i, count, maxElements));
        }
        MemorySegment element = element(i, count);
        ibv_sge.addr(element, address);
        ibv_sge.length(element, length);
        ibv_send_wr.num_sge(requests[i], count + 1);
        localAddresses[i * maxElements + count] = address;
        localLengths[i * maxElements + count] = length;
        elementCounts[i] = count + 1;
        mostElements = Math.max(mostElements, count + 1);
        return count;
    }

    private void setRemoteAddress(int i, long address) {
        requests[i].set(LibIbverbs.C_LONG, REMOTE_ADDRESS, address);
        remoteAddresses[i] = address;
    }

    private boolean isInline(int i) {
        return (flags[i] & INLINE) != 0;
    }

    private void flag(int i, int flag) {
        flags[i] |= flag;
        ibv_send_wr.send_flags(requests[i], flags[i]);
    }

    private int last() {
        if (size == 0) {
            throw new IllegalStateException("no request has begun: call send, write, read or an atomic first");
        }
        return size - 1;
    }

    private int lastRemote() {
        int i = last();
        if (!opcode(i).isRemote()) {
            throw new IllegalStateException("request %d is a %s, which names no memory of the peer".formatted(i, opcode(i)));
        }
        return i;
    }

    private static void checkRange(RegisteredMemory memory, long offset, long lengthBytes) {
        if (offset < 0 || lengthBytes < 0 || offset > memory.byteSize() - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, memory));
        }
    }
}
