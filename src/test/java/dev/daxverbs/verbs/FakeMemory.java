package dev.daxverbs.verbs;

/** Memory that no device knows, to fill work requests with, or that gives a wrong key for real memory. */
record FakeMemory(long address, long byteSize, int localKey, int remoteKey, boolean hasFixedKeys) implements RegisteredMemory {
    FakeMemory(long address, long byteSize) {
        this(address, byteSize, 0x1111, 0x2222, true);
    }

    /** Another's memory with keys that are not its. */
    static FakeMemory withWrongKeys(RegisteredMemory memory) {
        return new FakeMemory(memory.address(), memory.byteSize(), memory.localKey() ^ 0x55, memory.remoteKey() ^ 0x55, true);
    }
}
