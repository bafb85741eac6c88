package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * What the kernel notes of a mapping beside its place and protection: the {@code VmFlags} of {@code /proc/self/smaps} ({@code proc_pid_smaps(5)}). To
 * read them the kernel walks the page tables of all mappings before, which takes milliseconds in a large process.
 *
 * @param words two letters each
 */
public record MappingFlags(Set<String> words) {
    private static final Path SMAPS = Path.of("/proc/self/smaps");
    private static final String FLAGS = "VmFlags:";

    /** Looks for those of a mapping; empty if it is not there any more as it was, or the kernel does not tell. */
    public static Optional<MappingFlags> of(Mapping mapping) {
        String beginning = Long.toHexString(mapping.start()) + "-" + Long.toHexString(mapping.end()) + " ";
        // The kernel pads short addresses with zeros to eight digits.
        String padded = "%08x-%08x ".formatted(mapping.start(), mapping.end());
        try (BufferedReader lines = Files.newBufferedReader(SMAPS, StandardCharsets.ISO_8859_1)) {
            boolean within = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (within && line.startsWith(FLAGS)) {
                    return Optional.of(new MappingFlags(Set.of(line.substring(FLAGS.length()).strip().split(" +"))));
                }
                within |= line.startsWith(beginning) || line.startsWith(padded);
            }
        } catch (IOException e) {
            // not told
        }
        return Optional.empty();
    }

    /** Whether it may be made writable: a shared mapping if its file was opened for writing. */
    public boolean mayWrite() {
        return words.contains("mw");
    }

    /** Whether it is synchronous: {@code MAP_SYNC}. */
    public boolean isSync() {
        return words.contains("sf");
    }

    /** Whether its pages are locked: {@code mlock(2)}, {@code MAP_LOCKED}. */
    public boolean isLocked() {
        return words.contains("lo");
    }

    /** Whether swap space is not reserved for it: {@code MAP_NORESERVE}. */
    public boolean isNotReserved() {
        return words.contains("nr");
    }

    /** Whether it has something to it that another mapping in its place would not have: {@code userfaultfd(2)}, pages that are no memory. */
    public boolean cannotBeRepeated() {
        return words.contains("um") || words.contains("uw") || words.contains("ui") || words.contains("io") || words.contains("pf");
    }

    /** The advice that was given for it, each as an argument of {@code madvise(2)}. */
    public int[] advice() {
        return words.stream().mapToInt(word -> switch (word) {
            case "dc" -> Advice.DONTFORK;
            case "dd" -> Advice.DONTDUMP;
            case "sr" -> Advice.SEQUENTIAL;
            case "rr" -> Advice.RANDOM;
            case "hg" -> Advice.HUGEPAGE;
            case "nh" -> Advice.NOHUGEPAGE;
            default -> -1;
        }).filter(advice -> advice >= 0).toArray();
    }

    /** Of {@code madvise(2)}; those that are not generated are the same on all platforms that Linux runs a JVM on. */
    private static final class Advice {
        static final int RANDOM = 1;
        static final int SEQUENTIAL = 2;
        static final int DONTFORK = LibC.MADV_DONTFORK();
        static final int HUGEPAGE = LibC.MADV_HUGEPAGE();
        static final int NOHUGEPAGE = 15;
        static final int DONTDUMP = 16;
    }
}
