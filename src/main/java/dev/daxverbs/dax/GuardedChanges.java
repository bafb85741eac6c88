package dev.daxverbs.dax;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The guards of a file, and the order in which a change passes them: the first added is the outermost. One change at a time; a
 * change that a guard makes from within another, on the same thread, passes all guards again.
 */
final class GuardedChanges {
    private final List<ChangeGuard> guards = new CopyOnWriteArrayList<>();
    private final ReentrantLock oneAtATime = new ReentrantLock();

    void add(ChangeGuard guard) {
        guards.add(guard);
    }

    void remove(ChangeGuard guard) {
        guards.remove(guard);
    }

    void run(String change, ChangeAction action) throws IOException {
        oneAtATime.lock();
        try {
            // A copy: a guard that is added or removed meanwhile counts from the next change on.
            runInside(List.copyOf(guards), change, action);
        } finally {
            oneAtATime.unlock();
        }
    }

    private static void runInside(List<ChangeGuard> guards, String change, ChangeAction action) throws IOException {
        if (guards.isEmpty()) {
            action.run();
            return;
        }
        ChangeGuard outermost = guards.getFirst();
        Once inner = new Once(change, () -> runInside(guards.subList(1, guards.size()), change, action));
        outermost.aroundChange(change, inner);
        if (!inner.began) {
            throw new IllegalStateException("the guard did not run the change, and did not say why: change=" + change + ", guard="
                    + outermost + "; a guard that refuses a change must throw");
        }
    }

    /** Lets an action run once. */
    private static final class Once implements ChangeAction {
        private final String change;
        private final ChangeAction action;
        private boolean began;

        Once(String change, ChangeAction action) {
            this.change = change;
            this.action = action;
        }

        @Override
        public void run() throws IOException {
            if (began) {
                throw new IllegalStateException("the change has run already: change=" + change);
            }
            began = true;
            action.run();
        }
    }
}
