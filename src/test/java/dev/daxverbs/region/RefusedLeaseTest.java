package dev.daxverbs.region;

import static dev.daxverbs.testing.RegionPair.DEPTH;
import static dev.daxverbs.testing.RegionPair.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.lease.LeaseUnavailableException;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.Leftovers;
import dev.daxverbs.testing.OtherProcess;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.SendWorkRequests;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.IntStream;

/** Files whose lease is never to be had, and files that need none. */
@RequiresDevice
@Timeout(600)
class RefusedLeaseTest {
    private static final int PAGES = 32;

    private Leftovers before;

    /** What is made once in a process is not left behind by a test. */
    @BeforeAll
    static void warmUp() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs(); RegionPair pair = new RegionPair()) {
            pair.region(pair.map(fs.newFile("warm", PAGE)));
        }
    }

    @BeforeEach
    void look() {
        before = Leftovers.now();
    }

    @AfterEach
    void lookAgain() {
        before.awaitNoMore();
    }

    /** 9p: the project's folder is shared with the guest by it. */
    @Test
    void shouldStageOnAFileSystemWithoutLeasesAndSayWhy() throws Exception {
        Path path = Path.of("target", "daxverbs-no-leases-" + ProcessHandle.current().pid()).toAbsolutePath();
        if (!Files.getFileStore(path.getParent()).type().equals("9p")) {
            Guest.skip("the project's folder is not shared by 9p");
        }
        Files.write(path, new byte[PAGES * PAGE]);
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(path);
            MemoryRegion region = pair.region(mapping);
            assertThat(region.guard()).isEqualTo(Guard.UNLEASED);
            assertThat(region.path()).isEqualTo(TransferPath.STAGED);
            assertThat(region.describe().reasons()).anySatisfy(reason -> assertThat(reason).contains("EINVAL", "9p", "use ext4, XFS or tmpfs",
                    path.toString()));

            for (int i = 0; i < DEPTH; i++) {
                assertThat(pair.write(i, (byte) (i + 1), region, i)).isTrue();
            }
            assertThat(pair.complete(DEPTH)).containsExactlyElementsOf(IntStream.range(0, DEPTH).mapToObj(i -> i + " SUCCESS").toList());
            for (int i = 0; i < DEPTH; i++) {
                assertThat(RegionPair.byteOf(mapping.file(), i)).isEqualTo((byte) (i + 1));
            }
            mapping.file().write(MemorySegment.ofArray("of the file".getBytes()), 20L * PAGE);
            var requests = new SendWorkRequests(1).read(99).local(pair.buffer, 0, 11).remote(region, 20L * PAGE).signaled();
            assertThat(pair.requester.postSend(requests)).isEqualTo(1);
            assertThat(pair.complete(1)).containsExactly("99 SUCCESS");
            assertThat(new String(pair.buffer.segment().asSlice(0, 11).toArray(ValueLayout.JAVA_BYTE))).isEqualTo("of the file");
            assertThat(pair.domain.counters().staged()).isEqualTo(DEPTH + 1);
            assertThat(pair.domain.counters().direct()).isZero();
        } finally {
            Files.delete(path);
        }
    }

    @Test
    void shouldRefuseAFileSystemWithoutLeasesIfTheLeaseIsRequired() throws Exception {
        Path path = Path.of("target", "daxverbs-no-leases-" + ProcessHandle.current().pid()).toAbsolutePath();
        if (!Files.getFileStore(path.getParent()).type().equals("9p")) {
            Guest.skip("the project's folder is not shared by 9p");
        }
        Files.write(path, new byte[PAGE]);
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(path);
            refuse(pair, mapping); // makes staging memory, which stays
            Leftovers once = Leftovers.now();
            refuse(pair, mapping);
            refuse(pair, mapping);
            once.awaitNoMore();
        } finally {
            Files.delete(path);
        }
    }

    /** For reading: page-cache memory that is written to may not be had for the device at all, which would be said first. */
    private static void refuse(RegionPair pair, DaxMapping mapping) {
        assertThatThrownBy(() -> pair.domain.register(mapping, 0, PAGE, Set.of(), LeasePolicy.REQUIRED))
                .isInstanceOf(LeaseUnavailableException.class).hasMessageContainingAll("EINVAL", "use ext4, XFS or tmpfs");
    }

    @Test
    void shouldNeedNoLeaseForAMemfdThatNobodyCanShrinkAndTakeOneForOthers() throws Exception {
        for (boolean sealed : new boolean[] {true, false}) {
            int fd = Posix.memfdCreate("daxverbs-sealed");
            assertThat(fd).isPositive();
            try (RegionPair pair = new RegionPair()) {
                assertThat(Posix.ftruncate(fd, PAGES * PAGE)).isZero();
                if (sealed) {
                    assertThat(Posix.fcntl(fd, LibC.F_ADD_SEALS(), LibC.F_SEAL_SHRINK())).isZero();
                }
                DaxMapping mapping = pair.map(Path.of("/proc/self/fd/" + fd));
                if (!sealed) {
                    Posix.close(fd); // an open description beside that of the mapping
                }
                MemoryRegion region = pair.region(mapping);
                assertThat(region.guard()).isEqualTo(sealed ? Guard.NOT_NEEDED : Guard.LEASED);
                assertThat(Leftovers.now().leases()).hasSize(sealed ? 0 : 1);
                assertThat(region.describe().reasons()).isEmpty();
                pair.write(1, (byte) 9, region, 3);
                pair.completeOne();
                assertThat(RegionPair.byteOf(mapping.file(), 3)).isEqualTo((byte) 9);
            } finally {
                if (sealed) {
                    Posix.close(fd);
                }
            }
        }
    }

    /** A JVM of another user, to whom the file was left open for writing. */
    @Test
    void shouldStageAFileOfAnotherOwnerWithoutTheCapability() throws Exception {
        try (FileSystemUnderTest fs = FileSystemUnderTest.tmpfs()) {
            Path path = fs.newFile("theirs", PAGES * PAGE);
            OtherProcess.shell("chmod 755 \"$(dirname \"$1\")\"; chmod 666 \"$1\"", path).awaitSuccess();
            try (OtherProcess child = FaultChild.start("owner", path)) {
                child.awaitSuccess();
                assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("preferred: STAGED, UNLEASED")
                        .containsAnyOf("EACCES", "EPERM").contains("grant the capability"));
                assertThat(child.output()).anySatisfy(line -> assertThat(line).startsWith("required: LeaseUnavailableException")
                        .contains("run as the file's owner"));
                assertThat(child.output()).contains("done");
            }
            try (var bytes = Files.newInputStream(path)) {
                assertThat(bytes.readNBytes(2 * PAGE)[PAGE]).isEqualTo((byte) 1);
            }
        }
    }
}
