package dev.daxverbs.benchmarks;

import org.openucx.jucx.UcxCallback;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.UcxUtils;
import org.openucx.jucx.ucp.UcpContext;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpEndpointParams;
import org.openucx.jucx.ucp.UcpMemory;
import org.openucx.jucx.ucp.UcpParams;
import org.openucx.jucx.ucp.UcpRemoteKey;
import org.openucx.jucx.ucp.UcpRequest;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucp.UcpWorkerParams;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The transfers of {@link RxeTransfers} by UCX's Java binding: a program of its own, as UCX takes over signals and memory functions of its
 * process. {@link Jucx} starts it, and says with UCX's environment variables which device and transport it is to take.
 *
 * <p>Says {@code ready}; then, for each line {@code latency|rate write|read|send BYTES TIMES} of standard input, the figure: latency in
 * microseconds, as perftest has it, or transfers a second with 32 under way. A write is a put, of which the peer looks at the last byte, a read a
 * get, a send a tagged send. Where a message is copied and where it is not is UCX's choice.
 */
public final class JucxTransfers {
    private static final int DEPTH = 32;
    private static final int RECEIVES = 128;
    private static final int HALF = 1 << 20; // the longest transfer
    private static final long ANY_TAG = 0;
    private static final UcxCallback FAIL = new UcxCallback() {
        @Override
        public void onError(int status, String message) {
            throw new UcxException(message, status);
        }
    };
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

    private JucxTransfers() {
    }

    /** One of two workers, used by one thread at a time, which changes: UCX wants to be told. The front half of its memory is what it sends, the other what it gets. */
    private static final class Side {
        private final UcpContext context = new UcpContext(new UcpParams().requestRmaFeature().requestTagFeature());
        private final UcpWorker worker = context.newWorker(new UcpWorkerParams().requestThreadSafety());
        private final ByteBuffer memory = ByteBuffer.allocateDirect(2 * HALF);
        private final MemorySegment segment = MemorySegment.ofBuffer(memory);
        private final UcpMemory registered = context.registerMemory(memory);
        private final long address = UcxUtils.getAddress(memory);
        private UcpEndpoint peer;
        private UcpRemoteKey peerKey;
        private long peerAddress;

        void connect(Side other) {
            peer = worker.newEndpoint(new UcpEndpointParams().setUcpAddress(other.worker.getAddress()));
            peerKey = peer.unpackRemoteKey(other.registered.getRemoteKeyBuffer());
            peerAddress = other.address;
        }

        UcpRequest put(int bytes) {
            return peer.putNonBlocking(address, bytes, peerAddress + HALF, peerKey, FAIL);
        }

        UcpRequest get(int bytes) {
            return peer.getNonBlocking(peerAddress, peerKey, address + HALF, bytes, FAIL);
        }

        UcpRequest send(int bytes) {
            return peer.sendTaggedNonBlocking(address, bytes, ANY_TAG, FAIL);
        }

        UcpRequest receive(int bytes) {
            return worker.recvTaggedNonBlocking(address + HALF, bytes, ANY_TAG, 0, FAIL);
        }

        void await(UcpRequest request) throws Exception {
            while (!request.isCompleted()) {
                worker.progress();
            }
        }

        void mark(int bytes, int i) {
            BYTE.setOpaque(segment, bytes - 1L, (byte) (i & 0x7f));
        }

        void awaitMark(int bytes, int i) throws Exception {
            while ((byte) BYTE.getVolatile(segment, HALF + bytes - 1L) != (byte) (i & 0x7f)) {
                worker.progress();
            }
        }

        void forgetMark(int bytes) {
            BYTE.setVolatile(segment, HALF + bytes - 1L, (byte) -1);
        }
    }

    /** What one of two threads does in turn. */
    @FunctionalInterface
    private interface Turn {
        void take(int i) throws Exception;
    }

    /**
     * Measures what it is told to.
     *
     * @param arguments none
     * @throws Exception if UCX cannot, or says no
     */
    public static void main(String... arguments) throws Exception {
        Side one = new Side();
        Side other = new Side();
        one.connect(other);
        other.connect(one);
        latency(one, other, "write", Long.BYTES, 1); // what cannot work fails now
        System.out.println("ready");
        BufferedReader told = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = told.readLine(); line != null; line = told.readLine()) {
            String[] words = line.split(" ");
            int bytes = Integer.parseInt(words[2]);
            int times = Integer.parseInt(words[3]);
            System.out.println(words[0].equals("latency") ? latency(one, other, words[1], bytes, times) : rate(one, other, words[1], bytes, times));
        }
        Runtime.getRuntime().halt(0); // nothing to be closed in order
    }

    private static double latency(Side one, Side other, String operation, int bytes, int times) throws Exception {
        List<Double> took = new ArrayList<>();
        switch (operation) {
            case "write" -> {
                one.forgetMark(bytes);
                other.forgetMark(bytes);
                beside(() -> pingPongByPut(other, bytes, times, false, new ArrayList<>()), () -> pingPongByPut(one, bytes, times, true, took));
            }
            case "send" -> beside(() -> pingPongBySend(other, bytes, times, false, new ArrayList<>()),
                    () -> pingPongBySend(one, bytes, times, true, took));
            default -> {
                for (int i = 0; i < times; i++) {
                    long beganNs = System.nanoTime();
                    one.await(one.get(bytes));
                    took.add((System.nanoTime() - beganNs) / 1e3);
                }
            }
        }
        return Pairs.median(took) / (operation.equals("read") ? 1 : 2);
    }

    private static void pingPongByPut(Side side, int bytes, int times, boolean begins, List<Double> took) throws Exception {
        for (int i = 0; i < times; i++) {
            long beganNs = System.nanoTime();
            if (!begins) {
                side.awaitMark(bytes, i);
            }
            side.mark(bytes, i);
            side.await(side.put(bytes));
            if (begins) {
                side.awaitMark(bytes, i);
            }
            took.add((System.nanoTime() - beganNs) / 1e3);
        }
        side.await(side.peer.flushNonBlocking(FAIL));
    }

    private static void pingPongBySend(Side side, int bytes, int times, boolean begins, List<Double> took) throws Exception {
        UcpRequest next = side.receive(bytes);
        for (int i = 0; i < times; i++) {
            long beganNs = System.nanoTime();
            if (!begins) {
                side.await(next);
                next = i + 1 < times ? side.receive(bytes) : null;
            }
            UcpRequest sent = side.send(bytes);
            if (begins) {
                side.await(next);
                next = i + 1 < times ? side.receive(bytes) : null;
            }
            side.await(sent);
            took.add((System.nanoTime() - beganNs) / 1e3);
        }
        side.await(side.peer.flushNonBlocking(FAIL));
    }

    private static double rate(Side one, Side other, String operation, int bytes, int times) throws Exception {
        long[] tookNs = new long[1];
        Turn sending = ignored -> {
            long beganNs = System.nanoTime();
            UcpRequest[] underWay = new UcpRequest[DEPTH];
            for (int i = 0; i < times; i++) {
                if (underWay[i % DEPTH] != null) {
                    one.await(underWay[i % DEPTH]);
                }
                underWay[i % DEPTH] = switch (operation) {
                    case "write" -> one.put(bytes);
                    case "send" -> one.send(bytes);
                    default -> one.get(bytes);
                };
            }
            for (UcpRequest request : underWay) {
                if (request != null) {
                    one.await(request);
                }
            }
            one.await(one.peer.flushNonBlocking(FAIL)); // what was copied first has completed before it was sent
            tookNs[0] = System.nanoTime() - beganNs;
        };
        if (operation.equals("send")) {
            beside(() -> takeAll(other, bytes, times), () -> sending.take(0));
        } else {
            sending.take(0);
        }
        return times * 1e9 / tookNs[0];
    }

    private static void takeAll(Side side, int bytes, int times) throws Exception {
        UcpRequest[] posted = new UcpRequest[RECEIVES];
        for (int i = 0; i < Math.min(times, RECEIVES); i++) {
            posted[i] = side.receive(bytes);
        }
        for (int i = 0; i < times; i++) {
            side.await(posted[i % RECEIVES]);
            if (i + RECEIVES < times) {
                posted[i % RECEIVES] = side.receive(bytes);
            }
        }
    }

    /** Something that may fail. */
    @FunctionalInterface
    private interface Task {
        void run() throws Exception;
    }

    /** Runs one in a thread of its own, the other in this one. */
    private static void beside(Task there, Task here) throws Exception {
        Throwable[] failure = new Throwable[1];
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                there.run();
            } catch (Exception e) {
                failure[0] = e;
            }
        });
        here.run();
        thread.join();
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0]);
        }
    }
}
