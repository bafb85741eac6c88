package dev.daxverbs.region;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.testing.FileSystemUnderTest;
import dev.daxverbs.testing.Guest;
import dev.daxverbs.testing.RegionPair;
import dev.daxverbs.testing.RequiresDevice;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.SendWorkRequests;
import dev.daxverbs.verbs.VerbsException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Which registrations a mapping allows, kernel by kernel: the ground that the choice between pinning and on-demand paging stands on. */
@RequiresDevice
@Timeout(60)
class RegistrationTableTest {
    private static final int SIZE = 1 << 20;
    private static final Set<AccessFlag> WRITABLE = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
    private static final Set<AccessFlag> READ_ONLY = EnumSet.of(AccessFlag.REMOTE_READ);
    private static final Set<AccessFlag> ON_DEMAND = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ,
            AccessFlag.ON_DEMAND);

    static Stream<FileSystemUnderTest> fileSystems() {
        return FileSystemUnderTest.present();
    }

    private static String register(RegionPair pair, MemorySegment memory, Set<AccessFlag> access) {
        try {
            pair.domain.protectionDomain().register(memory, access).close();
            return "ok";
        } catch (VerbsException e) {
            return e.errnoName();
        }
    }

    private static String onDemandVerdict() {
        KernelRules kernel = KernelRules.current();
        return kernel.hasOnDemand() ? "ok" : kernel.major() == 6 && kernel.minor() < 12 ? "EINVAL" : "EOPNOTSUPP";
    }

    @Test
    void shouldTellOnDemandPagingAsTheDeviceHasIt() throws Exception {
        try (RegionPair pair = new RegionPair()) {
            assertThat(pair.context.attributes().onDemand().supported()).isEqualTo(KernelRules.current().hasOnDemand());
        }
    }

    @Test
    void shouldRegisterAnonymousMemory() throws Exception {
        try (RegionPair pair = new RegionPair(); Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(SIZE, 4096);
            assertThat(register(pair, memory, WRITABLE)).isEqualTo("ok");
            assertThat(register(pair, memory, ON_DEMAND)).isEqualTo(onDemandVerdict());
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldRegisterMappingsAsTheTableSays(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(fs.newFile("f", SIZE));
            mapping.segment().fill((byte) 1);
            String unpinnable = fs.kind() == MemoryKind.FS_DAX ? "EOPNOTSUPP" : "EFAULT";
            assertThat(register(pair, mapping.segment(), WRITABLE)).isEqualTo(KernelRules.current().canPin(fs.kind()) ? "ok" : unpinnable);
            assertThat(register(pair, mapping.segment(), READ_ONLY)).isEqualTo(fs.kind() == MemoryKind.FS_DAX ? "EOPNOTSUPP" : "ok");
            assertThat(register(pair, mapping.segment(), ON_DEMAND)).isEqualTo(onDemandVerdict());
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldChooseAWayThatWorksAndSayWhyItIsNotDirect(FileSystemUnderTest fs) throws Exception {
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(fs.newFile("f", SIZE));
            MemoryRegion region = pair.region(mapping);
            boolean pinned = KernelRules.current().canPin(fs.kind());
            assertThat(mapping.isSync()).as("MAP_SYNC").isEqualTo(fs.kind() == MemoryKind.FS_DAX);
            assertThat(region.isOnDemand()).isEqualTo(!pinned && KernelRules.current().hasOnDemand());
            assertThat(region.path()).isEqualTo(KernelRules.current().canRegister(fs.kind()) ? TransferPath.DIRECT : TransferPath.STAGED);
            assertThat(region.describe().reasons()).as("%s", region.describe()).hasSize(pinned ? 0 : 1);
            pair.write(1, (byte) 7, region, 3);
            pair.completeOne();
            assertThat(RegionPair.byteOf(mapping.file(), 3)).isEqualTo((byte) 7);
            if (!KernelRules.current().canRegister(fs.kind())) {
                assertThat(region.describe().reasons().getFirst()).contains("cannot be pinned").contains("no on-demand paging");
                assertThatThrownBy(() -> pair.domain.register(mapping, 0, SIZE, WRITABLE, LeasePolicy.REQUIRED))
                        .isInstanceOf(VerbsException.class).hasMessageContaining("EOPNOTSUPP").hasMessageContaining("on-demand");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fileSystems")
    void shouldStageTransfersAtOffsetsThatTheDeviceGetsWrong(FileSystemUnderTest fs) throws Exception {
        if (KernelRules.current().canPin(fs.kind()) || !KernelRules.current().hasOnDemand()) {
            return; // no such region of this kind
        }
        try (RegionPair pair = new RegionPair()) {
            DaxMapping mapping = pair.map(fs.newFile("f", SIZE));
            MemoryRegion region = pair.region(mapping);
            var requests = new SendWorkRequests(1, 2, 0);
            int posted = 0;
            for (long offset : new long[] {1, 64, 4095, 4097}) {
                pair.buffer.segment().asSlice(0, 64).fill((byte) ++posted);
                requests.clear();
                requests.write(posted).local(pair.buffer, 0, 64).remote(region, offset).signaled();
                assertThat(pair.requester.postSend(requests)).isEqualTo(1);
                pair.completeOne();
                assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, offset)).isEqualTo((byte) posted);
                assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, offset + 63)).isEqualTo((byte) posted);
            }
            requests.clear();
            requests.read(5).local(pair.buffer, 0, 64).local(region, 8192, 64).remote(pair.buffer, 4096).signaled();
            assertThat(pair.requester.postSend(requests)).as("the second element begins within a packet").isEqualTo(1);
            pair.completeOne();
            assertThat(pair.domain.counters()).isEqualTo(new RegionCounters(0, 5, 0, 0, 0, 0, 0));
            requests.clear();
            requests.write(6).local(pair.buffer, 0, 64).remote(region, 8192).signaled();
            assertThat(pair.requester.postSend(requests)).isEqualTo(1);
            pair.completeOne();
            assertThat(pair.domain.counters()).isEqualTo(new RegionCounters(1, 5, 0, 0, 0, 0, 0));
        }
    }

    @Test
    void shouldPinDeviceDaxWithoutALease() throws Exception {
        Optional<Path> device = deviceDax();
        if (device.isEmpty()) {
            Guest.skip("no device-DAX namespace: /dev/dax*");
        }
        try (RegionPair pair = new RegionPair()) {
            DaxFile file = pair.closing(DaxFile.open(device.orElseThrow()));
            assertThat(file.kind()).isEqualTo(MemoryKind.DEVICE_DAX);
            DaxMapping mapping = pair.closing(file.map(0, 2L << 20));
            MemoryRegion region = pair.region(mapping);
            assertThat(region.guard()).isEqualTo(Guard.NOT_NEEDED);
            pair.write(1, (byte) 77, region, 2);
            pair.completeOne();
            assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 2L * RegionPair.PAGE + 100)).isEqualTo((byte) 77);
        }
    }

    private static Optional<Path> deviceDax() throws IOException {
        try (Stream<Path> devices = Files.list(Path.of("/dev"))) {
            return devices.filter(path -> path.getFileName().toString().matches("dax[0-9.]+")).findFirst();
        }
    }
}
