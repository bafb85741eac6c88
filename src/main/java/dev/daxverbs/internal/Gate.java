package dev.daxverbs.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps one owner and occasional seizers out of each other's way: a lock that is biased to its owner.
 *
 * <p><b>Assumptions.</b> One thread at a time calls {@link #enter} and {@link #exit}, in pairs, not nested; when another takes
 * over, the two have synchronized by other means. Any thread may seize; seizures exclude each other. The owner does
 * not seize between enter and exit.
 *
 * <p><b>Guarantees.</b> Between a successful {@code enter} and the {@code exit} no seizer is between {@link #seize} and
 * {@link #release}. What a seizer changed is visible to the owner's next {@code enter}; what the owner did before
 * {@code exit} is visible to the next seizer. After {@link #close} no {@code enter} succeeds.
 *
 * <p><b>Progress.</b> The owner's {@code enter} is wait-free while nobody seizes, and otherwise waits for the release.
 * A seizer waits for the owner's {@code exit}, thus for no more than one operation of the owner's.
 *
 * <p>This is the variant that needs nothing from the operating system: {@code enter} has a full fence. The variant without
 * ({@code membarrier(2)} in {@code seize} instead) takes its place behind the same methods.
 *
 * <pre>{@code
 * if (!gate.enter()) throw closed();           gate.seize();
 * try { post(); } finally { gate.exit(); }     try { revoke(); } finally { gate.release(); }
 * }</pre>
 */
public final class Gate {
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

    /** INSIDE or OUTSIDE. Written by the owner only. */
    private int owner;
    /** OPEN, SEIZED or CLOSED. Written by the holder of {@link #seizers} only. */
    private int state;
    private boolean closed;
    private final ReentrantLock seizers = new ReentrantLock();

    /**
     * The owner begins an operation; waits while the gate is seized.
     *
     * @return false if the gate is closed: then there is no {@link #exit}
     */
    public boolean enter() {
        announce();
        return (int) STATE.getAcquire(this) == OPEN || enterSlowly();
    }

    /** The owner's operation is over: its writes are ordered before the seizer's look in {@link #awaitOutside}. */
    public void exit() {
        OWNER.setRelease(this, OUTSIDE);
    }

    /**
     * Keeps the owner out, and waits until it is outside. The caller must {@link #release}; seizures by one thread may nest.
     */
    public void seize() {
        seizers.lock();
        STATE.setOpaque(this, SEIZED);
        VarHandle.fullFence(); // the store before the look at the owner: the other half of announce()
        awaitOutside();
    }

    /** Lets the owner in again, unless the gate was closed. */
    public void release() {
        if (seizers.getHoldCount() == 1) {
            STATE.setRelease(this, closed ? CLOSED : OPEN);
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

    /** The store and the caller's next load must not change places, or owner and seizer could each miss the other. */
    private void announce() {
        OWNER.setOpaque(this, INSIDE);
        VarHandle.fullFence();
    }

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
            announce();
            if ((int) STATE.getAcquire(this) == OPEN) {
                return true;
            }
        }
    }

    private void awaitOutside() {
        int spins = 0;
        while ((int) OWNER.getAcquire(this) == INSIDE) {
            spins = pause(spins);
        }
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
