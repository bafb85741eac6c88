package dev.daxverbs.examples.stream;

import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;

import java.util.function.Supplier;

/**
 * What the connections of the listening side share. The first peer that says what it is about to do decides which run it is; whoever says something else is
 * refused. Any thread.
 */
final class Owner {
    /**
     * What a peer wants to do.
     *
     * @param run a number that it has chosen
     * @param layout which bytes it will write to
     * @param operation which transfers it will make
     */
    record Plan(long run, RemoteLayout layout, Operation operation) {
        static Plan of(ControlMessage hello) throws UserException {
            int depth = (int) hello.value(1);
            int size = (int) hello.value(2);
            int offsetMode = (int) hello.value(3);
            int operation = (int) hello.value(4);
            if (offsetMode < 0 || offsetMode >= OffsetMode.values().length || operation < 0 || operation >= Operation.values().length) {
                throw new UserException("the two sides are of different versions");
            }
            return new Plan(hello.run(), new RemoteLayout((int) hello.value(0), depth, size, OffsetMode.values()[offsetMode]),
                    Operation.values()[operation]);
        }

        /** Whether messages bring bytes that go to the file. */
        boolean hasData() {
            return operation == Operation.MIXED || operation == Operation.SEND;
        }
    }

    private static final int WORDS = 8;

    /**
     * What the other side has counted, as it says.
     *
     * @param failed transfers that failed
     * @param lost comparisons that found something else than must be there
     * @param outOfOrder completions and messages out of order
     */
    record Told(long failed, long lost, long outOfOrder) {
    }

    final RegionDomain domain;
    final FileMemory memory;
    final MemoryRegion file;
    final Settings settings;
    final Tally tally;
    final Supplier<Moment> now;
    private Plan plan;
    private boolean[] taken;
    private int open;
    /** How much is still to say goodbye: connections that have neither drained nor died, and those that have neither finished nor died. */
    private int draining;
    private int finishing;
    private int phase;
    private long messages;
    private final long[] sums = new long[WORDS]; // what was added to each word
    private Told told = new Told(0, 0, 0);
    private volatile boolean ending;
    private volatile boolean settled;
    private volatile boolean counted;

    Owner(RegionDomain domain, FileMemory memory, MemoryRegion file, Settings settings, Tally tally) {
        this.domain = domain;
        this.memory = memory;
        this.file = file;
        this.settings = settings;
        this.tally = tally;
        now = () -> Library.momentOf(file);
    }

    /** A connection says what is to be done. */
    synchronized Plan begin(ControlMessage hello) throws UserException {
        Plan wanted = Plan.of(hello);
        RemoteLayout layout = wanted.layout();
        if (plan == null) {
            if (layout.connections() < 1 || layout.depth() < 1 || layout.depth() > RemoteLayout.MOST_DEPTH || layout.size() < 1) {
                throw new UserException("the two sides are of different versions");
            }
            if (layout.bytes() > memory.sizeBytes()) {
                throw new UserException(("the file is too small: it has %d bytes, and queue-pairs=%d times depth=%d transfers of size=%d need %d")
                        .formatted(memory.sizeBytes(), layout.connections(), layout.depth(), layout.size(), layout.bytes()));
            }
            plan = wanted;
            taken = new boolean[layout.connections()];
            draining = layout.connections();
            finishing = layout.connections();
        }
        int connection = hello.connection();
        if (!plan.equals(wanted) || connection < 0 || connection >= taken.length || taken[connection]) {
            throw new UserException("another peer is connected");
        }
        taken[connection] = true;
        open++;
        return plan;
    }

    /** What is done; null as long as no peer has come. */
    synchronized Plan plan() {
        return plan;
    }

    /** Whether all connections are there: the load begins when they are. */
    synchronized boolean isComplete() {
        return plan != null && open == taken.length;
    }

    synchronized void drained() {
        draining--;
        ending = true; // the peer ends all its connections together
    }

    synchronized boolean allDrained() {
        return plan != null && draining <= 0;
    }

    synchronized void finished() {
        finishing--;
    }

    synchronized boolean allFinished() {
        return plan != null && finishing <= 0;
    }

    /** The last that a connection's peer says: what it has added to the words, and counted so far. */
    synchronized void last(ControlMessage message) {
        for (int i = 0; i < message.count(); i++) {
            sums[message.entrySlot(i)] += message.entryNumber(i);
        }
        told = new Told(message.value(2), message.value(3), message.value(4));
    }

    /** What has been added to a word. */
    synchronized long sum(int word) {
        return sums[word];
    }

    synchronized Told told() {
        return told;
    }

    synchronized void messageCame() {
        messages++;
    }

    synchronized long messages() {
        return messages;
    }

    /** To be told: the peer is to end. */
    void end() {
        ending = true;
    }

    boolean isEnding() {
        return ending;
    }

    /** To be told: nobody else changes the file any more. */
    void settle() {
        settled = true;
    }

    /** To be told: what was counted. */
    void count() {
        counted = true;
    }

    boolean isCounted() {
        return counted;
    }

    /** To be told: where a writer that holds the file is with it. */
    synchronized void phase(int number) {
        phase = number;
    }

    /** What is told in each message. */
    synchronized int flags() {
        return (ending ? ControlMessage.ENDING : 0) | (settled ? ControlMessage.SETTLED : 0) | phase << ControlMessage.PHASE_SHIFT;
    }
}
