package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.internal.Findings;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.QueuePairOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** The trial of a device's on-demand paging, on rxe: it has none before Linux 6.15, and moves wrong bytes at odd offsets since. */
@RequiresDevice
@Timeout(300)
class OnDemandTrialTest {
    private static OnDemandTrial expected() {
        return KernelRules.current().hasOnDemand() ? OnDemandTrial.PAGE_ALIGNED : OnDemandTrial.UNSUPPORTED;
    }

    private static AtomicLong time() {
        return new AtomicLong(OnDemandTrial.LIMIT.toNanos());
    }

    @Test
    void shouldFindWhatTheDeviceIsGoodFor() {
        try (DeviceContext context = Device.byName("rxe0").open()) {
            assertThat(context.port(1).activeMtu()).as("the guest's").isEqualTo(Mtu.MTU_4096);
            assertThat(OnDemandTrial.of(context)).as(OnDemandTrial.detail(context)).isEqualTo(expected());
            assertThat(OnDemandTrial.detail(context)).contains(KernelRules.current().hasOnDemand() ? "right at page boundaries; elsewhere: "
                    : "no on-demand paging");
            assertThat(Findings.onDemand("rxe0").orElseThrow()).startsWith(expected() + ": ");
        }
    }

    @Test
    void shouldTryADeviceOnce() {
        try (DeviceContext first = Device.byName("rxe0").open(); DeviceContext second = Device.byName("rxe0").open()) {
            String detail = OnDemandTrial.detail(first);
            int before = newQueuePairNumber(first);
            assertThat(OnDemandTrial.detail(second)).isEqualTo(detail);
            assertThat(OnDemandTrial.of(first)).isEqualTo(expected());
            // rxe numbers queue pairs one after the other: a trial would have used some
            assertThat(newQueuePairNumber(first)).isEqualTo(before + 1);
        }
    }

    private static int newQueuePairNumber(DeviceContext context) {
        try (var domain = context.allocateProtectionDomain(); var queue = context.createCompletionQueue(1);
                var queuePair = domain.createQueuePair(QueuePairOptions.of(queue).withRequests(1, 0))) {
            return queuePair.number();
        }
    }

    @Test
    void shouldGiveOneAnswerToManyThreads() throws Exception {
        try (DeviceContext context = Device.byName("rxe0").open(); ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                answers.add(threads.submit(() -> OnDemandTrial.of(context) + OnDemandTrial.detail(context)));
            }
            HashSet<String> different = new HashSet<>();
            for (Future<String> answer : answers) {
                different.add(answer.get());
            }
            assertThat(different).hasSize(1);
        }
    }

    @Test
    void shouldSeeWrongBytesAtOddOffsetsAndRightOnesAtPageBoundaries() {
        if (!KernelRules.current().hasOnDemand()) {
            return; // nothing to move
        }
        try (DeviceContext context = Device.byName("rxe0").open()) {
            for (TrialTransfer transfer : TrialTransfer.aligned()) {
                try (TrialLoopback loopback = new TrialLoopback(context, 1, Mtu.MTU_4096, time())) {
                    loopback.control();
                    assertThat(loopback.wrong(transfer)).isEmpty();
                }
            }
            for (TrialTransfer transfer : TrialTransfer.odd()) {
                boolean atBoundary = transfer.pieces().size() == 1 && transfer.pieces().getFirst().offset() == 0;
                try (TrialLoopback loopback = new TrialLoopback(context, 1, Mtu.MTU_4096, time())) {
                    Optional<String> wrong = loopback.wrong(transfer);
                    assertThat(wrong.isEmpty()).as("%s: %s", transfer, wrong.orElse("right")).isEqualTo(atBoundary);
                }
            }
        }
    }

    @Test
    void shouldSeeWrongBytesEvenAtPageBoundariesWithASmallerMtu() {
        if (!KernelRules.current().hasOnDemand()) {
            return;
        }
        try (DeviceContext context = Device.byName("rxe0").open();
                TrialLoopback loopback = new TrialLoopback(context, 1, Mtu.MTU_1024, time())) {
            var whole = new TrialTransfer(TrialTransfer.Operation.WRITE_TO, List.of(new TrialTransfer.Piece(0, 4096)));
            assertThat(loopback.wrong(whole)).isPresent();
        }
    }

    /** That the context closes at all tells that no object of it is left; the rest is told by the kernel. */
    @Test
    void shouldLeaveNothingBehind() throws Exception {
        try (DeviceContext context = Device.byName("rxe0").open()) {
            runTransfers(context); // whatever is made once for the process
        }
        long descriptors = descriptors();
        for (int i = 0; i < 3; i++) {
            try (DeviceContext context = Device.byName("rxe0").open()) {
                runTransfers(context);
            }
        }
        assertThat(descriptors()).isEqualTo(descriptors);
    }

    private static void runTransfers(DeviceContext context) {
        try (TrialLoopback loopback = new TrialLoopback(context, 1, Mtu.MTU_4096, time())) {
            loopback.control();
            for (TrialTransfer transfer : TrialTransfer.odd()) {
                if (loopback.wrong(transfer).isPresent()) {
                    break;
                }
            }
        } catch (OnDemandTrial.RefusedException e) {
            assertThat(KernelRules.current().hasOnDemand()).isFalse();
        }
    }

    /** A trial that has no time left must close what has transfers under way, and cannot be taken for a verdict. */
    @Test
    void shouldCloseEverythingWhenTimeIsUp() {
        if (!KernelRules.current().hasOnDemand()) {
            return;
        }
        DeviceContext context = Device.byName("rxe0").open();
        try (TrialLoopback loopback = new TrialLoopback(context, 1, Mtu.MTU_4096, new AtomicLong(1))) {
            for (int i = 0; i < 1000; i++) { // a transfer may be quicker than the look at the clock
                loopback.control();
            }
            throw new AssertionError("no end");
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("out of time");
        }
        context.close();
        assertThat(context.isOpen()).isFalse();
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
