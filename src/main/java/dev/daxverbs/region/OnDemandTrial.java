package dev.daxverbs.region;

import dev.daxverbs.internal.Findings;
import dev.daxverbs.verbs.DeviceContext;
import dev.daxverbs.verbs.Mtu;
import dev.daxverbs.verbs.OnDemandCapabilities;
import dev.daxverbs.verbs.OnDemandCapabilities.Operation;
import dev.daxverbs.verbs.PortState;
import dev.daxverbs.verbs.VerbsException;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a device's on-demand paging is good for, found by moving bytes and comparing them. A device that says that it has it may still move
 * wrong bytes and report success: rxe ignores where in its page a packet begins. What a device says is believed only where it says no.
 *
 * <p>The trial is made once for each device and MTU, when a region first needs to know, by two plain queue pairs over anonymous memory. It
 * takes milliseconds, and waits for transfers no longer than {@link #LIMIT}. Any thread may ask; who asks for the same device waits
 * for the trial that is under way, who asks for another does not.
 */
enum OnDemandTrial {
    /** All transfers were right. */
    ANY_OFFSET,
    /** Only those were right of which each packet begins at a page boundary, on a path MTU of 4096. */
    PAGE_ALIGNED,
    /** Even those were not, or the port's MTU does not allow them. */
    WRONG,
    /** The device has no on-demand paging for reliable connections, or whether it is right could not be tried. */
    UNSUPPORTED;

    /** How long a trial waits for transfers, all together: emulated processors that are busy take seconds. */
    static final Duration LIMIT = Duration.ofSeconds(20);

    /** Where a trial counts: a port that comes up with another MTU, or a device that is made anew under an old name, is tried again. */
    private record Place(String device, long guid, int port, Mtu mtu) {
    }

    /**
     * What a trial showed.
     *
     * @param verdict the verdict
     * @param detail its reason, for reports: which transfer was wrong first, or why none could be tried
     */
    record Finding(OnDemandTrial verdict, String detail) {
    }

    /** The finding of one place; its lock is held during the trial. */
    private static final class Entry {
        private final ReentrantLock lock = new ReentrantLock();
        private Finding finding;
    }

    private static final Map<Place, Entry> ENTRIES = new ConcurrentHashMap<>();

    /**
     * The verdict on a device. One that could not be tried (no port is active, no GID, a limit is reached) is UNSUPPORTED for now, and tried
     * again at the next call.
     */
    static OnDemandTrial of(DeviceContext context) {
        return report(context).verdict;
    }

    /** The verdict's reason, for reports: which transfer was wrong first, or why none could be tried. */
    static String detail(DeviceContext context) {
        return report(context).detail;
    }

    /** Verdict and reason of one look: where nothing could be tried, each look tries again. */
    static Finding report(DeviceContext context) {
        Finding finding;
        try {
            finding = find(context);
        } catch (RuntimeException e) { // whatever it was, a region can do without on-demand paging
            finding = new Finding(UNSUPPORTED, "could not be tried: " + e.getMessage());
        }
        Findings.onDemand(context.device().name(), finding.verdict + ": " + finding.detail);
        return finding;
    }

    private static Finding find(DeviceContext context) {
        OnDemandCapabilities said = context.attributes().onDemand();
        if (!said.supported() || !said.reliableConnection().containsAll(Set.of(Operation.READ, Operation.WRITE))) {
            return new Finding(UNSUPPORTED, "the device says that it has no on-demand paging for reads and writes of reliable connections");
        }
        Place place = place(context);
        Entry entry = ENTRIES.computeIfAbsent(place, key -> new Entry());
        entry.lock.lock();
        try {
            if (entry.finding == null) {
                entry.finding = tryOut(context, place); // if it throws, there is none, and the next call tries again
            }
            return entry.finding;
        } finally {
            entry.lock.unlock();
        }
    }

    private static Place place(DeviceContext context) {
        int ports = context.attributes().physPortCnt();
        for (int port = 1; port <= ports; port++) {
            var attributes = context.port(port);
            if (attributes.state() == PortState.ACTIVE) {
                return new Place(context.device().name(), context.device().guid(), port, attributes.activeMtu());
            }
        }
        throw new IllegalStateException("none of the %d ports of %s is active".formatted(ports, context.device().name()));
    }

    private static Finding tryOut(DeviceContext context, Place place) {
        AtomicLong leftNs = new AtomicLong(LIMIT.toNanos());
        Optional<String> odd;
        try {
            odd = firstWrong(context, place, false, leftNs);
        } catch (RefusedException e) {
            return new Finding(UNSUPPORTED, e.getMessage());
        }
        if (odd.isEmpty()) {
            return new Finding(ANY_OFFSET, "right at every offset that was tried, at MTU " + place.mtu.bytes());
        }
        if (place.mtu != Mtu.MTU_4096) {
            return new Finding(WRONG, odd.get() + "; transfers at page boundaries need an MTU of 4096, and port " + place.port + " has "
                    + place.mtu.bytes());
        }
        Optional<String> aligned = firstWrong(context, place, true, leftNs);
        return aligned.map(wrong -> new Finding(WRONG, odd.get() + "; even at page boundaries: " + wrong))
                .orElseGet(() -> new Finding(PAGE_ALIGNED, "right at page boundaries; elsewhere: " + odd.get()));
    }

    /** On new queue pairs, as a transfer that fails leaves them dead. */
    private static Optional<String> firstWrong(DeviceContext context, Place place, boolean aligned, AtomicLong leftNs) {
        try (TrialLoopback loopback = new TrialLoopback(context, place.port, place.mtu, leftNs)) {
            loopback.control();
            for (TrialTransfer transfer : aligned ? TrialTransfer.aligned() : TrialTransfer.odd()) {
                Optional<String> wrong = loopback.wrong(transfer);
                if (wrong.isPresent()) {
                    return wrong;
                }
            }
            return Optional.empty();
        }
    }

    /** The kernel does not register on demand, whatever the device says. */
    static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        RefusedException(VerbsException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
