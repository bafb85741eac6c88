package dev.daxverbs.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs programs of this package one after the other in one JVM: for {@code --smoke}, where most of the time would be that of JVMs which start on an
 * emulated processor. Not for figures: what one has compiled and loaded is there for the next.
 *
 * <p>Arguments: of each program the name of its class and its arguments, then {@code ;}. Exit status 1 if one has failed, after all have run.
 */
public final class Together {
    private Together() {
    }

    /** The same signature as theirs. */
    @FunctionalInterface
    private interface Program {
        void run(String... arguments) throws Exception;
    }

    /**
     * Runs them.
     *
     * @param arguments see above
     */
    public static void main(String... arguments) {
        long beganNs = System.nanoTime();
        boolean failed = false;
        List<String> words = new ArrayList<>();
        for (String argument : arguments) {
            if (!argument.equals(";")) {
                words.add(argument);
                continue;
            }
            String name = words.removeFirst();
            System.out.printf("%n== %s, after %d s%n", name, (System.nanoTime() - beganNs) / 1_000_000_000);
            try {
                program(name).run(words.toArray(String[]::new));
            } catch (Exception e) {
                e.printStackTrace();
                failed = true;
            }
            words.clear();
        }
        System.exit(failed ? 1 : 0);
    }

    private static Program program(String name) {
        return switch (name) {
            case "BreakCost" -> BreakCost::main;
            case "RegistryCost" -> RegistryCost::main;
            case "ReleaseLatency" -> ReleaseLatency::main;
            case "RemoteTransfers" -> RemoteTransfers::main;
            case "RxeTransfers" -> RxeTransfers::main;
            case "TrackedBesideUntracked" -> TrackedBesideUntracked::main;
            default -> throw new IllegalArgumentException("no program " + name);
        };
    }
}
