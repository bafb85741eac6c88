package dev.daxverbs.examples;

import static dev.daxverbs.verbs.AccessFlag.LOCAL_WRITE;
import static dev.daxverbs.verbs.AccessFlag.REMOTE_WRITE;

import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.ProtectionDomain;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Plain verbs: an RDMA write from one buffer to another. */
final class E02RdmaWrite {
    private E02RdmaWrite() {
    }

    /**
     * Runs the example.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        try (Arena arena = Arena.ofConfined();
                DeviceContext context = Device.list().getFirst().open();
                ProtectionDomain domain = context.allocateProtectionDomain();
                CompletionQueue queue = context.createCompletionQueue(512);
                QueuePair left = domain.createQueuePair(QueuePairOptions.of(queue));
                QueuePair right = domain.createQueuePair(QueuePairOptions.of(queue))) {
            left.connect(right.address());
            right.connect(left.address());

            MemorySegment from = arena.allocate(4096, 4096);
            MemorySegment to = arena.allocate(4096, 4096);
            from.setString(0, "written by the device");
            try (MemoryRegistration source = domain.register(from); MemoryRegistration target = domain.register(to, LOCAL_WRITE, REMOTE_WRITE)) {
                SendWorkRequests requests = new SendWorkRequests(1);
                requests.write(1).local(source, 0, 4096).remote(target, 0).signaled();
                left.postSend(requests);
                WorkCompletions completions = new WorkCompletions(1);
                while (queue.poll(completions) == 0) {
                    Thread.onSpinWait();
                }
                System.out.printf("%s: \"%s\"%n", completions.status(0), to.getString(0));
            }
        }
    }
}
