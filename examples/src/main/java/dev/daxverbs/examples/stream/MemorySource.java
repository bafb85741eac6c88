package dev.daxverbs.examples.stream;

import java.util.Locale;

/** How the program comes by the memory of the file, and what the library is told of it. */
enum MemorySource {
    /** {@code DaxFile.map}: the library knows its file, which stays open. */
    DECLARED,
    /** {@code FileChannel.map}, the channel closed. The library is given the memory only, here and below. */
    CHANNEL,
    /** A C library maps the file and closes its descriptor. */
    C_LIBRARY,
    /** As {@link #CHANNEL}; then the file gets another name, and another file the name that it had. */
    RENAMED,
    /** As {@link #CHANNEL}; then the file is deleted, and another one gets its name. */
    UNLINKED;

    boolean isDeclared() {
        return this == DECLARED;
    }

    /** Whether the file is not at its path any more when it has been mapped. */
    boolean losesName() {
        return this == RENAMED || this == UNLINKED;
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
