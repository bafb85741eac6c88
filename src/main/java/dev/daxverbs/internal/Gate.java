package dev.daxverbs.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps one owner and occasional seizers out of each other's way: a lock that is biased to its owner.
 *
 * <p><b>Assumptions.</b> One thread at a time calls {@link #enter} and {@link #exit}, in pairs, not nested; when another takes
 * over, the two have synchronized by other means. Any thread may seize; seizures exclude each other. The owner does
 * not seize this gate between enter and exit.
 *
 * <p><b>Guarantees.</b> Between a successful {@code enter} and the {@code exit} no seizer is between {@link #seize} and
 * {@link #release}. What a seizer changed is visible to the owner's next {@code enter}; what the owner did before
 * {@code exit} is visible to the next seizer. After {@link #close} no {@code enter} succeeds.
 *
 * <p><b>Progress.</b> The owner's {@code enter} is wait-free while nobody seizes, and otherwise waits for the release; {@code exit} is
 * wait-free. A seizer waits for the owner's {@code exit}, thus for no more than one operation of the owner's, and for other seizers.
 *
 * <p><b>Order.</b> Each gate has a place in one order, that of their creation. A thread that has gates seized may seize again what it
 * has, and gates that were created after all that it has; never an earlier one, which another thread could have while it waits for one of
 * these. {@link #seizeAll} brings the gates that it is given into this order, and holds nothing while it waits for the first; for what the
 * thread has before, the rule is the caller's to keep. To be inside a gate counts as having it: an owner that seizes another gate between
 * enter and exit needs a rule that excludes the opposite. Gates are released in any order.
 *
 * <p><b>Variants.</b> Owner and seizer each store their flag and then load the other's; if either could load before its store is visible,
 * both might go on. So each side needs a full barrier between the two, and the owner's side runs millions of times for each time of the
 * seizer's. In the variant {@code membarrier} the seizer executes the barrier for both ({@link ProcessWideBarrier}), and {@code enter} is
 * a store and a load. In the variant {@code fence} each executes its own; it is for kernels that have no {@code membarrier(2)} or forbid
 * it. Which it is, is decided once for the process, so that compiled code has no trace of the other.
 *
 * <pre>{@code
 * if (!gate.enter()) throw closed();           gate.seize();
 * try { post(); } finally { gate.exit(); }     try { revoke(); } finally { gate.release(); }
 * }</pre>
 */
public final class Gate extends PaddingAfterGateFields {
    /** System property: {@value #FENCE} keeps the gate from using {@code membarrier(2)}. */
    static final String VARIANT_PROPERTY = "dev.daxverbs.gate";
    static final String FENCE = "fence";
    static final String MEMBARRIER = "membarrier";

    private static final boolean OWNER_FENCES =
            FENCE.equals(System.getProperty(VARIANT_PROPERTY)) || !ProcessWideBarrier.isAvailable();

    private static final int OUTSIDE = 0;
    private static final int INSIDE = 1;

    private static final int OPEN = 0;
    private static final int SEIZED = 1;
    private static final int CLOSED = 2;

    private static final int SPINS_BEFORE_PARKING = 200;
    private static final long PARK_NS = 20_000;

    private static final VarHandle OWNER;
    private static final VarHandle STATE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            OWNER = lookup.findVarHandle(Gate.class, "owner", int.class);
            STATE = lookup.findVarHandle(Gate.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final AtomicLong CREATED = new AtomicLong();
    private static final Comparator<Gate> BY_CREATION = Comparator.comparingLong(gate -> gate.place);

    /** In the order of all gates. */
    private final long place = CREATED.getAndIncrement();
    private final ReentrantLock seizers = new ReentrantLock();
    /** Guarded by {@link #seizers}. */
    private boolean closed;

    /**
     * How owners and seizers are kept apart in this process.
     *
     * @return {@code membarrier} or {@code fence}
     */
    public static String variant() {
        return OWNER_FENCES ? FENCE : MEMBARRIER;
    }

    /**
     * The owner begins an operation; waits while the gate is seized.
     *
     * @return false if the gate is closed: then there is no {@link #exit}
     */
    public boolean enter() {
        announce();
        return isOpen() || enterSlowly();
    }

    /** The owner's operation is over: its reads and writes are ordered before the seizer's look in {@link #awaitOutside}. */
    public void exit() {
        OWNER.setRelease(this, OUTSIDE);
    }

    /**
     * Keeps the owner out, and waits until it is outside. The caller must {@link #release}; seizures by one thread may nest.
     *
     * @throws IllegalStateException if {@code membarrier(2)} is forbidden after it was allowed; the gate is not seized then
     */
    public void seize() {
        seizers.lock();
        if (state != OPEN) { // nested, or closed: the owner was outside when that began, and no enter has succeeded since
            return;
        }
        try {
            keepOut();
            barrier();
        } catch (Throwable t) {
            release();
            throw t;
        }
        awaitOutside();
    }

    /**
     * Seizes many gates with one barrier. Afterwards it is as if each had been {@link #seize}d, and each is to be {@link #release}d. The
     * owners go on until all seizers before have released.
     *
     * @param gates the gates, in any order; what the thread has already seized is nested, and so is a gate that is named twice
     * @throws IllegalStateException if {@code membarrier(2)} is forbidden after it was allowed; no gate is seized then
     */
    public static void seizeAll(Collection<? extends Gate> gates) {
        Gate[] ordered = gates.toArray(Gate[]::new);
        Arrays.sort(ordered, BY_CREATION);
        int locked = 0;
        try {
            while (locked < ordered.length) {
                ordered[locked].seizers.lock();
                locked++;
            }
            boolean anyWasOpen = false;
            for (Gate gate : ordered) {
                if (gate.state == OPEN) { // else nothing is to be waited for, see seize()
                    gate.keepOut();
                    anyWasOpen = true;
                }
            }
            if (anyWasOpen) {
                barrier(); // one for all: each keepOut() is before it, each awaitOutside() after it
            }
        } catch (Throwable t) {
            while (locked > 0) {
                ordered[--locked].release();
            }
            throw t;
        }
        for (Gate gate : ordered) {
            gate.awaitOutside(); // at once for those that were not open, but for a moment in which their owner tries to enter
        }
    }

    /** Lets the owner in again, unless the gate was closed. */
    public void release() {
        if (seizers.getHoldCount() == 1) {
            letIn();
        }
        seizers.unlock();
    }

    /**
     * Keeps the owner out for good, once the present seizure is released. Only between {@link #seize} and {@link #release}.
     */
    public void close() {
        if (!seizers.isHeldByCurrentThread()) {
            throw new IllegalStateException("close without seize");
        }
        closed = true;
    }

    /**
     * The owner's half: this store and the load in {@link #isOpen} must not change places, or owner and seizer could each miss the other.
     *
     * <p>Without the fence they may, in the processor: the store waits in its buffer while the load is done. That race is meant. The
     * seizer's {@link #barrier} falls somewhere into the owner's program order: before the load, which then sees SEIZED; or after it, thus
     * after the store, and {@link #awaitOutside} sees INSIDE, or a later value. The compiler must not move them: C1 and the interpreter
     * never move accesses through a VarHandle, C2 puts a compiler barrier (MemBarCPUOrder, no instruction) before and after each that is
     * not plain. The specification of opaque and acquire alone would allow it, so this rests on HotSpot; the stress tests watch it.
     */
    private void announce() {
        OWNER.setOpaque(this, INSIDE);
        if (OWNER_FENCES) {
            VarHandle.fullFence();
        }
    }

    /** Acquire: what the operation reads, it reads after this; it pairs with {@link #letIn}, so it sees what the last seizer changed. */
    private boolean isOpen() {
        return (int) STATE.getAcquire(this) == OPEN;
    }

    /** The owner has seen that the gate is not open. Until it leaves again, a seizer may wait for it: so it does that first. */
    private boolean enterSlowly() {
        int spins = 0;
        while (true) {
            exit();
            int now;
            while ((now = (int) STATE.getAcquire(this)) == SEIZED) {
                spins = pause(spins);
            }
            if (now == CLOSED) {
                return false;
            }
            announce(); // from here on as in enter(): that it was open a moment ago says nothing, the next seizer may have looked already
            if (isOpen()) {
                return true;
            }
        }
    }

    /** The seizer's half: opaque, as {@link #barrier} orders it before the look in {@link #awaitOutside}. */
    private void keepOut() {
        STATE.setOpaque(this, SEIZED);
    }

    /** Full, for this thread and, where the owner has none of its own, for the owner: {@link #keepOut} before {@link #awaitOutside}. */
    private static void barrier() {
        if (OWNER_FENCES) {
            VarHandle.fullFence();
        } else {
            ProcessWideBarrier.execute();
        }
    }

    /** Acquire: pairs with {@link #exit}, so that the seizer sees what the owner did. */
    private void awaitOutside() {
        int spins = 0;
        while ((int) OWNER.getAcquire(this) == INSIDE) {
            spins = pause(spins);
        }
    }

    /** Release: what the seizer changed is visible to an owner that sees the new state in {@link #isOpen}. */
    private void letIn() {
        STATE.setRelease(this, closed ? CLOSED : OPEN);
    }

    private static int pause(int spins) {
        if (spins < SPINS_BEFORE_PARKING) {
            Thread.onSpinWait();
            return spins + 1;
        }
        LockSupport.parkNanos(PARK_NS);
        return spins;
    }
}

/**
 * Keeps what lies before a gate in memory out of the cache lines of its fields: two lines on each side, as processors fetch lines in pairs.
 * Of type int, so that these fields fill the gap behind the object's header and no other field comes there.
 */
abstract class PaddingBeforeGateFields {
    int before00, before01, before02, before03, before04, before05, before06, before07;
    int before08, before09, before10, before11, before12, before13, before14, before15;
    int before16, before17, before18, before19, before20, before21, before22, before23;
    int before24, before25, before26, before27, before28, before29, before30, before31;
}

/**
 * What owner and seizers say to each other; side by side, as {@code enter} needs both. A class of its own, since the JVM orders the fields
 * of one class at will.
 */
abstract class GateFields extends PaddingBeforeGateFields {
    /** Gate.INSIDE or OUTSIDE. Written by the owner only. */
    int owner;
    /** Gate.OPEN, SEIZED or CLOSED. Written by the holder of the seizers' lock only, who may thus read it plainly. */
    int state;
}

/** Keeps what lies behind a gate in memory, such as the next gate, out of the cache lines of its fields. */
abstract class PaddingAfterGateFields extends GateFields {
    int after00, after01, after02, after03, after04, after05, after06, after07;
    int after08, after09, after10, after11, after12, after13, after14, after15;
    int after16, after17, after18, after19, after20, after21, after22, after23;
    int after24, after25, after26, after27, after28, after29, after30, after31;
}
