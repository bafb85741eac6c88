package dev.daxverbs.examples.stream;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which file it is, whatever its name. {@code stat(2)} tells, which opens nothing and breaks no lease.
 *
 * @param device the number of its file system
 * @param inode its inode number
 */
record FileIdentity(Object device, Object inode) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    static FileIdentity of(Path path) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(path, "unix:dev,ino");
        return new FileIdentity(attributes.get("dev"), attributes.get("ino"));
    }

    /** The descriptors that this process has of it: the program's and the library's. */
    List<Integer> descriptors() throws IOException {
        List<Integer> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path one : all) {
                try {
                    if (of(one).equals(this)) {
                        found.add(Integer.valueOf(one.getFileName().toString()));
                    }
                } catch (NoSuchFileException e) {
                    continue; // closed since, such as the one of this loop
                }
            }
        }
        return found;
    }
}
