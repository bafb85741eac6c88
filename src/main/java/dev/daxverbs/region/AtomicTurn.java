package dev.daxverbs.region;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Whose turn it is to do a staged atomic on words of one file: one at a time, as reading the word and writing it are two steps. Any thread.
 */
final class AtomicTurn {
    private final Set<Pump> waiting = new LinkedHashSet<>(); // guarded by itself
    private volatile boolean taken;
    private volatile boolean suspended;

    /**
     * Gives the turn, if nobody has it and no device can be at the words.
     *
     * @param pump is called when it is worth trying again
     */
    boolean begin(Pump pump) {
        synchronized (waiting) {
            if (taken || suspended) {
                waiting.add(pump);
                return false;
            }
            waiting.remove(pump);
            taken = true;
            return true;
        }
    }

    void end() {
        taken = false;
        callWaiting();
    }

    /** Whether somebody has it: the device must not be let at a word. */
    boolean isTaken() {
        return taken;
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
        List<Pump> called;
        synchronized (waiting) {
            called = new ArrayList<>(waiting);
            waiting.clear();
        }
        called.forEach(Pump::call);
    }
}
