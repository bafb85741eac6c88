package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.Program;
import dev.daxverbs.examples.load.Sizes;
import dev.daxverbs.region.RegionOptions;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;

/** The command line of the load generator. */
@Command(name = "stream", mixinStandardHelpOptions = true, usageHelpAutoWidth = true, sortOptions = false, description = {
    "Runs RDMA transfers against the mapping of a file, and compares each with the file.",
    "BYTES may end in K, M or G."})
final class Stream implements Callable<Integer> {
    private static final int DEFAULT_SECONDS = 10;
    private static final int CONNECT_SECONDS = 60;
    private static final int MOST_DEPTH = 1024;
    private static final int MOST_QUEUE_PAIRS = 256;
    private static final int MOST_REGIONS = 1_000_000;
    private static final int MOST_SECONDS = 1_000_000;
    private static final long MOST_SIZE = 64 << 20;
    /** If there are two processes: what only the connecting one takes, and what only the listening one. */
    private static final List<String> TRANSFERS = List.of("--op", "--size", "--depth", "--queue-pairs", "--regions", "--offset-mode");
    private static final List<String> FILE = List.of("--file", "--create", "--memory", "--regions", "--cool-down", "--breaker", "--breakers-change",
            "--breakers-keep-content");

    @Spec
    private CommandSpec spec;

    @Option(names = "--file", paramLabel = "FILE", description = "the file; its content is overwritten")
    private Path file;

    @Option(names = "--listen", paramLabel = "ADDRESS", converter = AddressConverter.class,
            description = "give the file out to another process, which makes the transfers: host:port or [v6]:port")
    private HostAddress listen;

    @Option(names = "--connect", paramLabel = "ADDRESS", converter = AddressConverter.class,
            description = "make the transfers to the file of another process, which listens there")
    private HostAddress connect;

    @Option(names = "--hold", paramLabel = "S", description = "with --listen: another process opens the file for writing once, and keeps it open for so long")
    private int hold;

    @Option(names = "--wait", paramLabel = "S",
            description = "how long to wait for the other process (default: with --connect 60; with --listen as long as it takes)")
    private int waitSeconds;

    @Option(names = "--device", paramLabel = "D", description = "RDMA device (default: the first with an active port, of MTU 4096 if there is one)")
    private String device;

    @Option(names = "--op", paramLabel = "OP", description = "which transfers: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Operation operation = Operation.WRITE;

    @Option(names = "--size", paramLabel = "BYTES", converter = BytesConverter.class, defaultValue = "4096",
            description = "how many bytes a transfer moves, or at most (default: ${DEFAULT-VALUE})")
    private long size;

    @Option(names = "--depth", paramLabel = "N", description = "transfers in flight on each queue pair (default: ${DEFAULT-VALUE})")
    private int depth = 8;

    @Option(names = "--queue-pairs", paramLabel = "N", description = "queue pairs, each connected to one of its own (default: ${DEFAULT-VALUE})")
    private int queuePairs = 1;

    @Option(names = "--regions", paramLabel = "N", description = "register the file as so many regions: equal parts of it (default: ${DEFAULT-VALUE})")
    private int regions = 1;

    @Option(names = "--offset-mode", paramLabel = "MODE",
            description = "transfers begin at page boundaries and have the same length, or begin and end anywhere: ${COMPLETION-CANDIDATES}"
                    + " (default: ${DEFAULT-VALUE})")
    private OffsetMode offsetMode = OffsetMode.ALIGNED;

    @Option(names = "--seconds", paramLabel = "S", description = "how long (default: ${DEFAULT-VALUE}; with --listen: until the other side ends)")
    private int seconds = DEFAULT_SECONDS;

    @Option(names = "--cool-down", paramLabel = "N",
            description = "breaks may cost one part in so many of the time, then the file rests staged; 0: it never rests (default: ${DEFAULT-VALUE})")
    private int coolDown = RegionOptions.DEFAULT_COOL_DOWN;

    @Option(names = "--breaks", paramLabel = "N", description = "end after so many lease breaks, if that is before --seconds are over")
    private long breaks;

    @Option(names = "--create", paramLabel = "BYTES", converter = BytesConverter.class, defaultValue = "0",
            description = "make the file, which must not exist, and remove it in the end")
    private long create;

    @Option(names = "--memory", paramLabel = "SOURCE",
            description = "how the program comes by the file's memory: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}); the library is told of the"
                    + " file only if it is declared; with the last two the file loses its name, so they need --create")
    private MemorySource memory = MemorySource.DECLARED;

    @Option(names = "--breaker", paramLabel = "COMMAND",
            description = "run a shell command again and again beside the transfers; $FILE is the file, $SIZE its size in bytes; repeatable")
    private List<String> breakers = List.of();

    @Option(names = "--breakers-change", paramLabel = "WHAT",
            description = "what others may do to the bytes of the file: ${COMPLETION-CANDIDATES}, zeros being what truncation makes (default:"
                    + " ${DEFAULT-VALUE})")
    private ContentChange change = ContentChange.ZEROS;

    @Option(names = "--breakers-keep-content", description = "the same as --breakers-change nothing: every transfer must be right")
    private boolean keepContent;

    @Option(names = "--drain", paramLabel = "S", description = "how long to wait for outstanding transfers in the end (default: ${DEFAULT-VALUE})")
    private int drainSeconds = 60;

    @Option(names = "--json", paramLabel = "OUT", description = "write the results there as JSON")
    private Path json;

    @Option(names = "--check-options", hidden = true, description = "check the options, and do nothing")
    private boolean checkOnly;

    /** Reads a number of bytes. */
    static final class BytesConverter implements CommandLine.ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                return Sizes.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** Reads an address. */
    static final class AddressConverter implements CommandLine.ITypeConverter<HostAddress> {
        @Override
        public HostAddress convert(String text) {
            try {
                return HostAddress.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    Stream() {
    }

    /**
     * Runs the load and ends with its status: 0 if nothing failed, was lost or came out of order, 1 if something did or it could not
     * be run, 2 for wrong usage.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(Program.run(new Stream(), arguments));
    }

    @Override
    public Integer call() throws IOException {
        Settings settings = settings();
        if (checkOnly) {
            return 0;
        }
        Report report;
        if (listen != null) {
            report = new OwnerRun(listen, settings, hold, Duration.ofSeconds(isGiven("--wait") ? waitSeconds : MOST_SECONDS), System.out, json).run();
        } else if (connect != null) {
            report = new PeerRun(connect, settings, Duration.ofSeconds(isGiven("--wait") ? waitSeconds : CONNECT_SECONDS), System.out, json).run();
        } else {
            report = new StreamRun(settings, System.out, json).run();
        }
        return report.complaint().isEmpty() ? 0 : 1;
    }

    private Settings settings() {
        checkSide();
        checkRange("--size", size, 1, MOST_SIZE);
        checkRange("--depth", depth, 1, MOST_DEPTH);
        checkRange("--queue-pairs", queuePairs, 1, MOST_QUEUE_PAIRS);
        checkRange("--regions", regions, 1, MOST_REGIONS);
        checkRange("--seconds", seconds, 1, MOST_SECONDS);
        checkRange("--drain", drainSeconds, 1, MOST_SECONDS);
        checkRange("--breaks", breaks, 0, Long.MAX_VALUE);
        checkRange("--cool-down", coolDown, 0, Integer.MAX_VALUE);
        checkRange("--create", create, 0, Long.MAX_VALUE);
        if (memory.losesName() && create == 0) {
            throw new ParameterException(spec.commandLine(), "--memory %s takes the file's name away: it needs --create".formatted(memory));
        }
        checkRange("--hold", hold, 0, MOST_SECONDS);
        checkRange("--wait", waitSeconds, 0, MOST_SECONDS);
        if (listen != null && !isGiven("--seconds")) {
            seconds = MOST_SECONDS;
        }
        return new Settings(file, create, memory, device, operation, (int) size, depth, queuePairs, regions, offsetMode, Duration.ofSeconds(seconds), breaks,
                Duration.ofSeconds(drainSeconds), coolDown, keepContent ? ContentChange.NOTHING : change, List.copyOf(breakers));
    }

    /** What is whose: the one has the file and those who break its lease, the other makes the transfers. */
    private void checkSide() {
        if (listen != null && connect != null) {
            throw new ParameterException(spec.commandLine(), "--listen and --connect are for two processes");
        }
        if (file == null && connect == null) {
            throw new ParameterException(spec.commandLine(), "--file is needed");
        }
        if (listen == null && isGiven("--hold") || listen == null && connect == null && isGiven("--wait")) {
            throw new ParameterException(spec.commandLine(), "--hold and --wait are for two processes, the first for the listening one");
        }
        List<String> others = listen != null ? TRANSFERS : connect != null ? FILE : List.of();
        for (String option : others) {
            if (isGiven(option)) {
                throw new ParameterException(spec.commandLine(), "%s is for the %s side".formatted(option, listen != null ? "connecting" : "listening"));
            }
        }
    }

    private boolean isGiven(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    private void checkRange(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(spec.commandLine(), "%s %d: must be %d to %d".formatted(option, value, least, most));
        }
    }
}
