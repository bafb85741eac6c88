package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.daxverbs.bindings.libc.LibC;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether memory is still the same file's: MappingWitness. */
@Timeout(60)
class MappingWitnessTest {
    private static final long PAGE = Posix.PAGE_SIZE;
    private static final int READ_WRITE = LibC.PROT_READ() | LibC.PROT_WRITE();

    private final int file = memfd("one");
    private final int other = memfd("other");
    private long at;
    private long pages = 8; // what is unmapped may be anybody's the next moment

    private static int memfd(String name) {
        int fd = Posix.memfdCreate("daxverbs-" + name);
        assertThat(fd).isNotNegative();
        assertThat(Posix.ftruncate(fd, 16 * PAGE)).isZero();
        return fd;
    }

    @BeforeEach
    void mapEightPages() {
        Assumptions.assumeTrue(MappingWitness.isAvailable(), "PROCMAP_QUERY: from Linux 6.11 on");
        at = Posix.mmap(0, 8 * PAGE, READ_WRITE, LibC.MAP_SHARED(), file, 2 * PAGE);
        assertThat(at).isPositive();
    }

    @AfterEach
    void unmap() {
        if (at > 0) {
            Posix.munmap(at, pages * PAGE);
        }
        Posix.close(file);
        Posix.close(other);
    }

    private void mapOver(long page, long pages, int protection, int flags, int fd, long offsetPages) {
        assertThat(Posix.mmap(at + page * PAGE, pages * PAGE, protection, flags | LibC.MAP_FIXED(), fd, offsetPages * PAGE))
                .isEqualTo(at + page * PAGE);
    }

    @Test
    void shouldRecognizeWhatHasNotChanged() {
        MappingWitness witness = MappingWitness.of(at + 100, at + 8 * PAGE);
        assertThat(witness.isStillSo(at + 100, at + 8 * PAGE)).isTrue();
        assertThat(witness.isStillSo(at + 5 * PAGE + 1, at + 5 * PAGE + 2)).isTrue();
        assertThatThrownBy(() -> witness.isStillSo(at, at + PAGE)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> witness.isStillSo(at + 100, at + 8 * PAGE + 1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldRecognizeTheSameBytesMappedAnew() {
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        mapOver(0, 8, LibC.PROT_NONE(), LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).as("nothing there").isFalse();
        mapOver(0, 8, READ_WRITE, LibC.MAP_SHARED(), file, 2);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).isTrue();
    }

    @Test
    void shouldTellAnotherFile() {
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        mapOver(3, 1, READ_WRITE, LibC.MAP_SHARED(), other, 5);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).isFalse();
        assertThat(witness.isStillSo(at, at + 3 * PAGE)).as("before it").isTrue();
        assertThat(witness.isStillSo(at + 4 * PAGE, at + 8 * PAGE)).as("behind it").isTrue();
        assertThat(witness.isStillSo(at + 3 * PAGE, at + 3 * PAGE + 1)).isFalse();
        mapOver(3, 1, READ_WRITE, LibC.MAP_SHARED(), file, 5);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).as("as it was, though in more mappings, perhaps").isTrue();
    }

    @Test
    void shouldTellAnotherOffset() {
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        mapOver(7, 1, READ_WRITE, LibC.MAP_SHARED(), file, 8);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).isFalse();
        assertThat(witness.isStillSo(at, at + 7 * PAGE)).isTrue();
    }

    @Test
    void shouldTellAnotherProtection() {
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        mapOver(0, 8, LibC.PROT_READ(), LibC.MAP_SHARED(), file, 2);
        assertThat(witness.isStillSo(at, at + 1)).isFalse();
    }

    @Test
    void shouldTellPrivateAndAnonymousMemoryAndAHole() {
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        mapOver(1, 1, READ_WRITE, LibC.MAP_PRIVATE(), file, 3);
        assertThat(witness.isStillSo(at + PAGE, at + 2 * PAGE)).as("private").isFalse();
        mapOver(2, 1, READ_WRITE, LibC.MAP_PRIVATE() | LibC.MAP_ANONYMOUS(), -1, 0);
        assertThat(witness.isStillSo(at + 2 * PAGE, at + 3 * PAGE)).as("anonymous").isFalse();
        Posix.munmap(at + 7 * PAGE, PAGE);
        pages = 7;
        assertThat(witness.isStillSo(at + 7 * PAGE, at + 8 * PAGE)).as("hole").isFalse();
        assertThat(MappingWitness.of(at + PAGE, at + 2 * PAGE)).as("private").isNull();
        assertThat(MappingWitness.of(at, at + 3 * PAGE)).as("partly anonymous").isNull();
        assertThat(MappingWitness.of(at + 6 * PAGE, at + 8 * PAGE)).as("partly a hole").isNull();
    }

    @Test
    void shouldRememberSeveralFiles() {
        mapOver(2, 2, READ_WRITE, LibC.MAP_SHARED(), other, 0);
        mapOver(5, 1, READ_WRITE, LibC.MAP_SHARED(), other, 9);
        mapOver(6, 1, LibC.PROT_READ(), LibC.MAP_SHARED(), other, 10);
        MappingWitness witness = MappingWitness.of(at, at + 8 * PAGE);
        assertThat(witness.isStillSo(at, at + 8 * PAGE)).isTrue();
        for (long page = 0; page < 8; page++) {
            assertThat(witness.isStillSo(at + page * PAGE, at + page * PAGE + 1)).isTrue();
        }
        mapOver(3, 1, READ_WRITE, LibC.MAP_SHARED(), file, 5);
        assertThat(witness.isStillSo(at, at + 3 * PAGE)).isTrue();
        assertThat(witness.isStillSo(at + 3 * PAGE, at + 4 * PAGE)).isFalse();
        assertThat(witness.isStillSo(at + 4 * PAGE, at + 8 * PAGE)).isTrue();
    }
}
