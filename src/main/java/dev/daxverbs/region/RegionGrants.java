package dev.daxverbs.region;

import dev.daxverbs.grant.GrantHolder;
import dev.daxverbs.grant.GrantSource;
import dev.daxverbs.grant.PeerKey;
import dev.daxverbs.internal.Posix;
import dev.daxverbs.internal.PumpThreads;
import dev.daxverbs.verbs.MemoryRegistration;
import dev.daxverbs.verbs.QueuePair;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What peers in other processes have of one region: who has granted its keys, to be told of breaks; and access to its memory in the
 * device's place.
 *
 * <p><b>Granting and revoking exclude each other</b> in the holder: it looks at {@link #grant} and notes what it has given within one lock,
 * and a break clears what {@code grant} finds before it takes that lock in {@link GrantHolder#revoke}. So whoever was given a key is told
 * of its end.
 *
 * <p>Thread use: any.
 */
final class RegionGrants extends GrantSource {
    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(50);

    private final MemoryRegion region;
    // Small, as there is one for each region, and most are never given out.
    private volatile List<GrantHolder> holders = List.of(); // replaced with the region locked
    private Runnable again; // for turns, which know it by its identity; made with the first holder

    RegionGrants(MemoryRegion region) {
        this.region = region;
    }

    // The region's and its files' side.

    boolean isHeld() {
        return !holders.isEmpty();
    }

    /** Tells all who have granted keys that they end. After the registration was withdrawn from posters. */
    void revoke() {
        holders.forEach(GrantHolder::revoke);
    }

    /** Whether no peer uses a key that was revoked. */
    boolean isDrained() {
        return holders.stream().allMatch(GrantHolder::isDrained);
    }

    /** Stops those who have not answered. */
    List<QueuePair> fenceLate() {
        List<QueuePair> late = new ArrayList<>();
        holders.forEach(holder -> late.addAll(holder.fenceLate()));
        return late;
    }

    /** Lets peers have keys again, when there is a registration, and no staged atomic is at a word that their devices may then change. */
    void grantAgain() {
        if (!holders.isEmpty() && !region.hasStagedAtomic(again)) {
            holders.forEach(GrantHolder::grantAgain);
        }
    }

    /** The region is closed: none is added any more. */
    void withdrawAll() {
        holders.forEach(this::withdraw);
    }

    // The holders' side.

    @Override
    public void attach(GrantHolder holder) {
        synchronized (region) {
            region.checkOpen();
            if (again == null) {
                again = () -> PumpThreads.run(this::grantAgain);
            }
            List<GrantHolder> more = new ArrayList<>(holders);
            more.add(holder);
            holders = List.copyOf(more);
        }
    }

    @Override
    public void withdraw(GrantHolder holder) {
        holder.withdraw();
        long endNs = System.nanoTime() + GuardedFile.OWN_DEADLINE_NS; // nobody waits for a lease here either
        while (!holder.isDrained() && System.nanoTime() - endNs < 0) {
            LockSupport.parkNanos(PAUSE_NS);
        }
        holder.fenceLate();
        synchronized (region) {
            holders = holders.stream().filter(other -> other != holder).toList();
        }
    }

    @Override
    public PeerKey grant() {
        if (region.direct().allowsAtomics() && region.hasStagedAtomic(again)) {
            return null; // in a moment
        }
        MemoryRegion.Usable usable = region.usableNow();
        if (usable == null || usable.registration() == null) {
            return null;
        }
        MemoryRegistration registration = usable.registration();
        DirectAccess direct = region.direct();
        return new PeerKey(registration.remoteKey(), usable.bytes(), direct.allowsAny() ? 1 : Math.toIntExact(Posix.PAGE_SIZE),
                direct.allowsAtomics());
    }

    @Override
    public long usableBytes() {
        return region.usableBytes();
    }

    // Access in the device's place.

    @Override
    public Outcome read(long offset, ByteBuffer into) {
        return staged(into.remaining(), buffer -> {
            FileAccess result = region.read(offset, buffer, 0, into.remaining());
            if (result == FileAccess.DONE) {
                MemorySegment.ofBuffer(into).copyFrom(buffer.segment());
            }
            return result;
        });
    }

    @Override
    public Outcome write(long offset, ByteBuffer from) {
        return staged(from.remaining(), buffer -> {
            buffer.segment().copyFrom(MemorySegment.ofBuffer(from));
            return region.write(offset, buffer, 0, from.remaining());
        });
    }

    @Override
    public Outcome change(long offset, Change change, long[] before, Runnable whenWorthTrying) {
        AtomicTurn turn = region.atomicTurnAt(offset);
        if (!turn.begin(whenWorthTrying)) {
            return Outcome.LATER;
        }
        try {
            // Who grants a key after this sees the turn; who did before had the registration, so that we see it here.
            if (region.letsDeviceDoAtomicsAt(offset, Long.BYTES)) {
                return Outcome.DEVICES;
            }
            return staged(Long.BYTES, buffer -> {
                FileAccess result = region.read(offset, buffer, 0, Long.BYTES);
                if (result != FileAccess.DONE) {
                    return result;
                }
                before[0] = buffer.segment().get(ValueLayout.JAVA_LONG, 0);
                buffer.segment().set(ValueLayout.JAVA_LONG, 0, change.apply(before[0]));
                return region.write(offset, buffer, 0, Long.BYTES);
            });
        } finally {
            turn.end();
        }
    }

    @Override
    public Outcome flush(long offset, long lengthBytes) {
        return outcome(region.flush(offset, lengthBytes));
    }

    private interface StagedAccess {
        FileAccess run(StagingBuffer buffer);
    }

    private Outcome staged(int lengthBytes, StagedAccess access) {
        StagingBuffer buffer = region.ownStaging().take(lengthBytes, null);
        if (buffer == null) {
            return Outcome.LATER;
        }
        try {
            return outcome(access.run(buffer));
        } finally {
            buffer.giveBack();
        }
    }

    private static Outcome outcome(FileAccess result) {
        return switch (result) {
            case DONE -> Outcome.DONE;
            case LATER -> Outcome.LATER;
            case TRUNCATED -> Outcome.TRUNCATED;
            case CLOSED -> Outcome.CLOSED;
            case FAILED -> Outcome.FAILED;
        };
    }
}
