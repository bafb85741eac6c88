package dev.daxverbs.cli;

import java.util.Map;

/** Writes trees of maps, iterables, strings, numbers, booleans and nulls as JSON (RFC 8259). */
final class Json {
    private static final String INDENT = "  ";

    private Json() {
    }

    /** The text of a tree, with a line for each value. Whatever is of no JSON type is written as its string. */
    static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text, "\n");
        return text.toString();
    }

    private static void write(Object value, StringBuilder text, String newLine) {
        switch (value) {
            case null -> text.append("null");
            case Map<?, ?> map -> {
                String separator = newLine + INDENT;
                text.append('{');
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    text.append(separator);
                    quote(entry.getKey().toString(), text);
                    text.append(": ");
                    write(entry.getValue(), text, newLine + INDENT);
                    separator = "," + newLine + INDENT;
                }
                text.append(map.isEmpty() ? "" : newLine).append('}');
            }
            case Iterable<?> list -> {
                String separator = newLine + INDENT;
                text.append('[');
                for (Object element : list) {
                    text.append(separator);
                    write(element, text, newLine + INDENT);
                    separator = "," + newLine + INDENT;
                }
                text.append(list.iterator().hasNext() ? newLine : "").append(']');
            }
            case Double number when !Double.isFinite(number) -> text.append("null"); // JSON has no such number
            case Float number when !Float.isFinite(number) -> text.append("null");
            case Number number -> text.append(number);
            case Boolean truth -> text.append(truth);
            default -> quote(value.toString(), text);
        }
    }

    private static void quote(String string, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < ' ' || isLoneSurrogate(string, i)) { // a file's name may be no valid text; UTF-8 cannot say half a pair
                        text.append("\\u%04x".formatted((int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }

    private static boolean isLoneSurrogate(String string, int index) {
        char c = string.charAt(index);
        if (Character.isHighSurrogate(c)) {
            return index + 1 == string.length() || !Character.isLowSurrogate(string.charAt(index + 1));
        }
        return Character.isLowSurrogate(c) && (index == 0 || !Character.isHighSurrogate(string.charAt(index - 1)));
    }
}
