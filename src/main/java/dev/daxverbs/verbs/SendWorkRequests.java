package dev.daxverbs.verbs;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.internal.RawMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

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
 * The native memory is allocated once; filling and posting allocate nothing. It is freed when the list is unreachable.
 *
 * <p>Thread use: one thread at a time. The list may be refilled as soon as it was posted. Source: ibv_post_send(3).
 */
public final class SendWorkRequests {
    /** The longest message of a reliable connection: 2^31 bytes (InfiniBand specification, 9.7.1). */
    static final long MAX_MESSAGE_BYTES = 1L << 31;

    private static final long ATOMIC_BYTES = 8;

    // Of struct ibv_send_wr.
    private static final long REQUEST_BYTES = ibv_send_wr.sizeof();
    private static final long WR_ID = ibv_send_wr.wr_id$offset();
    private static final long NEXT = ibv_send_wr.next$offset();
    private static final long SG_LIST = ibv_send_wr.sg_list$offset();
    private static final long NUM_SGE = ibv_send_wr.num_sge$offset();
    private static final long OPCODE = ibv_send_wr.opcode$offset();
    private static final long SEND_FLAGS = ibv_send_wr.send_flags$offset();
    private static final long IMM_DATA = ibv_send_wr.imm_data$offset();
    private static final long WR = ibv_send_wr.wr$offset();
    private static final long WR_BYTES = ibv_send_wr.wr$layout().byteSize();
    private static final long REMOTE_ADDRESS = WR + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.remote_addr$offset(); // as in wr.atomic
    private static final long REMOTE_KEY = WR + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.rkey$offset();
    private static final long ATOMIC_COMPARE_ADD = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.compare_add$offset();
    private static final long ATOMIC_SWAP = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.swap$offset();
    private static final long ATOMIC_REMOTE_KEY = WR + ibv_send_wr.wr.atomic$offset() + ibv_send_wr.wr.atomic.rkey$offset();

    // Of struct ibv_sge.
    private static final long ELEMENT_BYTES = ibv_sge.sizeof();
    private static final long ADDRESS = ibv_sge.addr$offset();
    private static final long LENGTH = ibv_sge.length$offset();
    private static final long LOCAL_KEY = ibv_sge.lkey$offset();

    /*
     * What is known of a request, in one word:
     *
     *  31 .... 24   23 .. 16   15 ......................................... 0
     *  properties   opcode     send_flags, as the user wants them
     */
    private static final int SIGNALED = LibIbverbs.IBV_SEND_SIGNALED();
    private static final int INLINE = LibIbverbs.IBV_SEND_INLINE();
    private static final int FLAGS = 0xffff;
    private static final int OPCODE_SHIFT = 16;
    private static final int OPCODE_MASK = 0xff;
    private static final int ATOMIC = 1 << 24;
    private static final int REMOTE = 1 << 25; // it names memory of the peer ...
    private static final int LACKS_REMOTE = 1 << 26; // ... and has not done so yet
    private static final int NOT_ONE_ELEMENT = 1 << 27; // an atomic that has none or several to put the old value in
    private static final int NAMED = 1 << 28; // remoteMemories has the memory
    private static final int MOVING = 1 << 29; // it names memory whose keys are not fixed
    private static final int KNOWN_REMOTE = 1 << 30; // the peer's memory is knownRemote; whether it is long enough is to be seen
    private static final int[] FIRST_WORDS = firstWords();

    private final int capacity;
    private final int maxElements;
    private final int maxInlineBytes;
    private final MemorySegment memory; // of the requests, in one array, so that a list can be posted from any of them
    private final MemorySegment elementMemory; // of request i: from i * maxElements
    private final MemorySegment inlineData;
    private final long requestsAddress;
    private final long elementsAddress;
    private final RegisteredMemory[] localMemories; // as the elements; null for inline data
    private final RegisteredMemory[] remoteMemories; // where NAMED says so
    private final long[] wrIds;
    private final int[] words;
    private final int[] elementCounts;
    private boolean disguised; // the device's numbers and flags are not those of the caller
    private int size;
    private int end; // the native list ends behind so many requests; in it, each request leads to the next
    private int mostElements; // of one request in the list: what a queue pair must be able to take
    private int mostInlineBytes;
    private boolean movingKeys; // a request is MOVING

    // Keys that were bound, so that a list which is filled with the same memory again need not be bound again: see bound().
    private boolean unbound; // a request is MOVING, and has not got its keys
    private Object binder;
    private long stamp; // the binder's
    private RegisteredMemory knownLocal; // null: none is known
    private RegisteredMemory knownRemote;
    private int knownLocalKey;
    private int knownRemoteKey;
    private long knownLocalBytes;
    private long knownRemoteBytes;
    private long knownRemoteOffset; // of the last request, if it is KNOWN_REMOTE
    private long lastBytes; // which the last request moves

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
        int elements = Math.multiplyExact(capacity, maxElements);
        memory = ibv_send_wr.allocateArray(capacity, arena);
        elementMemory = ibv_sge.allocateArray(elements, arena);
        inlineData = arena.allocate(Math.max(1L, (long) capacity * maxInlineBytes));
        requestsAddress = memory.address();
        elementsAddress = elementMemory.address();
        for (int i = 0; i < capacity; i++) {
            RawMemory.putLong(at(i) + SG_LIST, elementAt(i, 0));
            RawMemory.putLong(at(i) + NEXT, i + 1 < capacity ? at(i + 1) : 0);
        }
        end = capacity;
        localMemories = new RegisteredMemory[elements];
        remoteMemories = new RegisteredMemory[capacity];
        wrIds = new long[capacity];
        words = new int[capacity];
        elementCounts = new int[capacity];
    }

    /** The word of a request that has just begun, by opcode. */
    private static int[] firstWords() {
        int[] first = new int[SendOpcode.values().length];
        for (SendOpcode opcode : SendOpcode.values()) {
            first[opcode.ordinal()] = opcode.code() << OPCODE_SHIFT | (opcode.isRemote() ? REMOTE | LACKS_REMOTE : 0)
                    | (opcode.isAtomic() ? ATOMIC | NOT_ONE_ELEMENT : 0);
        }
        return first;
    }

    /** Empties the list. */
    public void clear() {
        size = 0;
        mostElements = 0;
        mostInlineBytes = 0;
        movingKeys = false;
        unbound = false;
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
        putInt(size - 1, IMM_DATA, Integer.reverseBytes(immediate));
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
        putInt(size - 1, IMM_DATA, Integer.reverseBytes(immediate));
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
        putLong(size - 1, ATOMIC_COMPARE_ADD, expected);
        putLong(size - 1, ATOMIC_SWAP, desired);
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
        putLong(size - 1, ATOMIC_COMPARE_ADD, addend);
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
        int word = words[i];
        if (lengthBytes > MAX_MESSAGE_BYTES || (word & ATOMIC) != 0 && lengthBytes != ATOMIC_BYTES) {
            throw new IllegalArgumentException("opcode=%s, lengthBytes=%d: an atomic moves 8 bytes, anything else 0 to 2^31"
                    .formatted(opcode(i), lengthBytes));
        }
        if (lengthBytes == 0) {
            return this;
        }
        if ((word & INLINE) != 0) {
            throw new IllegalStateException("request %d has inline data, which stands alone".formatted(i));
        }
        boolean known = memory == knownLocal && offset + lengthBytes <= knownLocalBytes;
        boolean moving = known || !memory.hasFixedKeys();
        int key = known ? knownLocalKey : moving ? 0 : memory.localKey(); // before anything is changed, as it throws for a closed registration
        addElement(i, memory, memory.address() + offset, (int) lengthBytes, key);
        if (moving) {
            moves(i, known);
        }
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
            addElement(i, null, inlineData.address() + (long) i * maxInlineBytes, (int) lengthBytes, 0);
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
        nameRemote(i, address, remoteKey);
        words[i] &= ~(NAMED | KNOWN_REMOTE);
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
        boolean known = memory == knownRemote && (words[i] & ATOMIC) == 0; // whether the device may do atomics now, binding has to see
        boolean moving = known || !memory.hasFixedKeys();
        int key = known ? knownRemoteKey : moving ? 0 : memory.remoteKey(); // before anything is changed
        nameRemote(i, memory.address() + offset, key);
        words[i] = words[i] & ~KNOWN_REMOTE | (known ? NAMED | KNOWN_REMOTE : NAMED);
        knownRemoteOffset = offset;
        keep(remoteMemories, i, memory);
        if (moving) {
            moves(i, known);
        }
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
        int count = source.elementCount(index);
        long inlineBytes = source.isInline(index) && count > 0 ? source.localLength(index, 0) : 0;
        if (count > maxElements || inlineBytes > maxInlineBytes) {
            throw new IllegalArgumentException("elements=%d, inlineBytes=%d: this list has maxElements=%d, maxInlineBytes=%d"
                    .formatted(count, inlineBytes, maxElements, maxInlineBytes));
        }
        beginLike(source, index, source.opcode(index));
        int i = size - 1;
        for (int k = 0; k < count; k++) {
            addElement(i, source.localMemory(index, k), source.localAddress(index, k), (int) source.localLength(index, k),
                    source.localKey(index, k));
        }
        if (inlineBytes > 0) {
            MemorySegment.copy(source.inlineData, (long) index * source.maxInlineBytes, inlineData, (long) i * maxInlineBytes, inlineBytes);
            putElementLong(i, 0, ADDRESS, inlineData.address() + (long) i * maxInlineBytes);
            mostInlineBytes = Math.max(mostInlineBytes, (int) inlineBytes);
        }
        words[i] = source.words[index];
        keep(remoteMemories, i, source.remoteMemory(index));
        if ((words[i] & MOVING) != 0) {
            moves(i, false);
        }
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
        begin(opcode, source.wrId(index));
        int i = size - 1;
        flag(i, source.words[index] & FLAGS);
        putInt(i, IMM_DATA, source.getInt(index, IMM_DATA));
        RawMemory.copy(source.at(index) + WR, at(i) + WR, WR_BYTES);
        Reference.reachabilityFence(source);
        Reference.reachabilityFence(this);
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
        addElement(last(), null, address, (int) lengthBytes, localKey);
        return this;
    }

    /**
     * What a request does.
     *
     * @param index which request
     * @return its opcode
     */
    public SendOpcode opcode(int index) {
        return SendOpcode.of(words[checked(index)] >>> OPCODE_SHIFT & OPCODE_MASK);
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
        putLong(checked(index), WR_ID, wrId);
        disguised = true;
    }

    /**
     * Whether a request asks for a completion.
     *
     * @param index which request
     * @return true after {@link #signaled()}
     */
    public boolean isSignaled(int index) {
        return (words[checked(index)] & SIGNALED) != 0;
    }

    /**
     * Asks the device for a completion of a request, until the list is posted on a queue pair that does not; {@link #isSignaled} stays.
     *
     * @param index which request
     */
    public void setDeviceSignaled(int index) {
        putInt(checked(index), SEND_FLAGS, words[index] & FLAGS | SIGNALED);
        disguised = true;
    }

    /** Makes the device's numbers and flags the caller's again. Costs nothing if they are. */
    public void undisguise() {
        if (disguised) {
            for (int i = 0; i < size; i++) {
                putLong(i, WR_ID, wrIds[i]);
                putInt(i, SEND_FLAGS, words[i] & FLAGS);
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
        return localMemories[elementIndex(index, element)];
    }

    /**
     * The virtual address of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the address of its first byte
     */
    public long localAddress(int index, int element) {
        return getElementLong(index, element, ADDRESS);
    }

    /**
     * The length of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return bytes, 1 to 2^31
     */
    public long localLength(int index, int element) {
        return Integer.toUnsignedLong(getElementInt(index, element, LENGTH));
    }

    /**
     * The L_Key of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @return the key that was set last; zero for inline data
     */
    public int localKey(int index, int element) {
        return getElementInt(index, element, LOCAL_KEY);
    }

    /**
     * Sets the L_Key of an element.
     *
     * @param index which request
     * @param element which of its elements
     * @param localKey the key of its memory's registration
     */
    public void setLocalKey(int index, int element, int localKey) {
        putElementInt(index, element, LOCAL_KEY, localKey);
    }

    /**
     * The peer's memory, where {@link #remote(RegisteredMemory, long)} named it.
     *
     * @param index which request
     * @return the memory, or null
     */
    public RegisteredMemory remoteMemory(int index) {
        return (words[checked(index)] & NAMED) != 0 ? remoteMemories[index] : null;
    }

    /**
     * The address at the peer.
     *
     * @param index which request; not a send
     * @return the virtual address
     */
    public long remoteAddress(int index) {
        return getLong(checked(index), REMOTE_ADDRESS);
    }

    /**
     * The R_Key of a request.
     *
     * @param index which request; not a send
     * @return the key that was set last
     */
    public int remoteKey(int index) {
        return getInt(checked(index), (words[index] & ATOMIC) != 0 ? ATOMIC_REMOTE_KEY : REMOTE_KEY);
    }

    /**
     * The operand of an atomic.
     *
     * @param index which request; an atomic
     * @return what to compare with, or to add
     */
    public long compareAdd(int index) {
        return getLong(checked(index), ATOMIC_COMPARE_ADD);
    }

    /**
     * The second operand of a compare-and-swap.
     *
     * @param index which request; a compare-and-swap
     * @return what to store
     */
    public long swap(int index) {
        return getLong(checked(index), ATOMIC_SWAP);
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
        putInt(checked(index), (words[index] & ATOMIC) != 0 ? ATOMIC_REMOTE_KEY : REMOTE_KEY, remoteKey);
    }

    /**
     * Whether a request of the list names memory whose keys are not fixed.
     *
     * @return true if the keys must be bound before the list is posted
     */
    public boolean hasMovingKeys() {
        return movingKeys;
    }

    /**
     * Whether a request names memory whose keys are not fixed.
     *
     * @param index which request
     * @return true if one of its keys is one that was bound, or must be bound before it is posted
     */
    public boolean hasMovingKeys(int index) {
        return (words[checked(index)] & MOVING) != 0;
    }

    /**
     * Whether the list has all its keys: from the last {@link #bound}, or from what that told, if it has been filled anew since.
     *
     * @param binder who says how long keys are valid
     * @param stamp the binder's
     * @return true if the same binder with the same stamp has bound it
     */
    public boolean isBound(Object binder, long stamp) {
        return !unbound && this.stamp == stamp && this.binder == binder;
    }

    /**
     * Notes that all memory of the list has got its keys, which are valid for as long as the binder has this stamp. What was known
     * of before is forgotten.
     *
     * @param binder who says how long keys are valid
     * @param stamp the binder's; it changes before a key ends
     */
    public void bound(Object binder, long stamp) {
        if (this.binder != binder) {
            this.binder = binder;
        }
        this.stamp = stamp;
        unbound = false;
        knownLocal = null;
        knownRemote = null;
    }

    /**
     * Tells the key of memory that the list is likely to be filled with again; after {@link #bound}, and valid for as long.
     *
     * @param memory memory whose keys are not fixed
     * @param localKey its L_Key
     * @param bytes how many bytes of it may be named with this key, from its start
     */
    public void knowLocal(RegisteredMemory memory, int localKey, long bytes) {
        knownLocal = memory;
        knownLocalKey = localKey;
        knownLocalBytes = bytes;
    }

    /**
     * Tells the key of the peer's memory that the list is likely to be filled with again; after {@link #bound}, and valid for as long.
     *
     * @param memory memory whose keys are not fixed
     * @param remoteKey its R_Key
     * @param bytes how many bytes of it may be named with this key, from its start
     */
    public void knowRemote(RegisteredMemory memory, int remoteKey, long bytes) {
        knownRemote = memory;
        knownRemoteKey = remoteKey;
        knownRemoteBytes = bytes;
    }

    /** Makes the native list end behind so many requests, at least one. Costs nothing where the list before was as long. */
    void endAfter(int count) {
        if (count != end) {
            if (end < capacity) {
                putLong(end - 1, NEXT, at(end));
            }
            putLong(count - 1, NEXT, 0);
            end = count;
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

    /** Where a request lies, as a {@code struct ibv_send_wr}; whoever hands it on keeps the list reachable. */
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

    private SendWorkRequests begin(SendOpcode opcode, long wrId) {
        int i = size;
        if (i == capacity) {
            throw new IllegalStateException("the list is full: capacity=%d; post and clear() it".formatted(capacity));
        }
        checkComplete();
        putLong(i, WR_ID, wrId);
        putInt(i, NUM_SGE, 0);
        putInt(i, OPCODE, opcode.code());
        putInt(i, SEND_FLAGS, 0);
        wrIds[i] = wrId;
        words[i] = FIRST_WORDS[opcode.ordinal()];
        elementCounts[i] = 0;
        lastBytes = 0;
        size = i + 1;
        return this;
    }

    private void checkComplete() {
        int i = size - 1;
        if (i >= 0 && (words[i] & (LACKS_REMOTE | NOT_ONE_ELEMENT | KNOWN_REMOTE)) != 0) {
            if ((words[i] & (LACKS_REMOTE | NOT_ONE_ELEMENT)) != 0) {
                throw incomplete(i);
            }
            if (knownRemoteOffset > knownRemoteBytes - lastBytes) {
                unbound = true; // who binds it will say why it cannot be
            }
        }
    }

    /** A request names memory whose keys are not fixed. */
    private void moves(int i, boolean bound) {
        words[i] |= MOVING;
        movingKeys = true;
        if (!bound) {
            unbound = true;
        }
    }

    private IllegalStateException incomplete(int i) {
        return new IllegalStateException((words[i] & LACKS_REMOTE) != 0
                ? "request %d, %s, names no memory of the peer: call remote(...)".formatted(i, opcode(i))
                : "request %d, %s, needs one element of 8 bytes for the old value: call local(...)".formatted(i, opcode(i)));
    }

    private void addElement(int i, RegisteredMemory memory, long address, int length, int localKey) {
        int count = elementCounts[i];
        if (count >= maxElements) {
            throw new IllegalStateException("request %d has %d elements: maxElements=%d".formatted(i, count, maxElements));
        }
        int at = i * maxElements + count;
        keep(localMemories, at, memory);
        long element = elementsAddress + at * ELEMENT_BYTES;
        RawMemory.putLong(element + ADDRESS, address);
        RawMemory.putInt(element + LENGTH, length);
        RawMemory.putInt(element + LOCAL_KEY, localKey);
        putInt(i, NUM_SGE, count + 1);
        elementCounts[i] = count + 1;
        lastBytes += Integer.toUnsignedLong(length);
        if ((words[i] & ATOMIC) != 0) {
            words[i] = count == 0 ? words[i] & ~NOT_ONE_ELEMENT : words[i] | NOT_ONE_ELEMENT;
        }
        if (count >= mostElements) {
            mostElements = count + 1;
        }
    }

    /** A list is mostly filled with the same memory again: a look is cheaper than what a collector does about a reference that is stored. */
    private static void keep(RegisteredMemory[] memories, int at, RegisteredMemory memory) {
        if (memories[at] != memory) {
            memories[at] = memory;
        }
    }

    private void nameRemote(int i, long address, int remoteKey) {
        putLong(i, REMOTE_ADDRESS, address);
        putInt(i, (words[i] & ATOMIC) != 0 ? ATOMIC_REMOTE_KEY : REMOTE_KEY, remoteKey);
        words[i] &= ~LACKS_REMOTE;
    }

    private boolean isInline(int i) {
        return (words[i] & INLINE) != 0;
    }

    private void flag(int i, int flag) {
        words[i] |= flag;
        putInt(i, SEND_FLAGS, words[i] & FLAGS);
    }

    private int last() {
        if (size == 0) {
            throw new IllegalStateException("no request has begun: call send, write, read or an atomic first");
        }
        return size - 1;
    }

    private int lastRemote() {
        int i = last();
        if ((words[i] & REMOTE) == 0) {
            throw new IllegalStateException("request %d is a %s, which names no memory of the peer".formatted(i, opcode(i)));
        }
        return i;
    }

    private static void checkRange(RegisteredMemory memory, long offset, long lengthBytes) {
        if (offset < 0 || lengthBytes < 0 || offset > memory.byteSize() - lengthBytes) {
            throw new IndexOutOfBoundsException("offset=%d, lengthBytes=%d: not within %s".formatted(offset, lengthBytes, memory));
        }
    }

    // The native memory. Indexes are within the capacities: they have been compared with the size, or with the number of elements.

    private long at(int index) {
        return requestsAddress + index * REQUEST_BYTES;
    }

    private long elementAt(int index, int element) {
        return elementsAddress + (index * maxElements + element) * ELEMENT_BYTES;
    }

    private long getLong(int index, long offset) {
        long value = RawMemory.getLong(at(index) + offset);
        Reference.reachabilityFence(this);
        return value;
    }

    private int getInt(int index, long offset) {
        int value = RawMemory.getInt(at(index) + offset);
        Reference.reachabilityFence(this);
        return value;
    }

    private void putLong(int index, long offset, long value) {
        RawMemory.putLong(at(index) + offset, value);
        Reference.reachabilityFence(this);
    }

    private void putInt(int index, long offset, int value) {
        RawMemory.putInt(at(index) + offset, value);
        Reference.reachabilityFence(this);
    }

    private long getElementLong(int index, int element, long offset) {
        long value = RawMemory.getLong(elementsAddress + elementIndex(index, element) * ELEMENT_BYTES + offset);
        Reference.reachabilityFence(this);
        return value;
    }

    private int getElementInt(int index, int element, long offset) {
        int value = RawMemory.getInt(elementsAddress + elementIndex(index, element) * ELEMENT_BYTES + offset);
        Reference.reachabilityFence(this);
        return value;
    }

    private void putElementLong(int index, int element, long offset, long value) {
        RawMemory.putLong(elementsAddress + elementIndex(index, element) * ELEMENT_BYTES + offset, value);
        Reference.reachabilityFence(this);
    }

    private void putElementInt(int index, int element, long offset, int value) {
        RawMemory.putInt(elementsAddress + elementIndex(index, element) * ELEMENT_BYTES + offset, value);
        Reference.reachabilityFence(this);
    }
}
