package dev.daxverbs.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.testing.Guest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is mapped, from the two sources of the kernel's: ParsedMappings, QueriedMappings, Mappings, MountedFileSystems. */
@Timeout(600)
class MappingsTest {
    @Test
    void shouldParseText() {
        ParsedMappings mappings = ParsedMappings.parse("""
                00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/db us
                00e03000-00e24000 rw-p 00000000 00:00 0 \n\
                7f0000000000-7f0000001000 ---s 7fffffffff000 103:1ff 18446744073709551615                       /a  b\r \\012 (deleted)
                ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
                """);
        Mapping program = new Mapping(0x400000, 0x452000, true, false, true, false, 0x1000, 8L << 32 | 2, 173_521, 0, "/usr/bin/db us");
        Mapping heap = new Mapping(0xe03000, 0xe24000, true, true, false, false, 0, 0, 0, 0, "");
        Mapping odd = new Mapping(0x7f0000000000L, 0x7f0000001000L, false, false, false, true, 0x7fffffffff000L, 0x103L << 32 | 0x1ff, -1, 0,
                "/a  b\r \\012 (deleted)");
        assertThat(mappings.atOrAfter(0)).isEqualTo(program);
        assertThat(mappings.atOrAfter(0x400000)).isEqualTo(program);
        assertThat(mappings.atOrAfter(0x451fff)).isEqualTo(program);
        assertThat(mappings.atOrAfter(0x452000)).isEqualTo(heap);
        assertThat(mappings.atOrAfter(0xe24000)).isEqualTo(odd);
        assertThat(mappings.atOrAfter(0x7f0000001000L)).as("the kernel's page is not the process's").isNull();
        assertThat(program.hasFile()).isTrue();
        assertThat(heap.hasFile()).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> ParsedMappings.parse("00400000-00452000 r-xp")).withMessageContaining("r-xp");
    }

    @Test
    void shouldTellTheSameFromBothSources() {
        try (Mappings queried = QueriedMappings.open()) {
            assertThat(queried != null).as("PROCMAP_QUERY is there from Linux 6.11 on").isEqualTo(kernelIsAtLeast(6, 11));
            if (queried == null) {
                return;
            }
            int files = 0;
            // The JVM maps and unmaps memory of its own at any time, so what is no file may differ.
            for (Mapping parsed : all(ParsedMappings.read())) {
                if (parsed.inode() != 0 && parsed.name().startsWith("/")) {
                    Mapping other = queried.atOrAfter(parsed.start());
                    assertThat(other.pageBytes()).isEqualTo(Posix.PAGE_SIZE);
                    assertThat(withoutPageBytes(other)).isEqualTo(parsed);
                    files++;
                }
            }
            assertThat(files).as("libraries of the JVM").isGreaterThan(10);
            assertThat(all(queried)).extracting(Mapping::name).contains("[heap]", "[vdso]", "[stack]").doesNotContain("[vsyscall]");
            assertThat(all(ParsedMappings.read())).extracting(Mapping::name).contains("[heap]", "[vdso]", "[stack]").doesNotContain("[vsyscall]");
        }
    }

    private static Mapping withoutPageBytes(Mapping mapping) {
        return new Mapping(mapping.start(), mapping.end(), mapping.readable(), mapping.writable(), mapping.executable(), mapping.shared(),
                mapping.offset(), mapping.device(), mapping.inode(), 0, mapping.name());
    }

    private static boolean kernelIsAtLeast(int major, int minor) {
        String[] release = System.getProperty("os.version").split("[.-]");
        int[] version = {Integer.parseInt(release[0]), Integer.parseInt(release[1])};
        return version[0] > major || version[0] == major && version[1] >= minor;
    }

    private static List<Mapping> all(Mappings mappings) {
        List<Mapping> all = new ArrayList<>();
        for (Mapping next = mappings.atOrAfter(0); next != null; next = mappings.atOrAfter(next.end())) {
            all.add(next);
        }
        return all;
    }

    @Test
    void shouldKeepNothingOpen() throws Exception {
        try (Mappings mappings = Mappings.open()) {
            mappings.atOrAfter(0);
        }
        long before = descriptorsOnMaps();
        for (int i = 0; i < 10; i++) {
            try (Mappings mappings = Mappings.open()) {
                assertThat(mappings.atOrAfter(0)).isNotNull();
            }
        }
        assertThat(descriptorsOnMaps()).isEqualTo(before);
    }

    private static long descriptorsOnMaps() throws IOException {
        try (var links = Files.list(Path.of("/proc/self/fd"))) {
            return links.filter(link -> {
                try {
                    return Files.readSymbolicLink(link).endsWith("maps");
                } catch (IOException e) {
                    return false; // closed since
                }
            }).count();
        }
    }

    @Test
    void shouldTellTypesOfMountedFileSystems() {
        MountedFileSystems mounted = new MountedFileSystems();
        assertThat(mounted.typeOf(deviceOf("/proc"))).contains("proc");
        assertThat(mounted.typeOf(deviceOf("/dev/shm"))).contains("tmpfs");
        int memfd = Posix.memfdCreate("daxverbs-test");
        assertThat(mounted.typeOf(deviceOf("/proc/self/fd/" + memfd))).as("mounted nowhere").isEmpty();
        Posix.close(memfd);
        if (Guest.isHere()) {
            assertThat(mounted.typeOf(deviceOf("/mnt/xfs"))).contains("xfs");
            assertThat(mounted.typeOf(deviceOf("/mnt/ext4"))).contains("ext4");
        }
    }

    private static long deviceOf(String path) {
        int fd = Posix.open(path, LibC.O_PATH(), 0);
        FileStatus[] status = new FileStatus[1];
        assertThat(Posix.status(fd, status)).isZero();
        Posix.close(fd);
        return status[0].device();
    }
}
