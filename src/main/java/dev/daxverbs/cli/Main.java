package dev.daxverbs.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The command line of the jar. */
public final class Main {
    private static final int DIRECT = 0;
    private static final int NOT_DIRECT = 1;
    private static final int WRONG_USAGE = 2;
    private static final String USAGE = """
            usage: java -jar daxverbs.jar doctor FILE [--device NAME] [--json]
                   java -jar daxverbs.jar info [--json]
                   java -jar daxverbs.jar --help | --version

            doctor  tells whether RDMA transfers of FILE's memory would be direct, and if not, why and what helps: the kind of memory,
                    whether the lease on it is to be had now, and for each RDMA device (or the one that is named) how its memory can be registered.
                    It opens FILE for writing if it may. That BREAKS THE LEASE that another process has on it, which waits for that process
                    to answer, at most lease-break-time (45 s). It takes the lease itself and gives it back, and registers one page of the
                    file (2 MiB of device-DAX), which may give a hole there a block; it changes no byte.
            info    tells what library, JVM, kernel and RDMA devices there are.

            exit status of doctor: 0 transfers would be direct on every device that was asked, 1 they would not, or FILE cannot be opened;
            of both: 2 wrong usage
            """;

    private Main() {
    }

    /**
     * Runs a command and ends the JVM.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        // The platform's encoding may be ASCII, and JSON is UTF-8.
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), out, err));
    }

    /** Runs a command; returns the exit status. */
    static int run(List<String> arguments, PrintStream out, PrintStream err) {
        Arguments parsed;
        try {
            parsed = Arguments.parse(arguments);
        } catch (IllegalArgumentException e) {
            err.println("daxverbs: " + e.getMessage());
            err.print(USAGE);
            return WRONG_USAGE;
        }
        return switch (parsed.command()) {
            case "--help" -> {
                out.print(USAGE);
                yield DIRECT;
            }
            case "--version" -> {
                out.println("daxverbs " + Info.version());
                yield DIRECT;
            }
            case "info" -> {
                print(Info.report(), parsed.json(), out);
                yield DIRECT;
            }
            default -> doctor(parsed, out, err);
        };
    }

    private static int doctor(Arguments arguments, PrintStream out, PrintStream err) {
        try {
            Doctor doctor = new Doctor(Path.of(arguments.file()), arguments.device());
            print(doctor.examine(), arguments.json(), out);
            return doctor.isDirect() ? DIRECT : NOT_DIRECT;
        } catch (FileSystemException e) {
            String name = e.getFile() == null ? arguments.file() : e.getFile();
            err.println("daxverbs: " + name + ": " + Optional.ofNullable(e.getReason()).orElse(e.getClass().getSimpleName()));
        } catch (IOException | InvalidPathException e) {
            err.println("daxverbs: " + arguments.file() + ": " + e.getMessage());
        }
        return NOT_DIRECT;
    }

    private static void print(Map<String, Object> report, boolean json, PrintStream out) {
        out.println(json ? Json.of(report) : Text.of(report));
    }
}
