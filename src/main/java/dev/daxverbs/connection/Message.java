package dev.daxverbs.connection;

import dev.daxverbs.grant.AccessStatus;
import dev.daxverbs.region.Guard;
import dev.daxverbs.verbs.GidType;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.QueuePairAddress;

import java.nio.ByteBuffer;
import java.util.Set;

/** What the two sides of a connection say to each other: docs/protocol.md. Values are checked by {@link MessageDecoder}. */
sealed interface Message {
    MessageType type();

    /** A request of an emulated transfer, or a flush. */
    sealed interface Access extends Message {
        long sequence();

        int region();

        long offset();

        /** How many bytes of the region it names. */
        long lengthBytes();
    }

    /** The answer to an {@link Access}. */
    sealed interface Answer extends Message {
        long sequence();
    }

    /**
     * Where a side's queue pair is.
     *
     * @param gidType what kind of address it has
     * @param queuePair the address
     * @param mtu the largest packets that its port does now
     * @param reads how many reads and atomics it takes at once, 1 to 255
     */
    record Endpoint(GidType gidType, QueuePairAddress queuePair, Mtu mtu, int reads) {
    }

    /**
     * What a side lets the other do.
     *
     * @param windowRequests how many emulated requests may be without an answer, 1 to 65,535
     * @param windowBytes how many bytes they may have, at least {@link MessageType#MAX_DATA_BYTES}
     * @param regions how many regions may be open
     */
    record Limits(int windowRequests, int windowBytes, int regions) {
    }

    record Hello(int lowestVersion, int highestVersion, Endpoint endpoint, Limits limits, ByteBuffer token) implements Message {
        @Override
        public MessageType type() {
            return MessageType.HELLO;
        }
    }

    /** A HELLO of a side that does not know our version: what else it says is not looked at. */
    record UnknownHello(int lowestVersion, int highestVersion) implements Message {
        @Override
        public MessageType type() {
            return MessageType.HELLO;
        }
    }

    record OtherVersion(int lowestVersion, int highestVersion) implements Message {
        @Override
        public MessageType type() {
            return MessageType.OTHER_VERSION;
        }
    }

    /** The address and key of the landing. */
    record Ready(long address, int key, int lengthBytes) implements Message {
        @Override
        public MessageType type() {
            return MessageType.READY;
        }
    }

    record Close(CloseReason reason, String text) implements Message {
        @Override
        public MessageType type() {
            return MessageType.CLOSE;
        }
    }

    record Ping(long number) implements Message {
        @Override
        public MessageType type() {
            return MessageType.PING;
        }
    }

    record Pong(long number) implements Message {
        @Override
        public MessageType type() {
            return MessageType.PONG;
        }
    }

    record Open(int request, Set<Right> rights, String name) implements Message {
        @Override
        public MessageType type() {
            return MessageType.OPEN;
        }
    }

    /**
     * The permission to use a key, or that there is none now.
     *
     * @param epoch its number; without a permission, that of the last one, or 0
     * @param usableBytes how much of the region its file has
     * @param key the remote key, 0 without a permission
     * @param alignment what addresses must be a multiple of for the device, a power of two up to 4096; 0 without a permission
     * @param granted whether there is a permission
     * @param deviceAtomics whether the device may be let do atomics
     * @param guard what keeps the memory in place
     */
    record Grant(long epoch, long usableBytes, int key, int alignment, boolean granted, boolean deviceAtomics, Guard guard) {
    }

    record Region(int request, int region, Set<Right> rights, long address, long sizeBytes, Grant grant) implements Message {
        @Override
        public MessageType type() {
            return MessageType.REGION;
        }
    }

    record Refused(int request, Refusal why, String text) implements Message {
        @Override
        public MessageType type() {
            return MessageType.REFUSED;
        }
    }

    record Revoke(int region, long epoch) implements Message {
        @Override
        public MessageType type() {
            return MessageType.REVOKE;
        }
    }

    record Revoked(int region, long epoch) implements Message {
        @Override
        public MessageType type() {
            return MessageType.REVOKED;
        }
    }

    record Restore(int region, Grant grant) implements Message {
        @Override
        public MessageType type() {
            return MessageType.RESTORE;
        }
    }

    record Withdraw(int region) implements Message {
        @Override
        public MessageType type() {
            return MessageType.WITHDRAW;
        }
    }

    record Withdrawn(int region) implements Message {
        @Override
        public MessageType type() {
            return MessageType.WITHDRAWN;
        }
    }

    record Forget(int region) implements Message {
        @Override
        public MessageType type() {
            return MessageType.FORGET;
        }
    }

    /** The data is part of the reader's buffer, and ends with the next message. */
    record Write(long sequence, int region, long offset, ByteBuffer data) implements Access {
        @Override
        public MessageType type() {
            return MessageType.WRITE;
        }

        @Override
        public long lengthBytes() {
            return data.remaining();
        }
    }

    record Read(long sequence, int region, long offset, long lengthBytes) implements Access {
        @Override
        public MessageType type() {
            return MessageType.READ;
        }
    }

    record CompareAndSwap(long sequence, int region, long offset, long expected, long desired) implements Access {
        @Override
        public MessageType type() {
            return MessageType.COMPARE_AND_SWAP;
        }

        @Override
        public long lengthBytes() {
            return Long.BYTES;
        }
    }

    record FetchAndAdd(long sequence, int region, long offset, long addend) implements Access {
        @Override
        public MessageType type() {
            return MessageType.FETCH_AND_ADD;
        }

        @Override
        public long lengthBytes() {
            return Long.BYTES;
        }
    }

    record Flush(long sequence, int region, long offset, long lengthBytes) implements Access {
        @Override
        public MessageType type() {
            return MessageType.FLUSH;
        }
    }

    record Done(long sequence, AccessStatus status) implements Answer {
        @Override
        public MessageType type() {
            return MessageType.DONE;
        }
    }

    /** The data is part of the reader's buffer, and ends with the next message. */
    record Data(long sequence, ByteBuffer data) implements Answer {
        @Override
        public MessageType type() {
            return MessageType.DATA;
        }
    }

    record Value(long sequence, long before) implements Answer {
        @Override
        public MessageType type() {
            return MessageType.VALUE;
        }
    }
}
