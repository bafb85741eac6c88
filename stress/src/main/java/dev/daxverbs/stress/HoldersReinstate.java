package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Holders;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** What is idle is retired, and given back as it was, while somebody comes to hold it. */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "held, before or afterwards")
@Outcome(id = "false, 0", expect = ACCEPTABLE, desc = "refused in between")
@Outcome(expect = FORBIDDEN, desc = "a hold is lost, or it stays retired")
@State
public class HoldersReinstate {
    private final Thing thing = new Thing();

    private static final class Thing extends Holders {
        Thing() {
            super(true);
            release();
        }
    }

    /** Holds it, for good. */
    @Actor
    public void user(ZI_Result result) {
        result.r1 = thing.hold();
    }

    /** Takes it out, and puts it back. */
    @Actor
    public void retirer() {
        if (thing.retireIdle()) {
            thing.reinstate();
        }
    }

    /** Counts who holds it. */
    @Arbiter
    public void count(ZI_Result result) {
        result.r2 = thing.isRetired() ? -1 : thing.holders();
    }
}
