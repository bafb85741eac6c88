package dev.daxverbs.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * A command line.
 *
 * @param command {@code doctor}, {@code info}, {@code --help} or {@code --version}
 * @param file what the doctor is to look at; null for the others
 * @param device the only device to look at; empty for all
 * @param json whether the report is to be JSON
 */
record Arguments(String command, String file, Optional<String> device, boolean json) {
    /**
     * Reads a command line. What comes behind {@code --} is no option.
     *
     * @throws IllegalArgumentException if it is wrong; the message says what is
     */
    static Arguments parse(List<String> words) {
        if (words.contains("--help") || words.contains("-h")) {
            return new Arguments("--help", null, Optional.empty(), false);
        }
        if (words.isEmpty()) {
            throw new IllegalArgumentException("no command");
        }
        String command = words.getFirst();
        if (!List.of("doctor", "info", "--version").contains(command)) {
            throw new IllegalArgumentException("unknown command: " + command);
        }
        String file = null;
        Optional<String> device = Optional.empty();
        boolean json = false;
        boolean options = true;
        for (Iterator<String> rest = words.subList(1, words.size()).iterator(); rest.hasNext();) {
            String word = rest.next();
            if (options && word.equals("--")) {
                options = false;
            } else if (options && word.equals("--json") && !command.equals("--version")) {
                json = true;
            } else if (options && word.equals("--device") && command.equals("doctor")) {
                if (!rest.hasNext()) {
                    throw new IllegalArgumentException("--device needs the name of a device");
                }
                device = Optional.of(rest.next());
            } else if (options && word.startsWith("-")) {
                throw new IllegalArgumentException(command + " has no option " + word);
            } else if (command.equals("doctor") && file == null && !word.isEmpty()) {
                file = word;
            } else {
                throw new IllegalArgumentException("one too many: \"" + word + "\"");
            }
        }
        if (command.equals("doctor") && file == null) {
            throw new IllegalArgumentException("doctor needs a file");
        }
        return new Arguments(command, file, device, json);
    }
}
