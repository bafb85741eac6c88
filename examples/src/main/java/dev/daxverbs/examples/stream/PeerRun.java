package dev.daxverbs.examples.stream;

import dev.daxverbs.connection.Connection;
import dev.daxverbs.examples.load.Devices;
import dev.daxverbs.examples.load.Latency;
import dev.daxverbs.examples.load.UserException;
import dev.daxverbs.region.RegionDomain;
import dev.daxverbs.region.RegionOptions;
import dev.daxverbs.verbs.DeviceContext;

import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The run of the connecting side: makes the transfers, and compares what comes back with what it has written. */
final class PeerRun {
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final HostAddress address;
    private final Settings settings;
    private final Duration patience;
    private final PrintStream out;
    private final Path json;
    private final Tally tally = new Tally();

    /**
     * A run.
     *
     * @param address where the owner listens
     * @param settings which transfers to make
     * @param patience how long the owner may take to listen: it may be starting
     * @param out for people
     * @param json where the results go for programs; null for nowhere
     */
    PeerRun(HostAddress address, Settings settings, Duration patience, PrintStream out, Path json) {
        this.address = address;
        this.settings = settings;
        this.patience = patience;
        this.out = out;
        this.json = json;
    }

    Report run() throws IOException {
        try (DeviceContext context = Devices.open(settings.device(), "scripts/stream"); Closing closing = new Closing()) {
            RegionDomain domain = closing.add(RegionDomain.allocate(context, RegionOptions.defaults()));
            RemoteLayout layout = new RemoteLayout(settings.queuePairs(), settings.depth(), settings.size(), settings.offsetMode());
            GapWatch gaps = new GapWatch();
            HoldWatch hold = new HoldWatch(tally, () -> Counts.of(domain), gaps);
            // A change that has no meaning here: values are given to it only if nobody else changes the words.
            WordLedger words = new WordLedger(layout.words(), ContentChange.NOTHING);
            Peer peer = new Peer(new Random().nextLong() | 1, layout, settings, domain, tally, words, gaps, hold, new Peer.Progress());
            Links links = closing.add(new Links());
            List<PeerLoad> loads = new ArrayList<>();
            for (int i = 0; i < settings.queuePairs(); i++) {
                Connection connection = connect(domain, links);
                PeerLoad load = new PeerLoad(i, peer, connection, closing, new Random(i));
                closing.add(connection); // what it uses is closed after it
                load.begin();
                loads.add(load);
            }
            for (PeerLoad load : loads) {
                load.awaitAnswer();
            }
            out.printf("connected to %s with %d queue pairs, on %s, Linux %s; others may change of its file: %s%n", address, loads.size(),
                    context.device().name(), Devices.kernel(), peer.progress().change());
            Report report = run(peer, loads, context.device().name());
            StreamRun.say(report, out, json);
            return report;
        }
    }

    private Connection connect(RegionDomain domain, Links links) throws IOException {
        long endNs = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return Connection.connect(address.resolve(), domain, links.options(PeerLoad.sends(settings.depth()), PeerLoad.receives(), 1));
            } catch (ConnectException e) {
                if (System.nanoTime() - endNs >= 0) {
                    throw new UserException("nobody listens at %s: %s".formatted(address, e.getMessage()));
                }
                sleep(PAUSE.toNanos(), () -> false);
            }
        }
    }

    private Report run(Peer peer, List<PeerLoad> loads, String device) {
        long startNs = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (PeerLoad load : loads) {
            threads.add(Thread.ofPlatform().name("load-" + threads.size()).start(() -> {
                try {
                    load.run();
                } catch (IOException | RuntimeException | Error e) {
                    e.printStackTrace();
                    load.giveUp("the load ended: " + e);
                }
            }));
        }
        SecondLine line = new SecondLine(startNs, true);
        BooleanSupplier enough = () -> peer.progress().isEnding() || loads.stream().allMatch(PeerLoad::isDead)
                || settings.breaks() > 0 && peer.progress().breaks() >= settings.breaks();
        for (long second = 1; second <= settings.length().toSeconds() && !enough.getAsBoolean(); second++) {
            sleep(startNs + second * SECOND_NS - System.nanoTime(), enough);
            out.println(line.next(second, System.nanoTime(), tally, counts(peer)));
        }
        peer.progress().end();
        double seconds = (System.nanoTime() - startNs) / 1e9;
        threads.forEach(StreamRun::join);
        tally.newLatencies();
        Settings done = settings.with(peer.progress().change());
        return new Report(Devices.kernel(), device, "REMOTE", "a region of the owner's", done, seconds, tally.transfers(), tally.failed(),
                tally.truncated(), tally.outOfOrder(), tally.compared(), tally.excused(), tally.lost(), counts(peer), Latency.of(tally.allLatencies()),
                tally.reasons(), List.of(), new ConnectedNumbers(ConnectedNumbers.Side.PEER, address.toString(), loads.size(),
                        loads.stream().mapToLong(PeerLoad::messages).sum(), peer.progress().told(), peer.gaps().longest(), peer.hold().held()));
    }

    private Counts counts(Peer peer) {
        return Counts.of(peer.domain()).withBreaks(peer.progress().breaks());
    }

    private static void sleep(long timeNs, BooleanSupplier enough) {
        long endNs = System.nanoTime() + timeNs;
        long left;
        while ((left = endNs - System.nanoTime()) > 0 && !enough.getAsBoolean()) {
            try {
                TimeUnit.NANOSECONDS.sleep(Math.min(left, SECOND_NS / 20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
