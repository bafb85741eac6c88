package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.ParsedMappings;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.testing.FileSystemUnderTest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Ranges over several mappings, bad ones, and ones that change meanwhile: AddressSpace.resolve. */
@Timeout(600)
class AddressSpaceRangeTest {
    private static final long PAGE = Posix.PAGE_SIZE;
    private static final int SHARED = LibC.MAP_SHARED();
    private static final int ANONYMOUS = LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS();

    private final FileSystemUnderTest tmpfs = FileSystemUnderTest.tmpfs();
    private DaxFile left;
    private DaxFile right;

    @BeforeEach
    void makeFiles() throws IOException {
        left = DaxFile.open(tmpfs.newFile("left", 64 * PAGE));
        right = DaxFile.open(tmpfs.newFile("right", 64 * PAGE));
    }

    @AfterEach
    void deleteFiles() throws IOException {
        left.close();
        right.close();
        tmpfs.close();
    }

    /** A range of the address space that is the test's own, with nothing usable in it. */
    private static MappedMemory reserve(long pages) {
        return MappedMemory.of(pages * PAGE, LibC.PROT_NONE(), ANONYMOUS, -1, 0);
    }

    @Test
    void shouldGiveExtentsInAscendingOrder() {
        try (MappedMemory memory = reserve(10)) {
            memory.replace(0, 2 * PAGE, MappedMemory.READ_WRITE, SHARED, left.fileDescriptor(), 5 * PAGE);
            memory.replace(2 * PAGE, 2 * PAGE, MappedMemory.READ_WRITE, SHARED, right.fileDescriptor(), 7 * PAGE);
            memory.replace(4 * PAGE, 2 * PAGE, LibC.PROT_READ(), SHARED, right.fileDescriptor(), 9 * PAGE);
            memory.replace(6 * PAGE, 2 * PAGE, LibC.PROT_READ(), LibC.MAP_PRIVATE(), right.fileDescriptor(), 11 * PAGE);
            memory.replace(8 * PAGE, 2 * PAGE, MappedMemory.READ_WRITE, ANONYMOUS, -1, 0);
            List<Extent> extents = Variants.resolve(memory.address() + 100, 10 * PAGE - 200);
            assertThat(extents).extracting(Extent::kind).containsExactly(ExtentKind.SHARED_FILE, ExtentKind.SHARED_FILE, ExtentKind.SHARED_FILE,
                    ExtentKind.PRIVATE_FILE, ExtentKind.ANONYMOUS);
            assertThat(extents).extracting(Extent::offset).containsExactly(5 * PAGE + 100, 7 * PAGE, 9 * PAGE, 11 * PAGE, 0L);
            assertThat(extents).extracting(Extent::name).containsExactly(left.path().toString(), right.path().toString(),
                    right.path().toString(), right.path().toString(), "");
            assertThat(extents).extracting(Extent::writable).containsExactly(true, true, false, false, true);
            assertCovers(extents, memory.address() + 100, 10 * PAGE - 200);
            assertThat(extents).as("the list is immutable").isUnmodifiable();
        }
    }

    private static void assertCovers(List<Extent> extents, long address, long length) {
        long next = address;
        for (Extent extent : extents) {
            assertThat(extent.address()).isEqualTo(next);
            assertThat(extent.length()).isPositive();
            next += extent.length();
        }
        assertThat(next).isEqualTo(address + length);
    }

    @Test
    void shouldJoinMappingsThatTheKernelKeepsApartForOtherReasons() {
        try (MappedMemory memory = MappedMemory.shared(left.fileDescriptor(), 6 * PAGE, 3 * PAGE);
                MappedMemory anonymous = MappedMemory.anonymous(6 * PAGE)) {
            memory.advise(2 * PAGE, 2 * PAGE, LibC.MADV_DONTFORK());
            anonymous.advise(2 * PAGE, 2 * PAGE, LibC.MADV_DONTFORK());
            assertThat(mappingsIn(memory)).as("MADV_DONTFORK splits").isEqualTo(3);
            Extent extent = Variants.resolveOne(memory);
            assertThat(extent.offset()).isEqualTo(3 * PAGE);
            Variants.resolveOne(anonymous);
        }
    }

    private static int mappingsIn(MappedMemory memory) {
        int count = 0;
        try (var mappings = Variants.PARSED.open()) {
            for (long next = memory.address(); next < memory.address() + memory.length(); count++) {
                next = mappings.atOrAfter(next).end();
            }
        }
        return count;
    }

    @Test
    void shouldNotJoinNeighboursOfOneFileThatAreApartInIt() {
        try (MappedMemory memory = reserve(4)) {
            memory.replace(0, PAGE, MappedMemory.READ_WRITE, SHARED, left.fileDescriptor(), 0);
            memory.replace(PAGE, PAGE, MappedMemory.READ_WRITE, SHARED, left.fileDescriptor(), PAGE);
            memory.replace(2 * PAGE, PAGE, MappedMemory.READ_WRITE, SHARED, left.fileDescriptor(), PAGE);
            memory.replace(3 * PAGE, PAGE, MappedMemory.READ_WRITE, SHARED, left.fileDescriptor(), 0);
            List<Extent> extents = Variants.resolve(memory.address(), 4 * PAGE);
            assertThat(extents).extracting(Extent::offset).containsExactly(0L, PAGE, 0L);
            assertThat(extents).extracting(Extent::length).containsExactly(2 * PAGE, PAGE, PAGE);
        }
    }

    @Test
    void shouldResolveOneOfThousandsAndAllOfThem() {
        int count = 8_000;
        try (MappedMemory memory = reserve(count)) {
            for (int i = 0; i < count; i++) { // neighbours that cannot be merged
                DaxFile file = i % 2 == 0 ? left : right;
                memory.replace(i * PAGE, PAGE, i % 3 == 0 ? LibC.PROT_READ() : MappedMemory.READ_WRITE, SHARED, file.fileDescriptor(),
                        i % 64 * PAGE);
            }
            List<Extent> extents = Variants.resolve(memory.address(), count * PAGE);
            assertThat(extents).hasSize(count);
            assertCovers(extents, memory.address(), count * PAGE);
            for (int i = 0; i < count; i += 997) {
                assertThat(extents.get(i).name()).isEqualTo((i % 2 == 0 ? left : right).path().toString());
                assertThat(extents.get(i).offset()).isEqualTo(i % 64 * PAGE);
                assertThat(extents.get(i).writable()).isEqualTo(i % 3 != 0);
                assertThat(Variants.resolve(memory.address() + i * PAGE, PAGE)).containsExactly(extents.get(i));
            }
        }
    }

    @Test
    void shouldRefuseRangeThatIsNotMapped() {
        try (MappedMemory memory = MappedMemory.shared(left.fileDescriptor(), 10 * PAGE, 0)) {
            memory.unmap(4 * PAGE, 2 * PAGE);
            long hole = memory.address() + 4 * PAGE;
            assertRefused(memory.address() + PAGE, 8 * PAGE, hole,
                    "nothing is mapped from 0x%x to 0x%x".formatted(hole, hole + 2 * PAGE), "before it Extent[", left.path().toString());
            assertRefused(hole + PAGE, 1, hole + PAGE, "nothing is mapped from 0x%x to 0x%x".formatted(hole + PAGE, hole + 2 * PAGE));
            assertRefused(memory.address() + 3 * PAGE, PAGE + 1, hole, "nothing is mapped");
            Variants.resolve(memory.address() + 3 * PAGE, PAGE); // just up to the hole
            Variants.resolve(memory.address() + 6 * PAGE, PAGE); // and right behind it
        }
        assertRefused(0, 1, 0, "nothing is mapped from 0x0");
        assertRefused(Long.MAX_VALUE - 1, 1, Long.MAX_VALUE - 1, "nothing is mapped at 0x7ffffffffffffffe nor anywhere behind it");
    }

    @Test
    void shouldRefuseMemoryThatMayNotBeTouched() {
        try (MappedMemory memory = MappedMemory.shared(left.fileDescriptor(), 3 * PAGE, 0)) {
            memory.replace(PAGE, PAGE, LibC.PROT_NONE(), SHARED, right.fileDescriptor(), 0);
            assertRefused(memory.address(), 3 * PAGE, memory.address() + PAGE, "PROT_NONE", right.path().toString(), "before it Extent[");
        }
    }

    private static void assertRefused(long address, long length, long at, String... parts) {
        for (AddressSpace.MappingSource source : Variants.sources()) {
            InaccessibleMemoryException refused = catchThrowableOfType(InaccessibleMemoryException.class,
                    () -> AddressSpace.resolve(address, length, source, MappedFiles.Way.ALL));
            assertThat(refused).isNotNull().hasMessageContainingAll(parts)
                    .hasMessageContainingAll("address=0x" + Long.toHexString(address), "length=" + length);
            assertThat(refused.address()).isEqualTo(at);
        }
    }

    @ParameterizedTest
    @CsvSource({"4096,0", "4096,-1", "4096,-9223372036854775808", "9223372036854775807,1", "4096,9223372036854775807", "-4096,1", "-4096,8192",
            "-1,1"})
    void shouldRefuseRangeThatIsNone(long address, long length) {
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSpace.resolve(address, length))
                .withMessageContainingAll("address=0x" + Long.toHexString(address), "length=" + length);
    }

    @Test
    void shouldNotMixFilesWhenAnotherIsMappedAfterTheLook() throws Exception {
        try (MappedMemory memory = MappedMemory.shared(left.fileDescriptor(), PAGE, 0)) {
            ParsedMappings before = ParsedMappings.read();
            memory.replace(0, PAGE, MappedMemory.READ_WRITE, SHARED, right.fileDescriptor(), 0);
            Extent past = AddressSpace.resolve(memory.address(), PAGE, () -> before, MappedFiles.Way.ALL).getFirst();
            assertThat(past.name()).isEqualTo(left.path().toString());
            assertThat(past.inode()).isEqualTo(inodeOf(left.path()));
            assertThat(Variants.resolveOne(memory).inode()).isEqualTo(inodeOf(right.path()));
        }
    }

    @Test
    void shouldNeverMixFilesWhileAnotherThreadRemaps() throws Exception {
        List<AddressSpace.MappingSource> sources = Variants.sources();
        AtomicBoolean stop = new AtomicBoolean();
        long leftInode = inodeOf(left.path());
        long rightInode = inodeOf(right.path());
        try (MappedMemory memory = reserve(4)) {
            Thread remapper = Thread.ofPlatform().start(() -> {
                for (int i = 0; !stop.get(); i++) {
                    DaxFile file = i % 2 == 0 ? left : right;
                    memory.replace(0, (1 + i % 4) * PAGE, MappedMemory.READ_WRITE, SHARED, file.fileDescriptor(), i % 2 * 8 * PAGE);
                    if (i % 5 == 0) {
                        memory.replace(i % 4 * PAGE, PAGE, LibC.PROT_NONE(), ANONYMOUS, -1, 0);
                    }
                }
            });
            int resolved = 0;
            int refused = 0;
            try {
                for (int i = 0; i < 1_000; i++) {
                    AddressSpace.MappingSource source = sources.get(i % sources.size());
                    try {
                        List<Extent> extents = AddressSpace.resolve(memory.address(), 4 * PAGE, source, MappedFiles.Way.ALL);
                        assertCovers(extents, memory.address(), 4 * PAGE);
                        for (Extent extent : extents) {
                            boolean isLeft = extent.inode() == leftInode;
                            assertThat(isLeft || extent.inode() == rightInode).isTrue();
                            assertThat(extent.confirmed()).isTrue();
                            assertThat(extent.name()).isEqualTo((isLeft ? left : right).path().toString());
                            assertThat(extent.offset() >= 8 * PAGE).isEqualTo(!isLeft);
                        }
                        resolved++;
                    } catch (InaccessibleMemoryException e) {
                        refused++;
                    }
                }
            } finally {
                stop.set(true);
                remapper.join();
            }
            assertThat(resolved).as("refused: %d", refused).isPositive();
            assertThat(refused).as("resolved: %d", resolved).isPositive();
        }
    }

    private static long inodeOf(Path path) throws IOException {
        return (long) Files.getAttribute(path, "unix:ino");
    }
}
