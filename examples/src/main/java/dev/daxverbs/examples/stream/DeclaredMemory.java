package dev.daxverbs.examples.stream;

import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.dax.DaxMapping;
import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * A mapping of the library's own. The file stays open, and {@code pread(2)} on this one descriptor is how it is read.
 *
 * @param file the file
 * @param mapping all of it
 */
record DeclaredMemory(DaxFile file, DaxMapping mapping) implements FileMemory {
    static DeclaredMemory map(DaxFile file, Closing closing) throws IOException {
        return new DeclaredMemory(file, closing.add(file.map(0, file.size())));
    }

    @Override
    public MemoryKind kind() {
        return file.kind();
    }

    @Override
    public long sizeBytes() {
        return mapping.length();
    }

    @Override
    public MemoryRegion register(RegionDomain domain, Layout.Part part, Set<AccessFlag> access) throws IOException {
        return domain.register(mapping, part.offset(), part.lengthBytes(), access);
    }

    @Override
    public Content content() {
        return file::read;
    }

    @Override
    public Path pathForOthers() {
        return file.path();
    }

    @Override
    public void compareInTheEnd(Tally tally) {
        // All comparisons were with the file itself.
    }
}
