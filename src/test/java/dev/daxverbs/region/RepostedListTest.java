package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.testing.Eventually;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.QueuePairState;
import dev.daxverbs.verbs.SendWorkRequests;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.util.stream.Stream;

/** Lists that are posted again as they are, or filled again with the same memory: the keys that they have got must not outlive a break. */
@RequiresDevice
@Timeout(120)
class RepostedListTest {
    private static final int PAGES = 4;

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present().filter(fs -> KernelRules.current().canRegister(fs.kind()));
    }

    private static void fill(SendWorkRequests list, RegionPair pair, MemoryRegion target, long page) {
        list.clear();
        list.write(page).local(pair.buffer, 0, PAGE).remote(target, page * PAGE).signaled();
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldReachTheFileThroughABreakAndAfterwards(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            SendWorkRequests same = new SendWorkRequests(1);
            SendWorkRequests anew = new SendWorkRequests(1);
            fill(same, pair, region, 0);
            byte content = 0;
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 3; i++) {
                    writeBoth(pair, region, same, anew, ++content);
                }
                try (OtherProcess writer = OtherProcess.writeOpenUntilTold(path)) {
                    writer.awaitLine("open");
                    assertThat(region.path()).isEqualTo(TransferPath.STAGED);
                    writeBoth(pair, region, same, anew, ++content);
                    writeBoth(pair, region, same, anew, ++content);
                    writer.tell("close");
                    writer.awaitSuccess();
                }
                // The old key is gone, or leads to pages that are not the file's any more.
                OtherProcess.shell("exec 3<>\"$1\"; truncate -s 0 \"$1\"; truncate -s %d \"$1\"".formatted(PAGES * PAGE), path).awaitSuccess();
                Eventually.await("the lease is back", () -> region.path() == TransferPath.DIRECT);
            }
            writeBoth(pair, region, same, anew, ++content);
            assertThat(pair.domain.counters().staged()).isEqualTo(8);
            assertThat(pair.domain.counters().direct()).isEqualTo(14);
            assertThat(pair.requester.query().state()).isEqualTo(QueuePairState.RTS);
        }
    }

    private static void writeBoth(RegionPair pair, MemoryRegion region, SendWorkRequests same, SendWorkRequests anew, byte content) {
        pair.buffer.segment().asSlice(0, PAGE).fill(content);
        fill(anew, pair, region, 1);
        assertThat(pair.requester.postSend(same)).isEqualTo(1);
        assertThat(pair.requester.postSend(anew)).isEqualTo(1);
        assertThat(pair.complete(2)).containsExactly("0 SUCCESS", "1 SUCCESS");
        assertThat(RegionPair.byteOf(region.mapping().file(), 0)).isEqualTo(content);
        assertThat(RegionPair.byteOf(region.mapping().file(), 1)).isEqualTo(content);
    }

    @Test
    void shouldRefuseWhatTheFileHasNoMoreAndWhatItNeverHad() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs(); RegionPair pair = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.region(pair.map(path));
            SendWorkRequests same = new SendWorkRequests(1);
            SendWorkRequests anew = new SendWorkRequests(1);
            for (SendWorkRequests list : new SendWorkRequests[] {same, anew}) {
                fill(list, pair, region, PAGES - 1);
                assertThat(pair.requester.postSend(list)).isEqualTo(1);
                assertThat(pair.complete(1)).containsExactly(PAGES - 1 + " SUCCESS");
            }
            // The offset is within the region, the end is not.
            anew.clear();
            anew.write(9).remote(region, (PAGES - 1) * PAGE + 8).local(pair.buffer, 0, PAGE).signaled();
            assertThatThrownBy(() -> pair.requester.postSend(anew)).isInstanceOf(IndexOutOfBoundsException.class);

            OtherProcess.shell("exec 3<>\"$1\"; truncate -s %d \"$1\"".formatted(PAGE), path).awaitSuccess();
            Eventually.await("the file is known to be short", () -> region.path() == TransferPath.DIRECT && region.usableBytes() == PAGE);
            assertThatThrownBy(() -> pair.requester.postSend(same)).isInstanceOf(RegionTruncatedException.class);
            fill(anew, pair, region, PAGES - 1);
            assertThatThrownBy(() -> pair.requester.postSend(anew)).isInstanceOf(RegionTruncatedException.class);
            fill(anew, pair, region, 0);
            assertThat(pair.requester.postSend(anew)).isEqualTo(1);
            fill(anew, pair, region, 1); // what is known of the region now is its first page
            assertThatThrownBy(() -> pair.requester.postSend(anew)).isInstanceOf(RegionTruncatedException.class);
            assertThat(pair.complete(1)).containsExactly("0 SUCCESS");
        }
    }

    @Test
    void shouldBindAnewForAnotherQueuePairAndForAClosedRegion() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs(); RegionPair pair = new RegionPair(); RegionPair other = new RegionPair()) {
            Path path = fs.newFile("f", PAGES * PAGE);
            MemoryRegion region = pair.domain.register(pair.map(path), AccessFlag.LOCAL_WRITE);
            SendWorkRequests list = new SendWorkRequests(1);
            list.write(1).local(region, 0, PAGE).remote(pair.buffer, 0).signaled();
            assertThat(pair.requester.postSend(list)).isEqualTo(1);
            assertThat(pair.complete(1)).containsExactly("1 SUCCESS");
            assertThatThrownBy(() -> other.requester.postSend(list)).as("of another protection domain").isInstanceOf(
                    IllegalArgumentException.class);
            assertThat(pair.requester.postSend(list)).isEqualTo(1);
            assertThat(pair.complete(1)).containsExactly("1 SUCCESS");
            region.close();
            assertThatThrownBy(() -> pair.requester.postSend(list)).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            list.clear();
            list.write(2).local(region, 0, PAGE).remote(pair.buffer, 0).signaled();
            assertThatThrownBy(() -> pair.requester.postSend(list)).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
    }
}
