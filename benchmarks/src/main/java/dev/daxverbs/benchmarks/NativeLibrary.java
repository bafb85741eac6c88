package dev.daxverbs.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A C source beside the classes, which is compiled when it is needed. */
final class NativeLibrary {
    private NativeLibrary() {
    }

    /**
     * Compiles a library and loads it.
     *
     * @param source the name of the source
     * @param name the name of the library's file, which is also what it calls itself
     * @param load is given the file, which is gone afterwards
     * @param flags for the compiler, beside the usual ones
     * @throws IOException if it cannot be compiled
     */
    static void load(String source, String name, Consumer<Path> load, String... flags) throws IOException {
        Path folder = Files.createTempDirectory("daxverbs-native-");
        Path copy = folder.resolve(source);
        Path library = folder.resolve(name);
        try (InputStream text = NativeLibrary.class.getResourceAsStream(source)) {
            Files.copy(text, copy);
            compile(copy, library, name, flags);
            load.accept(library);
        } finally {
            Files.deleteIfExists(library);
            Files.deleteIfExists(copy);
            Files.delete(folder);
        }
    }

    private static void compile(Path source, Path library, String name, String... flags) throws IOException {
        List<String> command = new ArrayList<>(List.of("cc", "-O2", "-shared", "-fPIC", "-Wl,-soname," + name, "-o", library.toString(),
                source.toString()));
        command.addAll(List.of(flags));
        Process compiler = new ProcessBuilder(command).inheritIO().start();
        int status = compiler.onExit().join().exitValue();
        if (status != 0) {
            throw new IOException("cc ends with status=%d: it needs the packages gcc and libibverbs-dev".formatted(status));
        }
    }
}
