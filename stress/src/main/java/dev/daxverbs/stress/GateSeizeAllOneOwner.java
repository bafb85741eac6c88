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

/** As {@link GateSeizeAll}, with one thread that owns both gates: two processors are enough to run both sides at the same time. */
@JCStressTest
@Outcome(id = "1, 1, 2, 2", expect = ACCEPTABLE, desc = "both operations, then seizer")
@Outcome(id = "1, 2, 2, 1", expect = ACCEPTABLE, desc = "first operation, seizer, second operation")
@Outcome(id = "2, 2, 1, 1", expect = ACCEPTABLE, desc = "seizer, then both operations")
@Outcome(expect = FORBIDDEN, desc = "the owner and the seizer at the same time, or one that does not see the other's count")
@State
public class GateSeizeAllOneOwner {
    private final Gate first = new Gate();
    private final Gate second = new Gate();
    private final List<Gate> both = List.of(second, first);
    private int firstCount;
    private int secondCount;

    /** One operation on each gate. */
    @Actor
    public void owner(IIII_Result result) {
        first.enter();
        result.r1 = ++firstCount;
        first.exit();
        second.enter();
        result.r2 = ++secondCount;
        second.exit();
    }

    /** One seizure of both. */
    @Actor
    public void seizer(IIII_Result result) {
        Gate.seizeAll(both);
        result.r3 = ++firstCount;
        result.r4 = ++secondCount;
        first.release();
        second.release();
    }
}
