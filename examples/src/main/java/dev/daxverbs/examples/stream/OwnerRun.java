package dev.daxverbs.examples.stream;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.connection.Listener;
import dev.daxverbs.connection.Right;
import dev.daxverbs.dax.DaxFile;
import dev.daxverbs.examples.load.Devices;
import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.region.MemoryRegion;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.AccessFlag;
import dev.daxverbs.verbs.AtomicCapability;
import dev.daxverbs.verbs.DeviceContext;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The run of the listening side: gives the file out, lets others break its lease, and finds out whether it has what the peer was told it has. */
final class OwnerRun {
    private static final Duration SLICE = Duration.ofMillis(100);
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long PIECE_BYTES = 1 << 20;
    /** How long there are transfers before a writer opens the file, and after it has closed it. */
    private static final Duration WARM_UP = Duration.ofSeconds(5);
    private static final int REHEARSALS = 2;
    private static final int REHEARSAL_SECONDS = 10;
    private static final Duration AFTER = Duration.ofSeconds(10);
    /** Beyond the time that its transfers may take in the end. */
    private static final Duration PEER_PATIENCE = Duration.ofSeconds(60);
    private static final Duration LEASE_PATIENCE = Duration.ofSeconds(15);

    private final HostAddress address;
    private final Settings settings;
    private final int hold;
    private final Duration patience;
    private final PrintStream out;
    private final Path json;
    private final Tally tally = new Tally();
    private final List<Thread> threads = new ArrayList<>();

    /**
     * A run.
     *
     * @param address where to listen
     * @param settings the file, and what to do with it beside; the transfers are the peer's
     * @param hold for how many seconds a writer is to hold the file open; 0 for none
     * @param patience how long to wait for a peer
     * @param out for people
     * @param json where the results go for programs; null for nowhere
     */
    OwnerRun(HostAddress address, Settings settings, int hold, Duration patience, PrintStream out, Path json) {
        this.address = address;
        this.settings = settings;
        this.hold = hold;
        this.patience = patience;
        this.out = out;
        this.json = json;
    }

    Report run() throws IOException {
        try (DeviceContext context = Devices.open(settings.device(), "scripts/stream"); Closing closing = new Closing()) {
            DaxFile file = StreamRun.open(settings, closing);
            long size = file.size();
            clear(file, size);
            FileMemory memory = settings.memory().isDeclared() ? DeclaredMemory.map(file, closing)
                    : UndeclaredMemory.map(file, settings.memory(), closing);
            RegionDomain domain = closing.add(RegionDomain.allocate(context, RegionOptions.defaults().withCoolDown(settings.coolDown())));
            boolean atomics = context.attributes().atomicCap() != AtomicCapability.NONE;
            Set<AccessFlag> access = EnumSet.of(AccessFlag.LOCAL_WRITE, AccessFlag.REMOTE_WRITE, AccessFlag.REMOTE_READ);
            Set<Right> rights = EnumSet.of(Right.READ, Right.WRITE);
            if (atomics) {
                access.add(AccessFlag.REMOTE_ATOMIC);
                rights.add(Right.ATOMIC);
            }
            MemoryRegion region = closing.add(memory.register(domain, new Layout.Part(0, 0, size), access));
            Owner owner = new Owner(domain, memory, region, settings, tally);
            Links links = closing.add(new Links());
            Listener listener = closing.add(Listener.bind(address.resolve(), domain,
                    links.options(OwnerConnection.SENDS, OwnerConnection.RECEIVES, OwnerConnection.RECEIVE_ELEMENTS)));
            listener.export(Links.NAME, region, rights.toArray(Right[]::new));
            String described = StreamRun.describe(region);
            out.printf("%s: %s, memory=%s, %,d bytes on %s, Linux %s%nthe region: %s%nlistening at %s%n", settings.file(), memory.kind(), settings.memory(),
                    size, context.device().name(), Devices.kernel(), described, address);
            out.flush();
            Report report = serve(owner, listener, described, context.device().name(), closing);
            StreamRun.say(report, out, json);
            return report;
        }
    }

    private static void clear(DaxFile file, long size) throws IOException {
        MemorySegment zeros = Arena.ofAuto().allocate(PIECE_BYTES);
        for (long offset = 0; offset < size; offset += PIECE_BYTES) {
            file.write(zeros.asSlice(0, Math.min(PIECE_BYTES, size - offset)), offset);
        }
    }

    private Report serve(Owner owner, Listener listener, String described, String device, Closing closing) throws IOException {
        accept(owner, listener, closing);
        long startNs = System.nanoTime();
        List<ShellLoop> breakers = new ArrayList<>();
        try {
            Path path = owner.memory.pathForOthers();
            for (String command : settings.breakers()) {
                breakers.add(new ShellLoop(command, path, owner.memory.sizeBytes()));
            }
            Thread holder = hold == 0 ? null : Thread.ofPlatform().daemon().name("hold").start(() -> hold(owner, path));
            watch(owner, startNs);
            if (holder != null) {
                await(Duration.ofSeconds(1), () -> !holder.isAlive());
            }
        } finally {
            breakers.parallelStream().forEach(ShellLoop::close);
        }
        await(LEASE_PATIENCE, () -> owner.now.get().leased() || allGone());
        owner.settle();
        await(settings.drain().plus(PEER_PATIENCE), () -> owner.allFinished() || allGone());
        compareWords(owner);
        Counts numbers = Counts.of(owner.domain); // before the file is opened once more, which breaks its lease
        double seconds = (System.nanoTime() - startNs) / 1e9;
        owner.count();
        if (!await(PEER_PATIENCE, this::allGone)) {
            tally.failed("a connection has not ended");
        }
        owner.memory.compareInTheEnd(tally);
        Owner.Plan plan = owner.plan();
        Settings done = settings.with(plan.operation(), plan.layout());
        tally.newLatencies();
        return new Report(Devices.kernel(), device, owner.memory.kind().toString(), described, done, seconds, Math.max(tally.transfers(), owner.messages()),
                tally.failed(), tally.truncated(), tally.outOfOrder(), tally.compared(), tally.excused(), tally.lost(), numbers,
                Latency.of(tally.allLatencies()), tally.reasons(), ShellLoop.runs(breakers),
                new ConnectedNumbers(ConnectedNumbers.Side.OWNER, address.toString(), plan.layout().connections(), owner.messages(), owner.told(), null, null));
    }

    /** Waits for all connections of the first peer that comes. */
    private void accept(Owner owner, Listener listener, Closing closing) throws IOException {
        long endNs = System.nanoTime() + patience.toNanos();
        while (!owner.isComplete()) {
            if (System.nanoTime() - endNs >= 0) {
                throw new UserException("no peer has come, or not with all its connections, within " + patience.toSeconds() + " s");
            }
            if (owner.plan() != null && allGone()) {
                throw new UserException("the peer has gone before all its connections were there");
            }
            try {
                Optional<Connection> accepted = listener.accept(SLICE);
                if (accepted.isPresent()) {
                    OwnerConnection side = new OwnerConnection(owner, accepted.get(), closing);
                    closing.add(accepted.get()); // what it uses is closed after it
                    threads.add(Thread.ofPlatform().name("connection-" + threads.size()).start(() -> {
                        try {
                            side.run();
                        } catch (IOException | RuntimeException | Error e) {
                            e.printStackTrace();
                            side.giveUp("the owner gave up: " + e);
                        }
                    }));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for peers");
            }
        }
    }

    private boolean allGone() {
        return threads.stream().noneMatch(Thread::isAlive);
    }

    /** Until nothing is outstanding any more at the peer. */
    private void watch(Owner owner, long startNs) {
        SecondLine line = new SecondLine(startNs, true);
        long endNs = 0;
        for (long second = 1; endNs == 0 || System.nanoTime() - endNs < 0; second++) {
            long tillNs = startNs + second * SECOND_NS;
            await(Duration.ofNanos(Math.max(0, tillNs - System.nanoTime())), () -> owner.allDrained() || allGone());
            if (owner.allDrained() || allGone()) {
                return;
            }
            out.println(line.next(second, System.nanoTime(), tally, Counts.of(owner.domain)));
            if (settings.breaks() > 0 && owner.file.breaks() >= settings.breaks() || second == settings.length().toSeconds()) {
                owner.end();
            }
            if (endNs == 0 && owner.isEnding()) {
                endNs = System.nanoTime() + settings.drain().plus(PEER_PATIENCE).toNanos();
            }
        }
        tally.failed("the peer did not say that nothing is outstanding");
    }

    private void hold(Owner owner, Path path) {
        // What a program does for the first time takes emulated processors longer than any break.
        for (int i = 0; i < REHEARSALS; i++) {
            await(WARM_UP, owner::isEnding);
            try (Holder holder = new Holder(path, REHEARSAL_SECONDS)) {
                await(WARM_UP.plusSeconds(REHEARSAL_SECONDS), () -> owner.isEnding() || holder.hasClosed());
            } catch (IOException e) {
                tally.failed("holding the file: " + e);
            }
        }
        await(WARM_UP, owner::isEnding);
        owner.phase(HoldWatch.OPENING);
        await(SLICE, owner::isEnding); // it is told
        try (Holder holder = new Holder(path, hold)) {
            if (!holder.awaitOpen()) {
                tally.failed("the file could not be opened for writing");
                owner.end();
                return;
            }
            owner.phase(HoldWatch.HELD);
            await(Duration.ofDays(1), () -> owner.isEnding() || isClosing(holder));
            owner.phase(HoldWatch.CLOSED);
            await(AFTER, owner::isEnding);
        } catch (IOException e) {
            tally.failed("holding the file: " + e);
        }
        owner.end();
    }

    private static boolean isClosing(Holder holder) {
        try {
            return holder.isClosing();
        } catch (IOException e) {
            return true; // it has gone
        }
    }

    private void compareWords(Owner owner) throws IOException {
        Owner.Plan plan = owner.plan();
        if (settings.change() != ContentChange.NOTHING || tally.failed() > 0 || plan.operation() != Operation.MIXED) {
            return;
        }
        MemorySegment word = Arena.ofAuto().allocate(Long.BYTES);
        try (Content file = owner.memory.content()) {
            for (int i = 0; i < plan.layout().words(); i++) {
                boolean right = file.read(word, plan.layout().wordAt(i)) == Long.BYTES && word.get(ValueLayout.JAVA_LONG, 0) == owner.sum(i);
                tally.compared(right ? Judge.Verdict.RIGHT : Judge.Verdict.WRONG, "in the end a word has another value than was added to it");
            }
        }
    }

    /** Waits for something, for so long; returns whether it has come. */
    private static boolean await(Duration limit, BooleanSupplier condition) {
        long endNs = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - endNs >= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            try {
                Thread.sleep(Duration.ofMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return true;
    }
}
