package dev.daxverbs.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The file systems that this process sees mounted, as {@code proc_pid_mountinfo(5)} tells when it is first asked. One thread at a time. */
public final class MountedFileSystems {
    private Map<Long, String> types;

    /**
     * The type of a file system.
     *
     * @param device its device, packed as {@code major << 32 | minor}
     * @return for instance {@code tmpfs}; empty if it is not mounted, at least not where this process sees it
     */
    public Optional<String> typeOf(long device) {
        if (types == null) {
            types = read();
        }
        return Optional.ofNullable(types.get(device));
    }

    /** Fields of a line: {@code id parent major:minor root point options [tags...] - type source superoptions}; spaces in them are escaped. */
    private static Map<Long, String> read() {
        Map<Long, String> types = new HashMap<>();
        String text;
        try {
            text = new String(Files.readAllBytes(Path.of("/proc/self/mountinfo")), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return types; // then nothing is known of any
        }
        for (String line : text.split("\n")) {
            String[] device = line.split(" ", 4)[2].split(":");
            int type = line.indexOf(" - ") + 3;
            types.put(Long.parseLong(device[0]) << 32 | Long.parseLong(device[1]), line.substring(type, line.indexOf(' ', type)));
        }
        return types;
    }
}
