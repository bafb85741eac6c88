package dev.daxverbs.dax;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The name of a mapping, which does not always say clearly what it means: {@code " (deleted)"} at its end may be the kernel's remark or part of a
 * file's name, and in the text of {@code proc_pid_maps(5)} {@code \012} may be a newline or these four characters.
 *
 * @param raw the name, each char a byte
 * @param newlinesEscaped whether it is from that text
 */
record KernelName(String raw, boolean newlinesEscaped) {
    private static final String DELETED = " (deleted)";
    private static final String NEWLINE = "\\012";

    /** Each path that may be meant; the first ones are those that say more. Which it is only the files there can tell. */
    Set<String> possiblePaths() {
        if (!raw.startsWith("/")) {
            return Set.of();
        }
        Set<String> paths = new LinkedHashSet<>(List.of(plain(), raw));
        for (String path : List.of(plain(), raw)) {
            paths.add(withoutRemark(path));
        }
        return paths;
    }

    /** What is most likely meant, without the remark. */
    String likely() {
        return withoutRemark(plain());
    }

    /** Whether the kernel seems to say that the file is not there any more. */
    boolean remarksDeleted() {
        return raw.endsWith(DELETED);
    }

    private String plain() {
        return newlinesEscaped ? raw.replace(NEWLINE, "\n") : raw;
    }

    private static String withoutRemark(String path) {
        return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
    }

    static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** For people. */
    static String text(String name) {
        return new String(bytes(name), StandardCharsets.UTF_8);
    }
}
