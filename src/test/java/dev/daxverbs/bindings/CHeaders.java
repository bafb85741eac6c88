package dev.daxverbs.bindings;

import dev.daxverbs.bindings.GeneratedUses.Use;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks the C compiler where the headers of this machine have something: writes a program of one line for each question, compiles and
 * runs it. What the headers do not have the compiler reports by line; those lines are left out at the second attempt.
 */
final class CHeaders {
    private static final Path BINDINGS = Path.of("bindings");
    private static final Map<String, String> HEADERS = Map.of("ibverbs", "ibverbs.h", "rdmacm", "rdmacm.h", "libc", "libc.h", "linux",
            "linux_fcntl.h");
    private static final Pattern NO_HEADER = Pattern.compile("fatal error: '?([\\w/.]+)'?(: No such file| file not found)");
    private static final Pattern NOT_THERE = Pattern.compile("^[^:\\n]*:(\\d+):\\d+: error: (.*(?:no member named|incomplete type"
            + "|undefined type|unknown type name|undeclared|forward declaration).*)$", Pattern.MULTILINE);
    private static final Pattern ANY_ERROR = Pattern.compile("^[^:\\n]*:(\\d+):\\d+: error: .*$", Pattern.MULTILINE);

    private final Path folder;
    private final String compiler;
    private final Map<Use, String> absent = new TreeMap<>();

    /** Nothing can be asked on this machine, for the lack of what the message says. */
    static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1L;

        Unavailable(String what) {
            super(what);
        }
    }

    CHeaders(Path folder) throws IOException, InterruptedException, Unavailable {
        this.folder = folder;
        compiler = compiler().orElseThrow(() -> new Unavailable("no C compiler (cc, gcc): install the package gcc"));
    }

    private Optional<String> compiler() throws IOException, InterruptedException {
        for (String candidate : List.of("cc", "gcc")) {
            try {
                if (run(candidate, "--version").status == 0) {
                    return Optional.of(candidate);
                }
            } catch (IOException e) {
                // ProcessBuilder's way to say that there is no such program: try the next
            }
        }
        return Optional.empty();
    }

    /** What the last {@link #layouts} did not find in the headers, with the compiler's message. */
    Map<Use, String> absent() {
        return absent;
    }

    /** Where the headers have each of the uses, all of one library. */
    Map<Use, Layout> layouts(String library, Collection<Use> uses) throws IOException, InterruptedException, Unavailable {
        absent.clear();
        Set<Use> asked = new LinkedHashSet<>(uses);
        Path source = folder.resolve(library + ".c");
        Path program = folder.resolve(library);
        String includes = Files.readString(BINDINGS.resolve("headers").resolve(HEADERS.get(library)));
        while (true) {
            List<String> lines = new ArrayList<>(includes.lines().toList());
            Map<Integer, Use> byLine = new HashMap<>();
            write(library, asked, lines, byLine);
            Files.write(source, lines);
            Outcome compiled = run(compiler, "-w", "-D_GNU_SOURCE", "-o", program.toString(), source.toString());
            if (compiled.status == 0) {
                return parse(library, asked, run(program.toString()).output);
            }
            Matcher header = NO_HEADER.matcher(compiled.output);
            if (header.find()) {
                throw new Unavailable("no header " + header.group(1)
                        + ": install the packages libibverbs-dev, librdmacm-dev and libc6-dev");
            }
            removeAbsent(asked, byLine, compiled.output);
        }
    }

    private void removeAbsent(Set<Use> asked, Map<Integer, Use> byLine, String messages) {
        Set<Integer> explained = new LinkedHashSet<>();
        Matcher missing = NOT_THERE.matcher(messages);
        while (missing.find()) {
            int line = Integer.parseInt(missing.group(1));
            Use use = byLine.get(line);
            // Of a member of a struct that is not there at all, the compiler names the struct.
            if (use != null && (missing.group(2).contains(use.struct())
                    || !use.path().isEmpty() && missing.group(2).contains(use.path().getLast()))) {
                explained.add(line);
                absent.putIfAbsent(use, missing.group(2));
                asked.remove(use);
            }
        }
        Matcher any = ANY_ERROR.matcher(messages);
        while (any.find()) {
            if (!explained.contains(Integer.parseInt(any.group(1)))) {
                throw new AssertionError("the program that asks for layouts does not compile:\n" + messages);
            }
        }
        if (explained.isEmpty()) {
            throw new AssertionError("the program that asks for layouts cannot be built:\n" + messages);
        }
    }

    private static void write(String library, Set<Use> uses, List<String> lines, Map<Integer, Use> byLine) throws IOException {
        lines.add("#include <stddef.h>");
        lines.add("#include <stdio.h>");
        // Some names of fields are macros for their full path (si_fd); the path is what is asked for.
        uses.stream().flatMap(use -> use.path().stream()).distinct().forEach(member -> lines.add("#undef " + member));
        lines.add("int main(void) {");
        for (Use use : uses) {
            String type = cType(use);
            String path = String.join(".", use.path());
            // Without macros of ours: the compiler would report the lines of their definitions.
            lines.add(path.isEmpty() ? "printf(\"%s 0 %%zu\\n\", sizeof(%s));".formatted(use, type)
                    : "printf(\"%1$s %%zu %%zu\\n\", offsetof(%2$s, %3$s), sizeof(((%2$s *)0)->%3$s));".formatted(use, type, path));
            byLine.put(lines.size(), use);
        }
        lines.add("return 0; }");
    }

    /** The name of the type in C: the generated class quotes its declaration, which for a typedef has no tag. */
    private static String cType(Use use) throws IOException {
        String generated = Files.readString(BINDINGS.resolve("java/dev/daxverbs/bindings/" + use.library() + "/" + use.struct() + ".java"));
        Matcher tagged = Pattern.compile("\\{@snippet lang=c :\\n \\* (struct|union) (\\w+) \\{").matcher(generated);
        return tagged.find() && tagged.group(2).equals(use.struct()) ? tagged.group(1) + " " + use.struct() : use.struct();
    }

    private static Map<Use, Layout> parse(String library, Set<Use> asked, String output) {
        Map<String, Layout> byName = new HashMap<>();
        output.lines().map(line -> line.split(" ")).forEach(words ->
                byName.put(words[0], new Layout(Long.parseLong(words[1]), Long.parseLong(words[2]), false)));
        Map<Use, Layout> layouts = new TreeMap<>();
        for (Use use : asked) {
            Layout layout = byName.get(use.toString());
            if (layout == null) {
                throw new AssertionError("the program for " + library + " said nothing of " + use + ":\n" + output);
            }
            layouts.put(use, layout);
        }
        return layouts;
    }

    private record Outcome(int status, String output) {
    }

    private static Outcome run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }
}
