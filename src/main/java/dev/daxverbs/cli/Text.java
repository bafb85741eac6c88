package dev.daxverbs.cli;

import java.util.Collection;
import java.util.Map;

/** Writes the same trees as {@link Json}, for people: a line for each value, indented. */
final class Text {
    private static final String INDENT = "  ";

    private Text() {
    }

    /** The text of a tree; it ends without a line break. */
    static String of(Map<String, Object> tree) {
        StringBuilder text = new StringBuilder();
        write(tree, text, "");
        return text.toString().stripTrailing();
    }

    private static void write(Map<?, ?> tree, StringBuilder text, String indent) {
        tree.forEach((name, value) -> {
            text.append(indent).append(name).append(':');
            writeValue(value, text, indent + INDENT);
        });
    }

    private static void writeValue(Object value, StringBuilder text, String indent) {
        switch (value) {
            case Map<?, ?> map -> {
                text.append('\n');
                write(map, text, indent);
            }
            case Collection<?> list when list.isEmpty() -> text.append(" none\n");
            case Collection<?> list -> {
                text.append('\n');
                list.forEach(element -> writeElement(element, text, indent));
            }
            case null -> text.append(" -\n");
            case Boolean truth -> text.append(truth ? " yes\n" : " no\n");
            default -> text.append(' ').append(value).append('\n');
        }
    }

    private static void writeElement(Object element, StringBuilder text, String indent) {
        if (element instanceof Map<?, ?> map) {
            StringBuilder inner = new StringBuilder();
            write(map, inner, indent + INDENT);
            text.append(indent).append("- ").append(inner.substring(indent.length() + INDENT.length()));
        } else {
            text.append(indent).append("- ").append(element).append('\n');
        }
    }
}
