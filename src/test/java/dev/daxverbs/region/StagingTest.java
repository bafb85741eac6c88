package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionOpcode;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.WorkCompletions;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Each kind of transfer through staging memory, while another process has the file. */
@RequiresDevice
@Timeout(120)
class StagingTest {
    private static final long SIZE = 8 << 20;
    private static final RegionOptions OPTIONS = RegionOptions.defaults().withStagingBytes(1 << 20).withBreakPatience(Duration.ofSeconds(60));

    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private final Arena arena = Arena.ofShared();
    private final SendWorkRequests requests = new SendWorkRequests(4, 2, 32);
    private RegionPair pair;
    private Path path;
    private DaxFile file;
    private MemoryRegion region;
    private MemoryRegion memory;
    private OtherProcess writer;

    @BeforeEach
    void takeTheFile() {
        pair = new RegionPair(Device.list().getFirst(), OPTIONS);
        path = fs.newFile("f", SIZE);
        DaxMapping mapping = pair.map(path);
        file = mapping.file();
        region = register(mapping, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ, AccessFlag.REMOTE_ATOMIC);
        memory = pair.closing(pair.domain.register(arena.allocate(SIZE, PAGE), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE,
                AccessFlag.REMOTE_READ, AccessFlag.REMOTE_ATOMIC));
        writer = OtherProcess.writeOpenUntilTold(path);
        writer.awaitLine("open");
        assertThat(region.path()).isEqualTo(TransferPath.STAGED);
    }

    @AfterEach
    void close() throws Exception {
        writer.close();
        pair.close();
        fs.close();
        arena.close();
    }

    private MemoryRegion register(DaxMapping mapping, AccessFlag... remote) {
        try {
            var access = AccessFlag.setOf(remote);
            access.add(AccessFlag.LOCAL_WRITE);
            return pair.closing(pair.domain.register(mapping, 0, mapping.length(), access));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private MemorySegment random(int seed, long offset, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, offset, length);
        return MemorySegment.ofArray(bytes);
    }

    private MemorySegment inFile(long offset, long length) throws IOException {
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) length]);
        assertThat(file.read(bytes, offset)).isEqualTo(length);
        return bytes;
    }

    private void post(int count) {
        assertThat(pair.requester.postSend(requests)).isEqualTo(count);
    }

    private WorkCompletions completion() {
        WorkCompletions completions = new WorkCompletions(1);
        Eventually.await("a completion", () -> pair.queue.poll(completions) == 1);
        return completions;
    }

    @Test
    void shouldWriteAndReadMoreThanStagingMemoryHolds() throws Exception {
        int length = (3 << 20) + 17;
        MemorySegment expected = random(1, 0, length);
        requests.write(1).local(memory, 0, length).remote(region, 4099).signaled();
        requests.read(2).local(memory, 4 << 20, length).remote(region, 4099).signaled(); // must see what the write before it wrote
        post(2);

        WorkCompletions write = completion();
        assertThat(write.wrId(0) + " " + write.status(0) + " " + write.opcode(0)).isEqualTo("1 SUCCESS RDMA_WRITE");
        assertThat(inFile(4099, length).mismatch(expected)).isEqualTo(-1);
        WorkCompletions read = completion();
        assertThat(read.wrId(0) + " " + read.status(0) + " " + read.opcode(0)).isEqualTo("2 SUCCESS RDMA_READ");
        assertThat(read.byteLength(0)).isEqualTo(length);
        assertThat(memory.segment().asSlice(4 << 20, length).mismatch(expected)).isEqualTo(-1);
        assertThat(pair.domain.counters().staged()).isEqualTo(2);
        assertThat(pair.domain.counters().direct()).isZero();
    }

    @Test
    void shouldGatherFromAndScatterToFilesAndOtherMemory() throws Exception {
        MemorySegment first = random(2, 0, 100_001);
        file.write(MemorySegment.ofArray("0123456789".getBytes()), 77);
        requests.write(1).local(memory, 0, 100_001).local(region, 77, 10).remote(memory, 5 << 20).signaled();
        requests.read(2).local(region, 1 << 20, 100_001).local(memory, 2 << 20, 10).remote(memory, 5 << 20).signaled();
        post(2);
        assertThat(pair.complete(2)).containsExactly("1 SUCCESS", "2 SUCCESS");
        assertThat(memory.segment().asSlice(5 << 20, 100_001).mismatch(first)).isEqualTo(-1);
        assertThat(inFile(1 << 20, 100_001).mismatch(first)).isEqualTo(-1);
        assertThat(memory.segment().asSlice(2 << 20, 10).mismatch(MemorySegment.ofArray("0123456789".getBytes()))).isEqualTo(-1);
    }

    @Test
    void shouldSendFromAndReceiveToFiles() throws Exception {
        file.write(MemorySegment.ofArray("from the file".getBytes()), 1000);
        ReceiveWorkRequests receives = new ReceiveWorkRequests(3, 1);
        receives.receive(71).local(region, 3 << 20, 4096);
        receives.receive(72).local(memory, 1 << 20, 4096);
        receives.receive(73).local(region, 4 << 20, 4096);
        assertThat(pair.responder.postReceive(receives)).isEqualTo(3);
        MemorySegment text = random(3, 0, 500);
        requests.send(1).local(region, 1000, 13).signaled();
        requests.sendWithImmediate(2, 99).local(memory, 0, 500).signaled();
        requests.writeWithImmediate(3, 98).local(region, 1000, 13).remote(region, 2000).signaled();
        post(3);
        assertThat(pair.complete(3)).containsExactly("1 SUCCESS", "2 SUCCESS", "3 SUCCESS");

        List<String> received = new ArrayList<>();
        WorkCompletions completions = new WorkCompletions(4);
        Eventually.await("three receives", () -> {
            int polled = pair.peerQueue.poll(completions);
            for (int i = 0; i < polled; i++) {
                received.add("%d %s %s %d %s".formatted(completions.wrId(i), completions.status(i), completions.opcode(i),
                        completions.byteLength(i), completions.hasImmediate(i) ? completions.immediate(i) : "-"));
            }
            return received.size() == 3;
        });
        assertThat(received).containsExactly("71 SUCCESS RECV 13 -", "72 SUCCESS RECV 500 99", "73 SUCCESS RECV_RDMA_WITH_IMM 13 98");
        assertThat(inFile(3 << 20, 13).mismatch(inFile(1000, 13))).isEqualTo(-1);
        assertThat(inFile(2000, 13).mismatch(inFile(1000, 13))).isEqualTo(-1);
        assertThat(inFile(4 << 20, 13).get(ValueLayout.JAVA_BYTE, 0)).as("a write with immediate data takes a receive, not its memory").isZero();
        assertThat(memory.segment().asSlice(1 << 20, 500).mismatch(text)).isEqualTo(-1);
    }

    @Test
    void shouldTellThePeerOfImmediateDataWhenWhatWasWrittenIsInTheFile() throws Exception {
        int length = 900_000; // which takes its time to be copied
        WorkCompletions completions = new WorkCompletions(1);
        for (int i = 0; i < 20; i++) {
            ReceiveWorkRequests receives = new ReceiveWorkRequests(1);
            receives.receive(71).local(memory, 7 << 20, 4096);
            assertThat(pair.responder.postReceive(receives)).isEqualTo(1);
            MemorySegment expected = random(i, 0, length);
            random(i + 1000, 3 << 20, 100_000);
            requests.clear();
            requests.write(1).local(memory, 3 << 20, 100_000).remote(region, 5 << 20).signaled();
            requests.writeWithImmediate(2, i).local(memory, 0, length).remote(region, 33).signaled();
            post(2);
            Eventually.await("the peer is told", () -> pair.peerQueue.poll(completions) == 1);
            MemorySegment found = inFile(33, length);
            MemorySegment before = inFile(5 << 20, 100_000);
            assertThat("%s %s %d %d".formatted(completions.status(0), completions.opcode(0), completions.immediate(0), completions.byteLength(0)))
                    .isEqualTo("SUCCESS RECV_RDMA_WITH_IMM %d %d".formatted(i, length));
            assertThat(found.mismatch(expected)).as("round %d", i).isEqualTo(-1);
            assertThat(before.mismatch(memory.segment().asSlice(3 << 20, 100_000))).as("what came before, round %d", i).isEqualTo(-1);
            assertThat(pair.complete(2)).containsExactly("1 SUCCESS", "2 SUCCESS");
        }
        assertThat(pair.domain.counters().staged()).isEqualTo(40);
    }

    /** The file is short when the bytes arrive, and stays so: the peer must not hear of them. */
    @Test
    void shouldNotTellThePeerOfImmediateDataWhoseBytesTheFileHasNoRoomFor() throws Exception {
        RegionOptions impatient = OPTIONS.withBreakPatience(Duration.ofSeconds(1));
        try (RegionPair other = new RegionPair(Device.list().getFirst(), impatient)) {
            Path shortened = fs.newFile("short", SIZE);
            MemoryRegion theirs = other.region(other.map(shortened));
            ReceiveWorkRequests receives = new ReceiveWorkRequests(2, 1);
            receives.receive(71).local(other.buffer, 0, 4096);
            receives.receive(72).local(other.buffer, 4096, 4096);
            assertThat(other.responder.postReceive(receives)).isEqualTo(2);
            try (OtherProcess keeper = OtherProcess.truncate(shortened, PAGE, SIZE)) {
                keeper.awaitLine("open");
                requests.clear();
                requests.writeWithImmediate(1, 11).local(other.buffer, 0, 100).remote(theirs, 2 * PAGE).signaled();
                requests.writeWithImmediate(2, 12).local(other.buffer, 0, 100).remote(theirs, 0).signaled();
                assertThat(other.requester.postSend(requests)).isEqualTo(2);
                assertThat(other.complete(2)).containsExactly("1 FILE_TRUNCATED", "2 SUCCESS");
                WorkCompletions completions = new WorkCompletions(2);
                Eventually.await("the peer is told", () -> other.peerQueue.poll(completions) > 0);
                assertThat(completions.size()).isEqualTo(1);
                assertThat(completions.wrId(0)).isEqualTo(71);
                assertThat(completions.immediate(0)).isEqualTo(12);
            }
        }
    }

    @Test
    void shouldLetOneAtomicAtATimeBeAtAFile() throws Exception {
        int each = 12;
        try (RegionPair other = new RegionPair(Device.list().getFirst(), OPTIONS)) {
            MemoryRegion result = other.buffer;
            SendWorkRequests theirs = new SendWorkRequests(each);
            requests.clear();
            SendWorkRequests ours = new SendWorkRequests(each);
            // The peer's memory is of the responder's domain, so that each pair adds to the same word through a region of its own.
            MemoryRegion otherRegion = other.domain.register(pair.map(path), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_ATOMIC);
            for (int i = 0; i < each; i++) {
                ours.fetchAndAdd(i, 1).local(memory, 8L * i, 8).remote(region, 4096).signaled();
                theirs.fetchAndAdd(i, 1).local(result, 8L * i, 8).remote(otherRegion, 8192).signaled();
            }
            assertThat(pair.requester.postSend(ours)).isEqualTo(each);
            assertThat(other.requester.postSend(theirs)).isEqualTo(each);
            assertThat(pair.complete(each)).allMatch(done -> done.endsWith("SUCCESS"));
            assertThat(other.complete(each)).allMatch(done -> done.endsWith("SUCCESS"));
            for (int i = 0; i < each; i++) {
                assertThat(memory.segment().get(ValueLayout.JAVA_LONG, 8L * i)).isEqualTo(i);
                assertThat(result.segment().get(ValueLayout.JAVA_LONG, 8L * i)).isEqualTo(i);
            }
            otherRegion.close();
        }
        assertThat(inFile(4096, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(each);
        assertThat(inFile(8192, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(each);
    }

    @Test
    void shouldCountTogetherWhatTwoQueuePairsAddToOneWord() throws Exception {
        var left = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(pair.queue).withRequests(16, 1)));
        left.connect(left.address());
        SendWorkRequests one = new SendWorkRequests(1);
        long seen = 0;
        for (int i = 0; i < 10; i++) {
            for (var queuePair : List.of(left, pair.requester)) {
                one.clear();
                one.fetchAndAdd(i, 1).local(memory, 8L * (2 * i + (queuePair == left ? 0 : 1)), 8).remote(region, 4096).signaled();
                assertThat(queuePair.postSend(one)).isEqualTo(1);
            }
        }
        assertThat(pair.complete(20)).allMatch(done -> done.endsWith("SUCCESS"));
        for (int i = 0; i < 20; i++) {
            seen |= 1L << memory.segment().get(ValueLayout.JAVA_LONG, 8L * i);
        }
        assertThat(seen).as("each value from 0 to 19 came back once").isEqualTo((1L << 20) - 1);
        requests.clear();
        requests.compareAndSwap(9, 20, 7).local(memory, 800, 8).remote(region, 4096).signaled();
        post(1);
        assertThat(completion().opcode(0)).isEqualTo(CompletionOpcode.COMP_SWAP);
        assertThat(inFile(4096, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(7);
    }

    @Test
    void shouldStageInlineDataAndShowNothingOfUnsignaledRequests() throws Exception {
        requests.write(1).inline(MemorySegment.ofArray("inline".getBytes()), 0, 6).remote(region, 50);
        requests.write(2).inline(MemorySegment.ofArray("again".getBytes()), 0, 5).remote(region, 60).signaled();
        var inliner = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(pair.queue).withRequests(8, 1)
                .withInline(32)));
        inliner.connect(inliner.address());
        assertThat(inliner.postSend(requests)).isEqualTo(2);
        assertThat(pair.complete(1)).containsExactly("2 SUCCESS");
        assertThat(new String(inFile(50, 6).toArray(ValueLayout.JAVA_BYTE))).isEqualTo("inline");
        assertThat(new String(inFile(60, 5).toArray(ValueLayout.JAVA_BYTE))).isEqualTo("again");
        assertThat(pair.completeNow()).isEmpty();
    }

    @Test
    void shouldMoveNothingOfLengthZero() {
        requests.write(1).remote(region, 50).signaled();
        requests.read(2).remote(region, SIZE).signaled();
        post(2);
        assertThat(pair.complete(2)).containsExactly("1 SUCCESS", "2 SUCCESS");
    }

    @Test
    void shouldNeverMakeTheFileLonger() throws Exception {
        try (OtherProcess truncating = OtherProcess.shell("while read n; do truncate -s $n \"$1\"; echo done; done", path)) {
            for (int i = 0; i < 40; i++) {
                requests.clear();
                requests.write(i).local(memory, 0, 200_000).remote(region, 100_000).signaled();
                post(1);
                truncating.tell(i % 2 == 0 ? "5000" : String.valueOf(SIZE));
                truncating.awaitLine("done");
                if (i % 2 == 0) {
                    Eventually.pause(5);
                    assertThat(Files.size(path)).as("round %d", i).isEqualTo(5000);
                } else {
                    assertThat(pair.complete(2)).containsExactly(i - 1 + " SUCCESS", i + " SUCCESS");
                }
            }
        }
    }

    @Test
    void shouldBePatientWithAWriterThatKeepsTheFileShortButNotForEver() throws Exception {
        RegionOptions impatient = OPTIONS.withBreakPatience(Duration.ofSeconds(2));
        try (RegionPair other = new RegionPair(Device.list().getFirst(), impatient)) {
            Path shortened = fs.newFile("short", SIZE);
            MemoryRegion theirs = other.region(other.map(shortened));
            try (OtherProcess keeper = OtherProcess.truncate(shortened, PAGE, SIZE)) {
                keeper.awaitLine("open");
                assertThat(other.write(1, (byte) 1, theirs, 1)).isTrue();
                assertThat(other.write(2, (byte) 2, theirs, 0)).isTrue();
                assertThat(other.write(3, (byte) 3, theirs, 700)).isTrue();
                assertThat(other.complete(3)).containsExactly("1 FILE_TRUNCATED", "2 SUCCESS", "3 FILE_TRUNCATED");
                assertThat(other.domain.counters().truncated()).isEqualTo(2);
                assertThat(Files.size(shortened)).isEqualTo(PAGE);
                OtherProcess.extend(keeper);
                assertThat(other.write(4, (byte) 4, theirs, 700)).as("its region grows back").isTrue();
                assertThat(other.complete(1)).containsExactly("4 SUCCESS");
            }
        }
    }

    @Test
    void shouldRefuseWhatTheRegionDoesNotGrantAsTheDeviceDoes() throws Exception {
        MemoryRegion readable = register(pair.map(path), AccessFlag.REMOTE_READ);
        requests.write(1).local(memory, 0, 100).remote(readable, 0).signaled();
        requests.write(2).local(memory, 0, 100).remote(region, 0).signaled();
        post(2);
        assertThat(pair.complete(2)).containsExactly("1 REM_ACCESS_ERR", "2 WR_FLUSH_ERR");
        assertThat(inFile(0, 1).get(ValueLayout.JAVA_BYTE, 0)).isZero();
        assertThat(pair.requester.query().state()).isEqualTo(QueuePairState.ERR);
    }

    @Test
    void shouldPushBackLikeAFullReceiveQueueWhenStagingMemoryForReceivesIsTaken() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(5);
        for (int i = 0; i < 5; i++) {
            receives.receive(i).local(region, 0, 250_000); // a MiB holds four
        }
        assertThat(pair.responder.postReceive(receives)).isEqualTo(4);
        assertThat(pair.responder.postReceive(receives, 4)).isZero();
        assertThatThrownBy(() -> pair.responder.postReceive(new ReceiveWorkRequests(1).receive(1).local(region, 0, (1 << 20) + 1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("stagingBytes=1048576");
    }

    @Test
    void shouldSendAMessageThatIsTooLongToBeStagedWhenTheLeaseIsBack() throws Exception {
        int length = (1 << 20) + 5000;
        requests.send(1).local(region, 0, length).signaled();
        post(1);
        pair.responder.postReceive(new ReceiveWorkRequests(1).receive(1).local(memory, 0, length));
        Eventually.pause(50);
        assertThat(pair.completeNow()).isEmpty();
        writer.tell("close");
        assertThat(pair.complete(1)).containsExactly("1 SUCCESS");
    }

    @Test
    void shouldCompleteOnceWhatIsUnderWayWhenTheLeaseComesBack() throws Exception {
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 8; round++) {
            try (OtherProcess next = round == 0 ? writer : OtherProcess.writeOpenUntilTold(path)) {
                if (round > 0) {
                    next.awaitLine("open");
                }
                for (int i = 0; i < RegionPair.DEPTH; i++) {
                    int id = round * RegionPair.DEPTH + i;
                    assertThat(pair.write(id, (byte) id, region, i, true)).isTrue();
                    expected.add(id + " SUCCESS");
                    if (i == 4) {
                        next.tell("close");
                    }
                }
                assertThat(pair.complete(RegionPair.DEPTH)).containsExactlyElementsOf(expected);
                expected.clear();
                next.awaitSuccess();
            }
            for (int i = 0; i < RegionPair.DEPTH; i++) {
                assertThat(RegionPair.byteOf(file, i)).isEqualTo((byte) (round * RegionPair.DEPTH + i));
            }
            Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
        }
    }

    @Test
    void shouldGiveItsMemoryBackWhateverBecomesOfATransfer() throws Exception {
        requests.send(8).local(region, 0, 50_000).signaled();
        requests.send(9).local(region, 0, 50_000).signaled(); // stays with the device: the peer has a receive for one only
        post(2);
        Eventually.await("they have their memory", () -> pair.domain.localStaging().takenBytes() >= 100_000);
        OtherProcess.shell("truncate -s 0 \"$1\"", path).awaitSuccess();
        for (int i = 0; i < 4; i++) {
            requests.clear();
            requests.write(i).local(region, 0, 200_000).remote(region, 300_000).signaled(); // wait for the file
            post(1);
        }
        pair.responder.postReceive(new ReceiveWorkRequests(1).receive(1).local(region, 0, 250_000));
        pair.requester.close();
        pair.responder.close();
        assertThat(pair.domain.localStaging().takenBytes()).isZero();
        assertThat(pair.domain.targetStaging().takenBytes()).isZero();
        assertThat(pair.domain.receiveStaging().takenBytes()).isZero();
    }
}
