package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Holders;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** Two holders of what has been retired release it at the same time: the last one ends it, and sees what the other did with it. */
@JCStressTest
@Outcome(id = "3, true", expect = ACCEPTABLE, desc = "one of them, after both")
@Outcome(expect = FORBIDDEN, desc = "none or both, or the end does not see what a holder did")
@State
public class HoldersLastRelease {
    private final Thing thing = new Thing();

    private static final class Thing extends Holders {
        Thing() {
            super(true);
            hold();
            retire();
        }
    }

    private int first;
    private int second;
    private boolean endedByFirst;
    private boolean endedBySecond;
    private int seen;

    /** One holder. */
    @Actor
    public void one() {
        first = 1;
        if (thing.release()) {
            endedByFirst = true;
            seen = first + second;
        }
    }

    /** The other. */
    @Actor
    public void other() {
        second = 2;
        if (thing.release()) {
            endedBySecond = true;
            seen = first + second;
        }
    }

    /** Looks at both. */
    @Arbiter
    public void look(IZ_Result result) {
        result.r1 = seen;
        result.r2 = endedByFirst != endedBySecond;
    }
}
