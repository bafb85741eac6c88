package dev.daxverbs.dax;

import dev.daxverbs.bindings.libc.LibC;

import java.nio.file.OpenOption;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * Open options as flags of {@code open(2)}, by the rules of {@link java.nio.channels.FileChannel#open}, except that WRITE reads too (a
 * mapping of a file that cannot be read does not exist), and that neither READ nor WRITE means both.
 *
 * @param bits the flags
 * @param writable whether the file may be written to
 */
record OpenFlags(int bits, boolean writable) {
    private static final Set<StandardOpenOption> SUPPORTED = EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE,
            StandardOpenOption.CREATE, StandardOpenOption.CREATE_NEW, StandardOpenOption.TRUNCATE_EXISTING);

    static OpenFlags of(OpenOption... options) {
        Set<StandardOpenOption> wanted = EnumSet.noneOf(StandardOpenOption.class);
        for (OpenOption option : options) {
            Objects.requireNonNull(option, "option");
            if (!(option instanceof StandardOpenOption standard) || !SUPPORTED.contains(standard)) {
                throw new UnsupportedOperationException("option=" + option + " is not supported; those are: " + SUPPORTED);
            }
            wanted.add(standard);
        }
        if (wanted.contains(StandardOpenOption.READ) && !wanted.contains(StandardOpenOption.WRITE)) {
            return new OpenFlags(LibC.O_RDONLY(), false); // the others mean something to writers only
        }
        int bits = LibC.O_RDWR();
        if (wanted.contains(StandardOpenOption.CREATE)) {
            bits |= LibC.O_CREAT();
        }
        if (wanted.contains(StandardOpenOption.CREATE_NEW)) {
            bits |= LibC.O_CREAT() | LibC.O_EXCL();
        }
        if (wanted.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
            bits |= LibC.O_TRUNC();
        }
        return new OpenFlags(bits, true);
    }

    boolean creates() {
        return (bits & LibC.O_CREAT()) != 0;
    }

    boolean createsNew() {
        return (bits & LibC.O_EXCL()) != 0;
    }

    /** As a C programmer would write them. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(writable ? "O_RDWR" : "O_RDONLY");
        append(text, LibC.O_CREAT(), "|O_CREAT");
        append(text, LibC.O_EXCL(), "|O_EXCL");
        append(text, LibC.O_TRUNC(), "|O_TRUNC");
        return text.append("|O_CLOEXEC").toString();
    }

    private void append(StringBuilder text, int bit, String name) {
        if ((bits & bit) != 0) {
            text.append(name);
        }
    }
}
