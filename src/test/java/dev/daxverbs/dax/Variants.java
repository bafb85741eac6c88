package dev.daxverbs.dax;

import static org.assertj.core.api.Assertions.assertThat;

import dev.daxverbs.bindings.libc.LibC;
import dev.daxverbs.internal.Mapping;
import dev.daxverbs.internal.Mappings;
import dev.daxverbs.internal.ParsedMappings;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.internal.QueriedMappings;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The ways to resolve, which must all give the same. */
final class Variants {
    static final AddressSpace.MappingSource PARSED = ParsedMappings::read;
    static final AddressSpace.MappingSource QUERIED = QueriedMappings::open;

    private Variants() {
    }

    /** The sources that this machine's kernel has. */
    static List<AddressSpace.MappingSource> sources() {
        List<AddressSpace.MappingSource> sources = new ArrayList<>(List.of(PARSED));
        try (Mappings queried = QUERIED.open()) {
            if (queried != null) {
                sources.add(QUERIED);
            }
        }
        return sources;
    }

    /** Whether this process may reach files through {@code /proc/self/map_files}, which takes a privilege. */
    static boolean mayUseMapFiles() {
        Mapping some = first(Mapping::hasFile);
        int fd = Posix.open("/proc/self/map_files/" + Long.toHexString(some.start()) + "-" + Long.toHexString(some.end()), LibC.O_PATH(), 0);
        Posix.close(fd);
        return fd >= 0;
    }

    /** What all of them say. */
    static List<Extent> resolve(long address, long length) {
        List<Extent> extents = AddressSpace.resolve(address, length);
        for (AddressSpace.MappingSource source : sources()) {
            assertThat(AddressSpace.resolve(address, length, source, MappedFiles.Way.ALL)).isEqualTo(extents);
        }
        return extents;
    }

    /** The one extent that all of them find. */
    static Extent resolveOne(MappedMemory memory) {
        List<Extent> extents = resolve(memory.address(), memory.length());
        assertThat(extents).hasSize(1);
        assertThat(extents.getFirst().address()).isEqualTo(memory.address());
        assertThat(extents.getFirst().length()).isEqualTo(memory.length());
        return extents.getFirst();
    }

    /** The same by some of the ways to reach its file only. */
    static Extent resolveOne(MappedMemory memory, MappedFiles.Way... ways) {
        List<Extent> extents = AddressSpace.resolve(memory.address(), memory.length(), PARSED, List.of(ways));
        for (AddressSpace.MappingSource source : sources()) {
            assertThat(AddressSpace.resolve(memory.address(), memory.length(), source, List.of(ways))).isEqualTo(extents);
        }
        assertThat(extents).hasSize(1);
        return extents.getFirst();
    }

    /** The first mapping that the kernel calls so; fails without one. */
    static Mapping named(String name) {
        return first(mapping -> mapping.name().equals(name));
    }

    private static Mapping first(Predicate<Mapping> wanted) {
        try (Mappings mappings = PARSED.open()) {
            for (Mapping mapping = mappings.atOrAfter(0); mapping != null; mapping = mappings.atOrAfter(mapping.end())) {
                if (wanted.test(mapping)) {
                    return mapping;
                }
            }
        }
        throw new AssertionError("there is no such mapping");
    }
}
