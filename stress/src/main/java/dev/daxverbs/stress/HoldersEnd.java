package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Holders;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Somebody comes to hold what another takes out of the cache: a hit, and an eviction or the end of its memory. */
@JCStressTest
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "held, and ended afterwards, by one of the two")
@Outcome(id = "-1, 1", expect = ACCEPTABLE, desc = "ended, and not held")
@Outcome(id = "0, 1", expect = FORBIDDEN, desc = "held after its end")
@Outcome(expect = FORBIDDEN, desc = "never ended, or twice")
@State
public class HoldersEnd {
    private final Thing thing = new Thing();

    private static final class Thing extends Holders {
        Thing() {
            super(true);
            release();
        }
    }

    private int usable = 1;
    private int endsByUser;
    private int endsByRetirer;

    /** Uses it once. */
    @Actor
    public void user(II_Result result) {
        if (!thing.hold()) {
            result.r1 = -1;
            return;
        }
        result.r1 = usable;
        if (thing.release()) {
            usable = 0;
            endsByUser++;
        }
    }

    /** Takes it out. */
    @Actor
    public void retirer() {
        if (thing.retire()) {
            usable = 0;
            endsByRetirer++;
        }
    }

    /** Counts the ends. */
    @Arbiter
    public void count(II_Result result) {
        result.r2 = endsByUser + endsByRetirer;
    }
}
