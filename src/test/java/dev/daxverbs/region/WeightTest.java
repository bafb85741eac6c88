package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** One file with very many regions: its break is answered before the deadline, and how long that takes is reported. */
@RequiresDevice
@Timeout(500)
class WeightTest {
    /** The figures in docs/storm.md are of 10,000, which takes minutes on emulated processors: {@code -Ddaxverbs.regions=10000}. */
    private static final int MOST = Integer.getInteger("daxverbs.regions", 2_000);
    private static final int IN_FLIGHT = 64;
    private static final int QUEUE_PAIRS = 4;

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> fs.toString().equals("tmpfs")
                || fs.toString().equals("XFS-DAX") && KernelRules.current().canRegister(fs.kind()));
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldAnswerABreakBeforeItsDeadlineWhateverTheNumberOfRegions(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", (long) MOST * PAGE);
            DaxMapping mapping = pair.map(path);
            mapping.segment().fill((byte) 1); // with blocks, so that what is measured is not their allocation
            List<QueuePair> queuePairs = new ArrayList<>();
            var queue = pair.closing(pair.domain.createCompletionQueue(2 * IN_FLIGHT));
            for (int i = 0; i < QUEUE_PAIRS; i++) {
                QueuePair queuePair = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue)
                        .withRequests(IN_FLIGHT / QUEUE_PAIRS, 1)));
                queuePair.connect(queuePair.address());
                queuePairs.add(queuePair);
            }
            List<MemoryRegion> regions = new ArrayList<>();
            Set<AccessFlag> access = AccessFlag.setOf(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE);
            SendWorkRequests requests = new SendWorkRequests(IN_FLIGHT / QUEUE_PAIRS);
            WorkCompletions completions = new WorkCompletions(IN_FLIGHT);
            StringBuilder report = new StringBuilder();
            for (int wanted : new int[] {1, 100, MOST}) {
                while (regions.size() < wanted) {
                    regions.add(pair.domain.register(mapping, (long) regions.size() * PAGE, PAGE, access));
                }
                Eventually.await("the lease", () -> regions.getFirst().path() == TransferPath.DIRECT);
                for (QueuePair queuePair : queuePairs) {
                    requests.clear();
                    for (int i = 0; i < IN_FLIGHT / QUEUE_PAIRS; i++) {
                        requests.write(i).local(pair.buffer, 0, PAGE).remote(regions.get(i * wanted / IN_FLIGHT), 0).signaled();
                    }
                    assertThat(queuePair.postSend(requests)).isEqualTo(IN_FLIGHT / QUEUE_PAIRS);
                }
                long breaks = regions.getFirst().breaks();
                OtherProcess.writeOpen(path).awaitSuccess();
                assertThat(regions.getFirst().breaks()).isEqualTo(breaks + 1);
                report.append(" regions=").append(wanted).append(" answeredUs=").append(regions.getFirst().describe().lastBreakNs() / 1000);
                int[] done = {0};
                Eventually.await("the transfers", () -> {
                    int polled = queue.poll(completions);
                    for (int i = 0; i < polled; i++) {
                        assertThat(completions.isSuccess(i)).isTrue();
                        done[0]++;
                    }
                    return done[0] == IN_FLIGHT;
                });
                assertThat(regions.getFirst().forced()).isZero();
                assertThat(regions.getFirst().fenced()).isZero();
            }
            System.out.println("RESULT weight fs=" + fs + report);
            Eventually.await("the lease", () -> regions.getFirst().path() == TransferPath.DIRECT);
            long beganNs = System.nanoTime();
            regions.forEach(MemoryRegion::close);
            assertThat(Duration.ofNanos(System.nanoTime() - beganNs)).isLessThan(Duration.ofSeconds(200));
        }
    }
}
