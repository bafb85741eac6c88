package dev.daxverbs.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The POSIX record locks of this process ({@code fcntl(2)}, F_SETLK), as {@code proc_locks(5)} lists them. */
public final class RecordLocks {
    private static final Path LOCKS = Path.of("/proc/locks");

    // 1: POSIX  ADVISORY  WRITE 4711 00:1b:42 0 EOF
    private static final int TYPE = 1;
    private static final int PROCESS = 4;
    private static final int FILE = 5;

    private RecordLocks() {
    }

    /**
     * Whether this process has one on a file.
     *
     * @param device the device of its file system, packed as {@code major << 32 | minor}
     * @param inode its inode number
     * @return false also where the kernel does not tell: without {@code /proc}
     */
    public static boolean areHeldOn(long device, long inode) {
        String process = Long.toString(ProcessHandle.current().pid());
        String file = "%02x:%02x:%d".formatted(device >>> 32, device & 0xffff_ffffL, inode);
        try {
            // Not a stream: the file says that it has no length.
            for (String line : Files.readAllLines(LOCKS)) {
                String[] words = line.trim().split(" +");
                if (words.length > FILE && words[TYPE].equals("POSIX") && words[PROCESS].equals(process) && words[FILE].equals(file)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }
}
