package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.InaccessibleMemoryException;
import dev.daxverbs.internal.KernelText;
import dev.daxverbs.lease.LeaseUnavailableException;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.CompletionChannel;
import dev.daxverbs.verbs.CompletionQueue;
import dev.daxverbs.verbs.CompletionStatus;
import dev.daxverbs.verbs.ConnectOptions;
import dev.daxverbs.verbs.Device;
import dev.daxverbs.verbs.QueuePair;
import dev.daxverbs.verbs.QueuePairAddress;
import dev.daxverbs.verbs.QueuePairOptions;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.ReceiveWorkRequests;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.VerbsException;
import dev.daxverbs.verbs.WorkCompletions;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.stream.IntStream;

/** Who may do what when, around breaks: the interleavings that the region layer was looked at for on paper. */
@RequiresDevice
@Timeout(120)
class RegionLifeTest {
    private static final int PAGES = 16;
    private static final Path LEASE_BREAK_TIME = Path.of("/proc/sys/fs/lease-break-time");

    private final FileSystemUnderTest fs = FileSystemUnderTest.tmpfs();
    private RegionPair pair;

    @BeforeEach
    void open() {
        pair = new RegionPair();
    }

    @AfterEach
    void close() throws Exception {
        pair.close();
        fs.close();
    }

    private Path file(String name) {
        return fs.newFile(name, PAGES * PAGE);
    }

    @Test
    void shouldRefuseAFileThatSomebodyElseHasOpenIfTheLeaseIsRequired() throws Exception {
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
            writer.awaitLine("open");
            assertThatThrownBy(() -> required(mapping)).isInstanceOf(LeaseUnavailableException.class)
                    .hasMessageContaining("EAGAIN").hasMessageContaining(path.toString());
            writer.tell("close");
            writer.awaitSuccess();
        }
        assertThat(pair.region(mapping).guard()).as("the refusal left nothing behind").isEqualTo(Guard.LEASED);
    }

    private MemoryRegion required(DaxMapping mapping) throws IOException {
        return pair.domain.register(mapping, 0, mapping.length(), pair.buffer.access(), LeasePolicy.REQUIRED);
    }

    @Test
    void shouldPromoteARegionWhenTheLeaseBecomesAvailable() throws Exception {
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
            writer.awaitLine("open");
            MemoryRegion region = pair.region(mapping);
            assertThat(region.guard()).isEqualTo(Guard.UNLEASED);
            assertThat(region.describe().reasons()).anyMatch(reason -> reason.contains("EAGAIN"));
            pair.write(1, (byte) 1, region, 3);
            pair.completeOne();
            assertThat(RegionPair.byteOf(mapping.file(), 3)).isEqualTo((byte) 1);
            assertThat(pair.domain.counters().staged()).isEqualTo(1);
            writer.tell("close");
            Eventually.await("promotion", () -> region.path() == TransferPath.DIRECT);
            assertThat(region.guard()).isEqualTo(Guard.LEASED);
            assertThat(region.describe().reasons()).isEmpty();
            pair.write(2, (byte) 2, region, 3);
            pair.completeOne();
            assertThat(pair.domain.counters()).isEqualTo(new RegionCounters(1, 1, 0, 0, 0, 0, 0));
        }
    }

    @Test
    void shouldRestStagedAfterABreakAsItWasToldTo() throws Exception {
        assertThat(timesToRestore(Integer.MAX_VALUE).getMax()).as("breaks must cost next to nothing: a second's rest, most of it after the close")
                .isGreaterThan(500);
        assertThat(timesToRestore(0).getMin()).as("no rest").isLessThan(500);
    }

    /** From another's close, as far as we hear of it, to the direct path: milliseconds of three breaks. */
    private LongSummaryStatistics timesToRestore(int coolDown) throws Exception {
        LongSummaryStatistics times = new LongSummaryStatistics();
        try (RegionPair other = new RegionPair(Device.list().getFirst(), RegionOptions.defaults().withCoolDown(coolDown))) {
            Path path = file("rest" + coolDown);
            MemoryRegion region = other.region(other.map(path));
            for (int i = 1; i <= 3; i++) {
                OtherProcess.writeOpen(path).awaitSuccess();
                long closedNs = System.nanoTime();
                assertThat(region.breaks()).isEqualTo(i);
                Eventually.await("direct again", () -> region.path() == TransferPath.DIRECT);
                times.accept((System.nanoTime() - closedNs) / 1_000_000);
            }
        }
        return times;
    }

    @Test
    void shouldReleaseTheLeaseWithTheLastRegion() throws Exception {
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        MemoryRegion first = pair.domain.register(mapping, AccessFlag.LOCAL_WRITE);
        MemoryRegion second = pair.domain.register(mapping, 0, PAGE, first.access());
        first.close();
        assertThat(second.guard()).isEqualTo(Guard.LEASED);
        second.close();
        second.close();
        try (OtherProcess reader = OtherProcess.shell("exec 3<\"$1\"; echo open; read line", path)) {
            reader.awaitLine("open");
            assertThatThrownBy(() -> required(mapping)).as("the reader has it open now")
                    .isInstanceOf(LeaseUnavailableException.class);
            reader.tell("close");
        }
    }

    @Test
    void shouldRefuseToUnmapUnderARegion() {
        DaxMapping mapping = pair.map(file("f"));
        MemoryRegion region = pair.region(mapping);
        assertThatThrownBy(mapping::close).isInstanceOf(IllegalStateException.class).hasMessageContaining(region.toString());
        pair.write(1, (byte) 1, region, 0);
        pair.completeOne();
    }

    @Test
    void shouldGoOnWhenTheFileObjectIsClosedUnderARegion() throws Exception {
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        MemoryRegion region = pair.region(mapping);
        mapping.file().close();
        OtherProcess.writeOpen(path).awaitSuccess();
        pair.write(1, (byte) 1, region, 0);
        pair.completeOne();
        assertThat(Files.readAllBytes(path)[0]).isEqualTo((byte) 1); // itself a break, by this process
        pair.write(2, (byte) 2, region, 0);
        pair.completeOne();
    }

    @Test
    void shouldTakeTheMappingOfAFileForThatFile() throws Exception {
        DaxMapping mapping = pair.map(file("g"));
        try (MemoryRegion region = pair.domain.register(mapping.segment(), AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE);
                MemoryRegion same = pair.domain.register(mapping, AccessFlag.LOCAL_WRITE)) {
            assertThat(region.guard()).isEqualTo(Guard.LEASED);
            assertThat(same.guard()).as("one description, one lease").isNotNull();
            pair.write(1, (byte) 1, region, 0);
            pair.completeOne();
            assertThat(RegionPair.byteOf(mapping.file(), 0)).isEqualTo((byte) 1);
        }
    }

    @Test
    @SuppressWarnings("restricted")
    void shouldRefuseAnonymousMemoryThatIsNotThere() throws Exception {
        long address;
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file("f"), StandardOpenOption.READ)) {
            address = channel.map(FileChannel.MapMode.READ_ONLY, 0, PAGE, arena).address();
        }
        MemorySegment gone = MemorySegment.ofAddress(address).reinterpret(PAGE);
        assertThatThrownBy(() -> pair.domain.register(gone, AccessFlag.LOCAL_WRITE)).isInstanceOf(InaccessibleMemoryException.class)
                .hasMessageContaining("0x%x".formatted(address));
    }

    @Test
    void shouldRefuseBadRanges() {
        DaxMapping mapping = pair.map(file("f"));
        for (long[] range : new long[][] {{-1, 10}, {0, 0}, {0, PAGES * PAGE + 1}, {PAGES * PAGE, 1}, {Long.MAX_VALUE, 2}, {1, Long.MAX_VALUE}}) {
            assertThatThrownBy(() -> pair.domain.register(mapping, range[0], range[1], pair.buffer.access()))
                    .isInstanceOf(IndexOutOfBoundsException.class).hasMessageContaining("offset=" + range[0]);
        }
        MemoryRegion region = pair.region(mapping);
        assertThatThrownBy(() -> pair.write(1, (byte) 1, region, PAGES)).as("one page too far")
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldRefuseTrackedMemoryWhereNobodyFollowsIt() throws Exception {
        MemoryRegion region = pair.region(pair.map(file("f")));
        try (CompletionQueue queue = pair.context.createCompletionQueue(16);
                QueuePair plain = pair.domain.protectionDomain().createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4))) {
            plain.connect(plain.address());
            SendWorkRequests requests = new SendWorkRequests(1);
            requests.write(1).local(pair.buffer, 0, 8).remote(region, 0);
            assertThatThrownBy(() -> plain.postSend(requests)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("RegionDomain");
            ReceiveWorkRequests receives = new ReceiveWorkRequests(1).receive(1).local(region, 0, PAGE);
            assertThatThrownBy(() -> plain.postReceive(receives)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("RegionDomain");
        }
        CompletionQueue plainQueue = pair.closing(pair.context.createCompletionQueue(8));
        assertThatThrownBy(() -> pair.domain.createQueuePair(QueuePairOptions.of(plainQueue)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("RegionDomain");
    }

    @Test
    void shouldRefuseAQueuePairThatItsCompletionQueueHasNoRoomFor() {
        CompletionQueue small = pair.closing(pair.domain.createCompletionQueue(8));
        int room = small.entries();
        assertThatThrownBy(() -> pair.domain.createQueuePair(QueuePairOptions.of(small).withRequests(room, 1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("entries=" + room);
        for (int i = 0; i < 3; i++) { // the room of a closed queue pair is free again
            pair.domain.createQueuePair(QueuePairOptions.of(small).withRequests(room - 1, 1)).close();
        }
    }

    @Test
    void shouldNameWhatKeepsTheDomainOpen() {
        MemoryRegion region = pair.region(pair.map(file("f")));
        assertThatThrownBy(pair.domain::close).isInstanceOf(VerbsException.class).hasMessageContaining("EBUSY")
                .hasMessageContaining(region.toString());
    }

    @Test
    void shouldMoveFilesDataInBothRolesOfATransfer() throws Exception {
        DaxMapping from = pair.map(file("from"));
        DaxMapping to = pair.map(file("to"));
        MemoryRegion source = pair.region(from);
        MemoryRegion target = pair.region(to);
        from.segment().asSlice(PAGE, PAGE).fill((byte) 42);
        SendWorkRequests requests = new SendWorkRequests(2, 2, 0);
        requests.write(1).local(source, PAGE, 100).local(pair.buffer, 0, 28).remote(target, 2L * PAGE);
        requests.read(2).local(source, 3L * PAGE, 128).remote(target, 2L * PAGE).signaled();
        OtherProcess.writeOpen(file("other")).awaitSuccess();
        OtherProcess.writeOpen(from.file().path()).awaitSuccess();
        OtherProcess.writeOpen(to.file().path()).awaitSuccess();
        assertThat(pair.requester.postSend(requests)).isEqualTo(2);
        assertThat(pair.complete(1)).containsExactly("2 SUCCESS");
        assertThat(source.segment().asSlice(3L * PAGE, 100).mismatch(source.segment().asSlice(PAGE, 100))).isEqualTo(-1);
        assertThat(target.segment().get(ValueLayout.JAVA_BYTE, 2L * PAGE + 99)).isEqualTo((byte) 42);
    }

    @Test
    void shouldGoOnWithBothFilesInOtherHands() throws Exception {
        Path first = file("a");
        Path second = file("b");
        MemoryRegion a = pair.region(pair.map(first));
        MemoryRegion b = pair.region(pair.map(second));
        try (OtherProcess one = OtherProcess.writeOpenUntilTold(first); OtherProcess two = OtherProcess.writeOpenUntilTold(second)) {
            one.awaitLine("open");
            two.awaitLine("open");
            pair.write(1, (byte) 1, a, 0);
            pair.write(2, (byte) 2, b, 0);
            pair.write(3, (byte) 3, a, 1);
            two.tell("close");
            Eventually.await("b is back", () -> b.guard() == Guard.LEASED);
            pair.write(4, (byte) 4, b, 1);
            assertThat(pair.complete(4)).containsExactly("1 SUCCESS", "2 SUCCESS", "3 SUCCESS", "4 SUCCESS");
            one.tell("close");
        }
        assertThat(Files.readAllBytes(second)[PAGE]).isEqualTo((byte) 4);
    }

    @Test
    void shouldEndDeferredWorkOfARegionThatIsClosed() throws Exception {
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        MemoryRegion region = pair.domain.register(mapping, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE);
        try (OtherProcess writer = OtherProcess.truncate(path, 0, PAGES * PAGE)) {
            writer.awaitLine("open");
            pair.write(1, (byte) 1, region, 0);
            pair.write(2, (byte) 2, pair.buffer, 20);
            region.close();
            assertThat(pair.complete(2)).containsExactly("1 LOC_PROT_ERR", "2 SUCCESS");
            assertThatThrownBy(() -> pair.write(3, (byte) 3, region, 0)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void shouldWaitForPostedTransfersWhenARegionIsClosed() throws Exception {
        DaxMapping mapping = pair.map(file("f"));
        for (int round = 0; round < 20; round++) {
            MemoryRegion region = pair.domain.register(mapping, AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE);
            for (int i = 0; i < 8; i++) {
                pair.write(i, (byte) (round + i), region, i);
            }
            region.close();
            assertThat(pair.complete(8)).containsExactlyElementsOf(
                    IntStream.range(0, 8).mapToObj(i -> i + " SUCCESS").toList());
        }
    }

    @Test
    void shouldForgetDeferredWorkOfAQueuePairThatIsClosedOrReset() throws Exception {
        Path path = file("f");
        MemoryRegion region = pair.region(pair.map(path));
        try (OtherProcess writer = OtherProcess.truncate(path, 0, PAGES * PAGE)) {
            writer.awaitLine("open");
            pair.write(1, (byte) 1, region, 0);
            pair.requester.toReset();
            pair.responder.toReset();
            pair.requester.connect(pair.responder.address());
            pair.responder.connect(pair.requester.address());
            pair.write(2, (byte) 2, region, 1);
            OtherProcess.extend(writer);
        }
        assertThat(pair.complete(1)).containsExactly("2 SUCCESS");
        assertThat(Files.readAllBytes(path)[0]).as("the forgotten write").isZero();
        try (OtherProcess writer = OtherProcess.truncate(path, 0, PAGES * PAGE)) {
            writer.awaitLine("open");
            pair.write(3, (byte) 3, region, 0);
            pair.requester.close();
        }
        Eventually.await("the region does not wait for the closed queue pair", () -> region.guard() == Guard.LEASED);
    }

    @Test
    void shouldTakeOwnChangesOfTheFileThroughTheSamePath() throws Exception {
        DaxMapping mapping = pair.map(file("f"));
        MemoryRegion region = pair.region(mapping);
        DaxFile file = mapping.file();
        for (int round = 1; round <= 10; round++) {
            pair.write(round, (byte) round, region, 3);
            file.truncate(PAGE);
            pair.write(100 + round, (byte) round, region, 0);
            assertThatThrownBy(() -> pair.write(999, (byte) 9, region, 3)).isInstanceOf(RegionTruncatedException.class);
            file.extend((long) PAGES * PAGE);
            assertThat(RegionPair.byteOf(file, 3)).as("what was truncated is gone").isZero();
            pair.write(200 + round, (byte) (round + 50), region, 3);
            assertThat(pair.complete(3)).containsExactly(round + " SUCCESS", 100 + round + " SUCCESS", 200 + round + " SUCCESS");
            assertThat(RegionPair.byteOf(file, 3)).isEqualTo((byte) (round + 50));
        }
        assertThat(region.breaks()).as("no break of the kernel's").isZero();
    }

    @Test
    void shouldWakeASleeperForATruncatedTransfer() throws Exception {
        Path path = file("f");
        MemoryRegion region = pair.region(pair.map(path));
        CompletionChannel channel = pair.closing(pair.context.createCompletionChannel());
        CompletionQueue queue = pair.closing(pair.domain.createCompletionQueue(32, channel, 0));
        QueuePair sleeper = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4)));
        sleeper.connect(sleeper.address());
        queue.requestNotification(false);
        SendWorkRequests requests = new SendWorkRequests(1);
        requests.write(5).local(pair.buffer, 0, PAGE).remote(region, 4L * PAGE).signaled();
        try (OtherProcess writer = OtherProcess.shell("exec 3>>\"$1\"; truncate -s %d \"$1\"; echo open; read line".formatted(PAGE), path)) {
            writer.awaitLine("open");
            sleeper.postSend(requests);
            assertThat(channel.await(Duration.ofMillis(150))).isEmpty();
            writer.tell("close");
        }
        assertThat(channel.await(Duration.ofSeconds(10))).contains(queue);
        WorkCompletions completions = new WorkCompletions(4);
        assertThat(queue.poll(completions)).isEqualTo(1);
        assertThat(completions.wrId(0) + " " + completions.status(0)).isEqualTo("5 FILE_TRUNCATED");
    }

    @Test
    void shouldAnswerABreakThoughAPeerNeverDoes() throws Exception {
        Path path = file("f");
        MemoryRegion region = pair.region(pair.map(path));
        CompletionQueue queue = pair.closing(pair.domain.createCompletionQueue(32));
        QueuePair stuck = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4)));
        QueuePair silent = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4)));
        QueuePairAddress nobody = silent.address(); // in RESET: it answers nothing
        stuck.connect(nobody, new ConnectOptions().retries(0, 7)); // waits for an answer for ever
        SendWorkRequests requests = new SendWorkRequests(1);
        requests.write(1).local(pair.buffer, 0, PAGE).remote(region, 0).signaled();
        stuck.postSend(requests);
        String before = KernelText.read(LEASE_BREAK_TIME);
        Files.writeString(LEASE_BREAK_TIME, "2");
        try (OtherProcess reader = OtherProcess.readOpen(path)) {
            for (int i = 0; i < 5; i++) {
                pair.write(10 + i, (byte) 10, region, 1); // of a queue pair that is not stuck
            }
            reader.awaitSuccess();
        } finally {
            Files.writeString(LEASE_BREAK_TIME, before);
        }
        assertThat(region.fenced()).isEqualTo(1);
        assertThat(region.forced()).as("the kernel's patience was not needed").isZero();
        assertThat(Duration.ofNanos(region.describe().lastBreakNs())).isBetween(Duration.ofMillis(900), Duration.ofMillis(1999));
        assertThat(pair.complete(5)).as("others are untouched").allMatch(done -> done.endsWith("SUCCESS"));
        assertThat(pair.requester.query().state()).isEqualTo(QueuePairState.RTS);
        WorkCompletions completions = new WorkCompletions(4);
        Eventually.await("the flushed completion", () -> queue.poll(completions) == 1);
        assertThat(completions.wrId(0)).isEqualTo(1);
        assertThat(completions.isSuccess(0)).isFalse();
        Eventually.await("the lease is back", () -> region.guard() == Guard.LEASED);
        pair.write(2, (byte) 2, region, 0);
        pair.completeOne(); // others go on
    }

    /** Why a drain posts no empty write of its own as a marker (decision 2): the right is checked before the length. */
    @Test
    void shouldNotBeAbleToWriteNothingWhereThePeerGrantsNoWrites() throws Exception {
        CompletionQueue queue = pair.closing(pair.domain.createCompletionQueue(32));
        QueuePair left = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4)));
        QueuePair right = pair.closing(pair.domain.createQueuePair(QueuePairOptions.of(queue).withRequests(4, 4)));
        ConnectOptions noRights = new ConnectOptions().access(EnumSet.noneOf(AccessFlag.class));
        left.connect(right.address());
        right.connect(left.address(), noRights);
        SendWorkRequests requests = new SendWorkRequests(1);
        requests.write(1).remote(0, 0).signaled();
        left.postSend(requests);
        WorkCompletions completions = new WorkCompletions(4);
        Eventually.await("a completion", () -> queue.poll(completions) == 1);
        assertThat(completions.status(0)).isEqualTo(CompletionStatus.REM_INV_REQ_ERR);
    }

    @Test
    void shouldGiveReceivesTheirUsersNumbers() {
        ReceiveWorkRequests receives = new ReceiveWorkRequests(3);
        for (int i = 0; i < 3; i++) {
            receives.receive(70 + i).local(pair.buffer, (long) i * PAGE, PAGE);
        }
        assertThat(pair.responder.postReceive(receives)).isEqualTo(3);
        assertThat(receives.wrId(1)).as("the list is the user's").isEqualTo(71);
        SendWorkRequests sends = new SendWorkRequests(3);
        for (int i = 0; i < 3; i++) {
            sends.sendWithImmediate(80 + i, i).local(pair.buffer, 10L * PAGE, 8).signaled();
        }
        assertThat(pair.requester.postSend(sends)).isEqualTo(3);
        assertThat(pair.complete(3)).containsExactly("80 SUCCESS", "81 SUCCESS", "82 SUCCESS");
        WorkCompletions completions = new WorkCompletions(3);
        Eventually.await("three receives", () -> pair.peerQueue.poll(completions) > 0 && completions.wrId(completions.size() - 1) == 72);
    }

    @Test
    void shouldFollowOneFileOnTwoDevices() throws Exception {
        List<Device> devices = Device.list();
        assertThat(devices).hasSizeGreaterThanOrEqualTo(2);
        Path path = file("f");
        DaxMapping mapping = pair.map(path);
        MemoryRegion onFirst = pair.region(mapping);
        try (RegionPair other = new RegionPair(devices.get(1))) {
            MemoryRegion onSecond = other.region(mapping);
            OtherProcess.shell("exec 3<>\"$1\"; truncate -s 0 \"$1\"; truncate -s %d \"$1\"".formatted(PAGES * PAGE), path).awaitSuccess();
            pair.write(1, (byte) 1, onFirst, 0);
            other.write(2, (byte) 2, onSecond, 1);
            pair.completeOne();
            other.completeOne();
            assertThat(RegionPair.byteOf(mapping.file(), 0)).isEqualTo((byte) 1);
            assertThat(RegionPair.byteOf(mapping.file(), 1)).isEqualTo((byte) 2);
            assertThat(onFirst.breaks()).isEqualTo(onSecond.breaks()).isEqualTo(1);
        }
    }
}
