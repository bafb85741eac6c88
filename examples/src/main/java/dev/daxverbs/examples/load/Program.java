package dev.daxverbs.examples.load;

import dev.daxverbs.verbs.VerbsException;

import picocli.CommandLine;

import java.io.IOException;
import java.util.concurrent.Callable;

/** How the programs begin and end. */
public final class Program {
    private Program() {
    }

    /**
     * Runs a program: its own status, 1 if it could not be run, 2 for wrong usage. What the user can do something about is said in one line.
     *
     * @param command the program, with the annotations of picocli
     * @param arguments its arguments
     * @return the exit status
     */
    public static int run(Callable<Integer> command, String... arguments) {
        CommandLine commandLine = new CommandLine(command);
        String name = commandLine.getCommandName();
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler((e, line, result) -> {
            if (e instanceof UserException || e instanceof VerbsException) {
                System.err.println(name + ": " + e.getMessage());
            } else if (e instanceof IOException) {
                System.err.println(name + ": " + e);
            } else {
                e.printStackTrace();
            }
            return 1;
        });
        return commandLine.execute(arguments);
    }
}
