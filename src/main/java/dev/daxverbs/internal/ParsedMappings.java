package dev.daxverbs.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The text of {@code proc_pid_maps(5)}, read once: takes milliseconds where there are thousands of mappings. */
public final class ParsedMappings implements Mappings {
    /** The file of this process. */
    static final Path MAPS = Path.of("/proc/self/maps");
    /** The longest path that the kernel takes, without the final zero; the query gives no longer ones either. */
    private static final int LONGEST_NAME = 4095;
    /** On x86-64 a page of the kernel's, in its half of the addresses, which is in no process's list of mappings but in the text. */
    private static final String KERNEL_PAGE = "[vsyscall]";

    private final List<Mapping> mappings;

    private ParsedMappings(List<Mapping> mappings) {
        this.mappings = mappings;
    }

    /** Reads what is mapped now. What changes in the meantime may be there as it was or as it is. */
    public static ParsedMappings read() {
        try {
            return parse(new String(Files.readAllBytes(MAPS), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new UncheckedIOException("/proc must be mounted, for what memory is mapped from: " + e.getMessage(), e);
        }
    }

    /**
     * Reads the text.
     *
     * @param text lines of {@code start-end permissions offset major:minor inode name}, one char for each byte
     */
    static ParsedMappings parse(String text) {
        List<Mapping> mappings = new ArrayList<>();
        for (String line : text.split("\n")) { // not lines(): a carriage return may be part of a name
            String[] fields = line.split(" +", 6);
            if (fields.length < 5) {
                throw new IllegalArgumentException("not a line of " + MAPS + ": " + line);
            }
            String name = fields.length < 6 || fields[5].length() > LONGEST_NAME ? "" : fields[5];
            if (!name.equals(KERNEL_PAGE)) {
                mappings.add(mapping(fields, name));
            }
        }
        return new ParsedMappings(mappings);
    }

    private static Mapping mapping(String[] fields, String name) {
        int dash = fields[0].indexOf('-');
        int colon = fields[3].indexOf(':');
        return new Mapping(hexadecimal(fields[0].substring(0, dash)), hexadecimal(fields[0].substring(dash + 1)), fields[1].charAt(0) == 'r',
                fields[1].charAt(1) == 'w', fields[1].charAt(2) == 'x', fields[1].charAt(3) == 's', hexadecimal(fields[2]),
                hexadecimal(fields[3].substring(0, colon)) << 32 | hexadecimal(fields[3].substring(colon + 1)),
                Long.parseUnsignedLong(fields[4]), 0, name);
    }

    private static long hexadecimal(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    @Override
    public Mapping atOrAfter(long address) {
        int low = 0;
        int high = mappings.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (mappings.get(middle).end() > address) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low == mappings.size() ? null : mappings.get(low);
    }

    @Override
    public boolean escapesNewlines() {
        return true;
    }

    @Override
    public void close() {
        // nothing is open
    }
}
