package dev.daxverbs.examples.stream;

import dev.daxverbs.dax.MemoryKind;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** The memory of the file, all of it, as the program came by it. One thread, but for what {@link #content} gives. */
interface FileMemory {
    /** What it is made of. */
    MemoryKind kind();

    /** How long the file was when it was mapped. */
    long sizeBytes();

    /** Registers a part of it. */
    MemoryRegion register(RegionDomain domain, Layout.Part part, Set<AccessFlag> access) throws IOException;

    /** What reads the file for one thread; to be closed. */
    Content content() throws IOException;

    /**
     * By which path other processes come to the file, when it has been registered.
     *
     * @throws IOException if there is none
     */
    Path pathForOthers() throws IOException;

    /** When all transfers have ended, and the others: looks once more whether it was that file. */
    void compareInTheEnd(Tally tally) throws IOException;
}
