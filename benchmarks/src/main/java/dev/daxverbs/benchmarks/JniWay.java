package dev.daxverbs.benchmarks;

import dev.daxverbs.bindings.ibverbs.LibIbverbs;
import dev.daxverbs.bindings.ibverbs.ibv_send_wr;
import dev.daxverbs.bindings.ibverbs.ibv_sge;
import dev.daxverbs.bindings.ibverbs.ibv_wc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * In the manner of the JNI verbs libraries: the requests lie prepared in native memory, which Java sees as direct byte buffers; one native
 * method posts, another polls. It has none of those libraries' objects and checks, which would make it slower.
 */
final class JniWay extends PostWay {
    private static final int REQUEST_BYTES = (int) ibv_send_wr.sizeof();
    private static final int WR_ID = (int) ibv_send_wr.wr_id$offset();
    private static final int NUM_SGE = (int) ibv_send_wr.num_sge$offset();
    private static final int OPCODE = (int) ibv_send_wr.opcode$offset();
    private static final int SEND_FLAGS = (int) ibv_send_wr.send_flags$offset();
    private static final int REMOTE_ADDRESS =
            (int) (ibv_send_wr.wr$offset() + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.remote_addr$offset());
    private static final int REMOTE_KEY =
            (int) (ibv_send_wr.wr$offset() + ibv_send_wr.wr.rdma$offset() + ibv_send_wr.wr.rdma.rkey$offset());
    private static final int ELEMENT_BYTES = (int) ibv_sge.sizeof();
    private static final int ADDRESS = (int) ibv_sge.addr$offset();
    private static final int LENGTH = (int) ibv_sge.length$offset();
    private static final int LOCAL_KEY = (int) ibv_sge.lkey$offset();
    private static final int COMPLETION_BYTES = (int) ibv_wc.sizeof();
    private static final int COMPLETED_ID = (int) ibv_wc.wr_id$offset();
    private static final int STATUS = (int) ibv_wc.status$offset();

    static {
        String include = System.getProperty("java.home") + "/include";
        try {
            NativeLibrary.load("post-jni.c", "libpost-jni.so", file -> System.load(file.toString()), "-I" + include,
                    "-I" + include + "/linux");
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PostShape shape;
    private final int flags;
    private final long address;
    private final long queuePair;
    private final long completionQueue;
    private final long requestsAddress;
    private final long completionsAddress;
    private final ByteBuffer requests;
    private final ByteBuffer elements;
    private final ByteBuffer completions;

    JniWay(PostShape shape) {
        PreparedRequests prepared = new PreparedRequests(shape);
        this.shape = shape;
        flags = prepared.flags;
        address = prepared.address;
        queuePair = prepared.queuePair.address();
        completionQueue = prepared.completionQueue.address();
        requestsAddress = prepared.requests.address();
        completionsAddress = prepared.completions.address();
        requests = prepared.requests.asByteBuffer().order(ByteOrder.nativeOrder());
        elements = prepared.elements.asByteBuffer().order(ByteOrder.nativeOrder());
        completions = prepared.completions.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    private static native int postSend(long queuePair, long requests);

    private static native int pollCq(long completionQueue, int entries, long completions);

    @Override
    void fill(long wrId) {
        int count = shape.requests();
        int gathered = shape.elements();
        int bytes = shape.bytes();
        for (int i = 0; i < count; i++) {
            int request = i * REQUEST_BYTES;
            requests.putLong(request + WR_ID, wrId + i);
            requests.putInt(request + NUM_SGE, gathered);
            requests.putInt(request + OPCODE, LibIbverbs.IBV_WR_RDMA_WRITE());
            requests.putInt(request + SEND_FLAGS, flags);
            requests.putLong(request + REMOTE_ADDRESS, address);
            requests.putInt(request + REMOTE_KEY, 1);
            for (int k = 0; k < gathered; k++) {
                int element = (i * gathered + k) * ELEMENT_BYTES;
                elements.putLong(element + ADDRESS, address + (long) k * bytes);
                elements.putInt(element + LENGTH, bytes);
                elements.putInt(element + LOCAL_KEY, 1);
            }
        }
    }

    @Override
    long postAndPoll() {
        int count = shape.requests();
        if (postSend(queuePair, requestsAddress) != 0 || pollCq(completionQueue, count, completionsAddress) != count) {
            throw incomplete();
        }
        long sum = 0;
        for (int i = 0; i < count; i++) {
            if (completions.getInt(i * COMPLETION_BYTES + STATUS) != LibIbverbs.IBV_WC_SUCCESS()) {
                throw incomplete();
            }
            sum += completions.getLong(i * COMPLETION_BYTES + COMPLETED_ID);
        }
        return sum;
    }
}
