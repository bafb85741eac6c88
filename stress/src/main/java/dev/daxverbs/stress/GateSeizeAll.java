package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

import java.util.List;

/** Two gates with two owners, and a seizer that takes both with one barrier: it excludes each owner as if it had seized that gate alone. */
@JCStressTest
@Outcome(id = "1, 1, 2, 2", expect = ACCEPTABLE, desc = "both owners, then seizer")
@Outcome(id = "1, 2, 2, 1", expect = ACCEPTABLE, desc = "first owner, seizer, second owner")
@Outcome(id = "2, 1, 1, 2", expect = ACCEPTABLE, desc = "second owner, seizer, first owner")
@Outcome(id = "2, 2, 1, 1", expect = ACCEPTABLE, desc = "seizer, then both owners")
@Outcome(expect = FORBIDDEN, desc = "an owner and the seizer at the same time, or one that does not see the other's count")
@State
public class GateSeizeAll {
    private final Gate first = new Gate();
    private final Gate second = new Gate();
    private final List<Gate> both = List.of(second, first);
    private int firstCount;
    private int secondCount;

    /** One operation on the first gate. */
    @Actor
    public void firstOwner(IIII_Result result) {
        first.enter();
        result.r1 = ++firstCount;
        first.exit();
    }

    /** One operation on the second gate. */
    @Actor
    public void secondOwner(IIII_Result result) {
        second.enter();
        result.r2 = ++secondCount;
        second.exit();
    }

    /** One seizure of both. */
    @Actor
    public void seizer(IIII_Result result) {
        Gate.seizeAll(both);
        result.r3 = ++firstCount;
        first.release();
        result.r4 = ++secondCount;
        second.release();
    }
}
