package dev.daxverbs.region;

import dev.daxverbs.internal.DaemonThreads;
import dev.daxverbs.internal.MappingWitness;
import dev.daxverbs.verbs.AccessFlag;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps what is costly to make of a range of memory, and gives it to whoever wants it for the same memory again: the machinery of
 * {@link RegionCache}, which makes regions. What is made is made by a {@link Source}.
 *
 * <p><b>Assumptions.</b> Who acquires a range keeps its memory in place until the call has returned. While a scope other than the global
 * one is alive, its memory is there and is not exchanged for other (which is what {@link MemorySegment} promises to its users).
 *
 * <p><b>Guarantees.</b> What is had for memory was made of that memory: of the same scope, or of the same bytes of the same files. Each
 * acquired resource is ended exactly once, not before its last holder has released it. What is kept never exceeds the limits.
 *
 * <p><b>Progress.</b> A hit and a release are lock-free. A miss waits for the source, and for another thread that makes what it wants;
 * nobody waits for the source with the lock held.
 *
 * <p><b>Fields.</b> {@link #table} is immutable and read by hits, after {@link #hints}; all else is guarded by the lock, but for the map,
 * which is concurrent. A range that is retired (see {@link dev.daxverbs.internal.Holders}) leaves the table under the same lock, so that
 * what is in the table can be held by whoever has the lock.
 */
final class KeptRanges<R> implements AutoCloseable {
    /** How often what is dead is looked for: memory that is gone stays pinned for so long, if nobody asks for it. */
    static final long SWEEP_NS = 100_000_000;
    /** How many ranges of the global scope a sweep asks the kernel about, as each question takes half a microsecond. */
    private static final int QUESTIONS_A_SWEEP = 500;
    /** One part in so many of the ranges are found in a search for those to be evicted: so that there is not a search for each. */
    private static final int VICTIM_PARTS = 16;

    /** Makes and ends what is kept. */
    interface Source<R> {
        /** Refuses, by an exception, what {@link #make} would refuse before it tries. */
        void check(MemorySegment segment, int access);

        /**
         * Makes it.
         *
         * @param segment the memory
         * @param access the bits of {@link dev.daxverbs.verbs.AccessFlag}
         */
        R make(MemorySegment segment, int access) throws IOException;

        /** Whether {@link #make} failed for want of something that ending others gives back. */
        boolean isExhausted(Exception failure);

        /** What shows whether memory of the global scope is still the same; null if nothing does. */
        MappingWitness witness(MemorySegment segment);

        /** Ends it. */
        void end(R resource);
    }

    /** Something is being made: others who want it wait. */
    private record Making(long start, long end, MemorySegment.Scope scope, int access) {
        boolean willServe(long wantedStart, long wantedEnd, MemorySegment.Scope wantedScope, int wantedAccess) {
            return start <= wantedStart && wantedEnd <= end && wantedAccess == access && wantedScope.equals(scope)
                    && (KeptRange.isDivisible(access) || start == wantedStart && end == wantedEnd);
        }
    }

    /** One that was the least recently used when it was looked for. */
    private record Victim<R>(KeptRange<R> range, long lastUse) {
    }

    /**
     * What a miss is going to do.
     *
     * @param making how others see it; null: there is no room, so it is not to be kept
     * @param segment what is to be made
     * @param bytes what it will pin
     * @param victims what has to be ended before
     * @param creditBytes how many of their bytes are already counted as those of the new range
     * @param creditCount how many of them are
     */
    private record Plan<R>(Making making, MemorySegment segment, long bytes, List<KeptRange<R>> victims, long creditBytes,
            int creditCount) {
    }

    private final Source<R> source;
    private final RegionCacheOptions options;
    private final String name;
    private final long maxIdleNs;

    private volatile RangeTable<R> table = RangeTable.empty();
    private final RangeHints<R> hints;
    /** Counts misses and sweeps: what tells earlier uses from later ones. Read by releases. */
    private volatile long time;

    /** Everything that has not been ended, by what was made. */
    private final Map<R, KeptRange<R>> existing = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    /** Something that was being made or ended is done. */
    private final Condition changed = lock.newCondition();
    /** There is something to sweep, or the cache is closed. */
    private final Condition sweeping = lock.newCondition();

    // Guarded by the lock.
    private final List<Making> making = new ArrayList<>();
    private final Deque<Victim<R>> victims = new ArrayDeque<>();
    private int makers; // threads that are making something, also what is not to be kept
    private int keptCount; // not ended yet, or about to be made
    private long keptBytes;
    private int questionsFrom; // how many ranges of the global scope the last sweeps have asked about
    private Thread sweeper;
    private boolean hintsToClear; // something has been retired since the hints were last cleared
    private boolean closed;
    private RuntimeException failure; // the first that ending something met with where nobody could be told
    private long hits;
    private long misses;
    private long merges;
    private long evictions;
    private long dead;
    private long uncached;

    KeptRanges(Source<R> source, RegionCacheOptions options, String name) {
        this.source = source;
        this.options = options;
        this.name = name;
        maxIdleNs = options.maxIdle().toNanos();
        hints = new RangeHints<>(options.maxRegions());
    }

    /** Gives what was made of memory around a segment, or makes it. */
    KeptRange<R> acquire(MemorySegment segment, int access) throws IOException {
        long start = segment.address();
        long end = start + segment.byteSize();
        KeptRange<R> found = hints.get(start);
        boolean hinted = found != null && found.start <= start && found.serves(start, end, segment.scope(), access);
        if (!hinted) {
            found = table.find(start, end, segment.scope(), access);
        }
        // Proof first: what is retired while we ask cannot be held afterwards. What dies after the proof dies under whoever asks for it.
        if (found != null && isProper(segment, access) && found.isTrueOf(start, end) && found.hold()) {
            if (!hinted) {
                hints.put(start, found);
            }
            return found;
        }
        return acquireSlowly(segment, access);
    }

    /** What a hit has to refuse as making it would. */
    private static boolean isProper(MemorySegment segment, int access) {
        return segment.byteSize() > 0 && segment.isAccessibleBy(Thread.currentThread())
                && !(segment.isReadOnly() && (access & AccessFlag.LOCAL_WRITE.bit()) != 0);
    }

    /** Takes it back. */
    void release(R resource) {
        KeptRange<R> range = existing.get(resource);
        if (range == null) {
            throw new IllegalStateException("%s: closed more often than it was acquired".formatted(resource));
        }
        range.usedAt(time); // before the count goes down, as it may be evicted then
        boolean toEnd;
        try {
            toEnd = range.release();
        } catch (IllegalStateException e) {
            throw new IllegalStateException("%s: closed more often than it was acquired".formatted(resource), e);
        }
        if (toEnd) {
            RuntimeException failed = endAll(List.of(range), 0, 0);
            if (failed != null) {
                throw failed;
            }
        }
    }

    private KeptRange<R> acquireSlowly(MemorySegment segment, int access) throws IOException {
        source.check(segment, access);
        boolean global = KeptRange.isGlobal(segment.scope());
        MappingWitness witness = global ? source.witness(segment) : null;
        if (global && witness == null) {
            return makeUnkept(segment, access);
        }
        for (;;) {
            List<KeptRange<R>> gone = new ArrayList<>();
            KeptRange<R> found;
            Plan<R> plan = null;
            lock.lock();
            try {
                checkOpen();
                found = findLocked(segment, access, gone);
                if (found == null && gone.isEmpty()) { // else: end them first, they may be in the way
                    plan = planOrAwait(segment, access, global);
                }
            } finally {
                lock.unlock();
            }
            note(endAll(gone, 0, 0));
            if (found != null) {
                return found;
            }
            if (plan != null) {
                note(endAll(plan.victims, plan.creditBytes, plan.creditCount));
                return plan.making == null ? makeUnkept(segment, access) : makeKept(plan, segment, witness);
            }
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException(name + " is closed");
        }
    }

    /** Looks again, with the lock, and takes those out that are found to be dead. */
    private KeptRange<R> findLocked(MemorySegment segment, int access, List<KeptRange<R>> gone) {
        long start = segment.address();
        long end = start + segment.byteSize();
        KeptRange<R> found;
        while ((found = table.find(start, end, segment.scope(), access)) != null) {
            if (found.isTrueOf(start, end)) {
                found.hold(); // succeeds: what is in the table is not retired while we have the lock
                return found;
            }
            dead++;
            takeOut(found, gone);
        }
        return null;
    }

    /** Retires it, whether it is held or not. */
    private void takeOut(KeptRange<R> range, List<KeptRange<R>> toEnd) {
        if (range.retire()) {
            toEnd.add(range);
        }
        leave(range);
    }

    /** Takes a retired range out of the table. */
    private void leave(KeptRange<R> range) {
        hintsToClear = true;
        hits += range.takeNewHolds();
        table = table.without(range);
    }

    /** What a miss is going to do. Null: somebody else is doing it, or was when we began to wait. */
    private Plan<R> planOrAwait(MemorySegment segment, int access, boolean global) {
        long start = segment.address();
        long end = start + segment.byteSize();
        for (Making other : making) {
            if (other.willServe(start, end, segment.scope(), access)) {
                changed.awaitUninterruptibly();
                return null;
            }
        }
        time++;
        MemorySegment wanted = global || !KeptRange.isDivisible(access) ? segment : merged(segment, access);
        Plan<R> plan = reserve(wanted, access);
        return plan.making == null && wanted != segment ? reserve(segment, access) : plan;
    }

    /**
     * What is to be made for a segment: it and its neighbours of the same scope and access, one after the other, as long as each at most
     * doubles what is made. So the bytes of a neighbour are made anew as part of at least twice as many: over memory that is acquired piece
     * by piece, the work grows as n log n, where it would grow as the square if each piece were merged with all before it.
     */
    @SuppressWarnings("restricted")
    private MemorySegment merged(MemorySegment segment, int access) {
        Union<R> union = new Union<>(segment);
        long before;
        do {
            before = union.end - union.start;
            table.forEachTouching(union.start, union.end, range -> {
                if (range.access == access && range.isOf(segment.scope())) {
                    union.add(range);
                }
            });
        } while (union.end - union.start != before);
        return before == segment.byteSize() ? segment : union.lowest.reinterpret(before); // keeps the scope
    }

    private static final class Union<R> {
        long start;
        long end;
        MemorySegment lowest;

        Union(MemorySegment segment) {
            start = segment.address();
            end = start + segment.byteSize();
            lowest = segment;
        }

        void add(KeptRange<R> neighbour) {
            long both = Math.max(end, neighbour.end) - Math.min(start, neighbour.start);
            if (both > 2 * (end - start)) {
                return;
            }
            if (neighbour.start < start) {
                lowest = neighbour.segment;
                start = neighbour.start;
            }
            end = Math.max(end, neighbour.end);
        }
    }

    /** Makes room within the limits, if enough is idle. Else the plan has nothing to make, and nothing has changed. */
    private Plan<R> reserve(MemorySegment segment, int access) {
        long start = segment.address();
        long end = start + segment.byteSize();
        long bytes = KeptRange.pinnedBytes(start, end);
        List<KeptRange<R>> chosen = new ArrayList<>();
        long freed = 0;
        if (bytes > options.maxPinnedBytes()) {
            return new Plan<>(null, segment, 0, chosen, 0, 0);
        }
        while (keptCount - chosen.size() + 1 > options.maxRegions() || keptBytes - freed + bytes > options.maxPinnedBytes()) {
            KeptRange<R> victim = nextVictim();
            if (victim == null) {
                chosen.forEach(KeptRange::reinstate);
                victims.clear(); // those that were chosen are not in it any more
                return new Plan<>(null, segment, 0, List.of(), 0, 0);
            }
            chosen.add(victim);
            freed += victim.pinnedBytes();
        }
        chosen.forEach(this::leave);
        evictions += chosen.size();
        // The new range takes the place of the victims, which are there until they have been ended, and it is not there before. What they
        // have more than it is
        // given to others only then.
        long creditBytes = Math.min(bytes, freed);
        int creditCount = Math.min(1, chosen.size());
        keptBytes += bytes - creditBytes;
        keptCount += 1 - creditCount;
        Making mine = new Making(start, end, segment.scope(), access);
        making.add(mine);
        makers++;
        misses++;
        return new Plan<>(mine, segment, bytes, chosen, creditBytes, creditCount);
    }

    /** The least recently used range that is idle, retired; or null. */
    private KeptRange<R> nextVictim() {
        for (boolean searched = false;;) {
            Victim<R> next = victims.poll();
            if (next == null) {
                if (searched) {
                    return null;
                }
                findVictims();
                searched = true;
            } else if (next.range.lastUse() == next.lastUse && next.range.retireIdle()) {
                // Not used since the search, and all that the search left out had been used later than this.
                return next.range;
            }
        }
    }

    private void findVictims() {
        List<Victim<R>> idle = new ArrayList<>();
        table.forEach(range -> {
            if (range.holders() == 0 && !range.isRetired()) {
                idle.add(new Victim<>(range, range.lastUse()));
            }
        });
        idle.sort(Comparator.comparingLong(Victim::lastUse));
        victims.addAll(idle.subList(0, Math.min(idle.size(), Math.max(VICTIM_PARTS, idle.size() / VICTIM_PARTS))));
    }

    private KeptRange<R> makeKept(Plan<R> plan, MemorySegment segment, MappingWitness witness) throws IOException {
        MemorySegment covered = plan.segment;
        KeptRange<R> made = null;
        List<KeptRange<R>> replaced = new ArrayList<>();
        try {
            R resource = null;
            if (covered != segment) {
                try {
                    resource = source.make(covered, plan.making.access());
                } catch (IOException | RuntimeException e) {
                    covered = segment; // whatever is wrong with the neighbours is not its user's business
                }
            }
            if (resource == null) {
                resource = make(segment, plan.making.access());
            }
            made = new KeptRange<>(covered, plan.making.access(), resource, witness, true);
            existing.put(resource, made);
        } finally {
            lock.lock();
            try {
                making.remove(plan.making);
                makers--;
                if (made == null) {
                    keptBytes -= plan.bytes;
                    keptCount--;
                } else {
                    keptBytes += made.pinnedBytes() - plan.bytes;
                    merges += covered == segment ? 0 : 1;
                    enter(made, replaced);
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
        note(endAll(replaced, 0, 0));
        return made;
    }

    private void enter(KeptRange<R> made, List<KeptRange<R>> toEnd) {
        List<KeptRange<R>> replaced = new ArrayList<>();
        table.forEachTouching(made.start, made.end, range -> {
            if (made.replaces(range)) {
                replaced.add(range);
            }
        });
        replaced.forEach(range -> takeOut(range, toEnd));
        table = table.with(made);
        if (sweeper == null) {
            sweeper = DaemonThreads.named("daxverbs-region-cache").start(this::sweepUntilClosed);
        }
        sweeping.signal();
    }

    private KeptRange<R> makeUnkept(MemorySegment segment, int access) throws IOException {
        lock.lock();
        try {
            checkOpen();
            makers++;
            uncached++;
        } finally {
            lock.unlock();
        }
        try {
            R resource = make(segment, access);
            KeptRange<R> made = new KeptRange<>(segment, access, resource, null, false);
            existing.put(resource, made);
            return made;
        } finally {
            lock.lock();
            try {
                makers--;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Makes it. When something is exhausted that what is kept may have taken, ends idle ranges, more and more, and tries again. */
    private R make(MemorySegment segment, int access) throws IOException {
        long start = segment.address();
        for (long bytes = KeptRange.pinnedBytes(start, start + segment.byteSize());; bytes *= 2) {
            try {
                return source.make(segment, access);
            } catch (IOException | RuntimeException e) {
                if (!source.isExhausted(e) || !evictIdle(bytes)) {
                    throw e;
                }
            }
        }
    }

    private boolean evictIdle(long bytes) {
        List<KeptRange<R>> evicted = new ArrayList<>();
        lock.lock();
        try {
            long freed = 0;
            for (KeptRange<R> victim; freed < bytes && (victim = nextVictim()) != null; freed += victim.pinnedBytes()) {
                leave(victim);
                evicted.add(victim);
            }
            evictions += evicted.size();
        } finally {
            lock.unlock();
        }
        note(endAll(evicted, 0, 0));
        return !evicted.isEmpty();
    }

    /**
     * Ends retired ranges that nobody holds, without the lock: that may take long.
     *
     * @param creditBytes what of their bytes has been given to another range
     * @param creditCount what of their number has been given to another range
     * @return what the first that failed met with, or null
     */
    private RuntimeException endAll(List<KeptRange<R>> ranges, long creditBytes, int creditCount) {
        if (ranges.isEmpty()) {
            return null;
        }
        RuntimeException failed = null;
        long bytes = 0;
        int count = 0;
        for (KeptRange<R> range : ranges) {
            try {
                source.end(range.resource);
                bytes += range.isKept() ? range.pinnedBytes() : 0; // what could not be ended is still pinned
                count += range.isKept() ? 1 : 0;
            } catch (RuntimeException e) {
                failed = failed == null ? e : failed;
            }
            existing.remove(range.resource);
        }
        lock.lock();
        try {
            keptBytes += creditBytes - bytes;
            keptCount += creditCount - count;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return failed;
    }

    /** Keeps for {@link #close} what went wrong where it is not its user's who met it. */
    private void note(RuntimeException failed) {
        if (failed != null) {
            lock.lock();
            try {
                failure = failure == null ? failed : failure;
            } finally {
                lock.unlock();
            }
        }
    }

    private void sweepUntilClosed() {
        for (;;) {
            lock.lock();
            try {
                while (!closed && table.size() == 0 && !hintsToClear) {
                    sweeping.awaitUninterruptibly();
                }
                if (closed) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            LockSupport.parkNanos(SWEEP_NS);
            sweep();
        }
    }

    /** Lets those go whose memory is gone, and those that nobody has used for long. */
    void sweep() {
        long nowNs = System.nanoTime();
        List<KeptRange<R>> toEnd = new ArrayList<>();
        lock.lock();
        try {
            time++;
            Questions questions = new Questions(questionsFrom);
            table.forEach(range -> {
                if ((range.isScoped() || questions.isNext()) && !range.isTrue()) {
                    dead++;
                    if (range.retire()) {
                        toEnd.add(range);
                    }
                } else if (range.idleNs(nowNs) > maxIdleNs && range.retireIdle()) {
                    evictions++;
                    toEnd.add(range);
                }
                hits += range.takeNewHolds();
            });
            questionsFrom = questions.next();
            if (table.has(KeptRange::isRetired)) {
                table = table.only(range -> !range.isRetired());
                hintsToClear = true;
            }
            if (hintsToClear) {
                hints.clearRetired();
                hintsToClear = false;
            }
        } finally {
            lock.unlock();
        }
        note(endAll(toEnd, 0, 0));
    }

    /** Which ranges a sweep asks the kernel about: some, from where the last sweep ended. */
    private static final class Questions {
        private final int from;
        private int seen;

        Questions(int from) {
            this.from = from;
        }

        boolean isNext() {
            int at = seen++;
            return at >= from && at < from + QUESTIONS_A_SWEEP;
        }

        int next() {
            return from + QUESTIONS_A_SWEEP < seen ? from + QUESTIONS_A_SWEEP : 0;
        }
    }

    /** Lets go whatever overlaps a range of memory, of any scope. */
    void invalidate(long start, long end) {
        List<KeptRange<R>> toEnd = new ArrayList<>();
        lock.lock();
        try {
            checkOpen();
            List<KeptRange<R>> overlapping = new ArrayList<>();
            table.forEachTouching(start, end, range -> {
                if (range.start < end && start < range.end) {
                    overlapping.add(range);
                }
            });
            overlapping.forEach(range -> takeOut(range, toEnd));
            dead += overlapping.size();
        } finally {
            lock.unlock();
        }
        RuntimeException failed = endAll(toEnd, 0, 0);
        if (failed != null) {
            throw failed;
        }
    }

    RegionCacheCounters counters() {
        lock.lock();
        try {
            table.forEach(range -> hits += range.takeNewHolds());
            return new RegionCacheCounters(hits, misses, merges, evictions, dead, uncached, keptCount, keptBytes);
        } finally {
            lock.unlock();
        }
    }

    /** Ends everything, unless something is held: then nothing changes. */
    @Override
    public void close() {
        List<KeptRange<R>> idle = new ArrayList<>();
        lock.lock();
        try {
            if (closed) {
                return;
            }
            List<KeptRange<R>> held = new ArrayList<>();
            table.forEach(range -> {
                if (range.retireIdle()) {
                    idle.add(range); // no hit from now on
                } else {
                    held.add(range);
                }
            });
            existing.values().forEach(range -> {
                if (range.holders() > 0 && !held.contains(range)) {
                    held.add(range);
                }
            });
            if (makers > 0 || !held.isEmpty()) {
                idle.forEach(KeptRange::reinstate);
                throw new IllegalStateException("%s: being registered=%d, held=%s: close these first".formatted(name, makers, held));
            }
            idle.forEach(range -> hits += range.takeNewHolds());
            table = RangeTable.empty();
            hints.clearRetired();
            closed = true;
            sweeping.signal();
        } finally {
            lock.unlock();
        }
        note(endAll(idle, 0, 0));
        RuntimeException failed;
        lock.lock();
        try {
            while (!existing.isEmpty()) { // others are ending something
                changed.awaitUninterruptibly();
            }
            failed = failure;
        } finally {
            lock.unlock();
        }
        if (failed != null) {
            throw failed;
        }
    }
}
