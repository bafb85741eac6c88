package dev.daxverbs.region;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Whose turn it is to do a staged atomic on words of one file: one at a time, as reading the word and writing it are two steps. Any thread.
 */
final class AtomicTurn {
    private final Set<Runnable> waiting = new LinkedHashSet<>(); // guarded by itself
    private volatile boolean taken;
    private volatile boolean suspended;

    /**
     * Gives the turn, if nobody has it and no device can be at the words.
     *
     * @param whenWorthTrying is called when it is, if the turn was not given; always the same object of one caller
     */
    boolean begin(Runnable whenWorthTrying) {
        synchronized (waiting) {
            if (taken || suspended) {
                waiting.add(whenWorthTrying);
                return false;
            }
            waiting.remove(whenWorthTrying);
            taken = true;
            return true;
        }
    }

    void end() {
        synchronized (waiting) {
            taken = false;
        }
        callWaiting();
    }

    /** Whether somebody has it: the device must not be let at a word. */
    boolean isTaken() {
        return taken;
    }

    /**
     * Whether somebody has it.
     *
     * @param whenWorthTrying is called when it ends, if somebody has it
     */
    boolean isTaken(Runnable whenWorthTrying) {
        synchronized (waiting) {
            if (taken) {
                waiting.add(whenWorthTrying);
            }
            return taken;
        }
    }

    /** Gives no turn from now on: the device may still be at words with keys that were withdrawn. */
    void suspend() {
        suspended = true;
    }

    void resume() {
        suspended = false;
        callWaiting();
    }

    private void callWaiting() {
        List<Runnable> called;
        synchronized (waiting) {
            called = new ArrayList<>(waiting);
            waiting.clear();
        }
        called.forEach(Runnable::run);
    }
}
