package dev.daxverbs.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds in hand-written sources which generated structs are used, and which of their fields, so that a new use is checked without
 * anybody's entering it anywhere. It knows the forms in which generated code can be used: {@code struct.field(...)},
 * {@code struct.field$offset()}, {@code struct.union.field(...)}, {@code struct.pointer.invoke(...)}, {@code struct.allocate(...)}
 * and method references; imports that would hide a struct's name are refused.
 */
final class GeneratedUses {
    /** Methods of a generated class that are about all of it. */
    private static final Set<String> OF_THE_WHOLE = Set.of("layout", "sizeof", "allocate", "allocateArray", "asSlice", "reinterpret",
            "invoke", "descriptor");
    private static final Pattern IMPORT = Pattern.compile(
            "^import\\s+(static\\s+)?dev\\.daxverbs\\.bindings\\.(\\w+)\\.([\\w.*]+);", Pattern.MULTILINE);
    private static final Pattern COMMENT_OR_STRING = Pattern.compile(
            "/\\*.*?\\*/|//[^\\n]*|\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"", Pattern.DOTALL);

    private GeneratedUses() {
    }

    /**
     * A struct, or a field of it.
     *
     * @param library the package of the bindings, for instance {@code ibverbs}
     * @param struct the generated class, which has the name of the C type
     * @param path the field and, before it, the structs and unions within the struct that it is in; empty for the struct itself
     */
    record Use(String library, String struct, List<String> path) implements Comparable<Use> {
        @Override
        public int compareTo(Use other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return library + "/" + struct + (path.isEmpty() ? "" : "." + String.join(".", path));
        }
    }

    /** All uses in the sources below a folder. */
    static Set<Use> below(Path folder) throws IOException {
        Set<Use> uses = new TreeSet<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                uses.addAll(in(Files.readString(file), file.toString()));
            }
        }
        return uses;
    }

    /** All uses in one source. */
    static Set<Use> in(String source, String name) {
        String code = COMMENT_OR_STRING.matcher(source).replaceAll(" ");
        Map<String, Use> imported = new HashMap<>();
        Matcher imports = IMPORT.matcher(code);
        while (imports.find()) {
            List<String> parts = List.of(imports.group(3).split("\\."));
            if (imports.group(1) != null || parts.size() != 1 || parts.getFirst().equals("*")) {
                throw new IllegalArgumentException(name + ": " + imports.group() + " hides the struct's name from this test:"
                        + " import the class");
            }
            if (!parts.getFirst().matches("Li(b|nux)[A-Z].*")) { // not a struct: functions and constants
                imported.put(parts.getFirst(), new Use(imports.group(2), parts.getFirst(), List.of()));
            }
        }
        if (code.replaceAll("(?m)^(import|package) .*$", "").contains("dev.daxverbs.bindings.")) {
            throw new IllegalArgumentException(name + ": a full name of a generated class is not seen by this test: import the class");
        }
        Set<Use> uses = new TreeSet<>();
        for (Use struct : imported.values()) {
            uses.add(struct); // its size at least
            Matcher calls = Pattern.compile("\\b" + struct.struct() + "((?:\\s*(?:\\.|::)\\s*[A-Za-z_][\\w$]*)+)").matcher(code);
            while (calls.find()) {
                String members = calls.group(1).replaceAll("\\s", "").replace("::", ".").substring(1);
                List<String> path = new ArrayList<>(List.of(members.split("\\.")));
                if (OF_THE_WHOLE.contains(path.getLast())) {
                    path.removeLast();
                } else {
                    path.set(path.size() - 1, path.getLast().replaceFirst("\\$(offset|layout|dimensions)$", ""));
                }
                uses.add(new Use(struct.library(), struct.struct(), List.copyOf(path)));
            }
        }
        return uses;
    }
}
