package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

import java.util.List;

/** Two seizers of the same gates, each in its own order: one comes after the other, and neither waits for ever. */
@JCStressTest
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "one, then the other")
@Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "the other, then one")
@Outcome(expect = FORBIDDEN, desc = "both at the same time, or one that does not see the other's count")
@State
public class GateSeizeAllTwice {
    private final Gate first = new Gate();
    private final Gate second = new Gate();
    private final List<Gate> ascending = List.of(first, second);
    private final List<Gate> descending = List.of(second, first);
    private int count;

    /** Names the older gate first. */
    @Actor
    public void one(II_Result result) {
        Gate.seizeAll(ascending);
        result.r1 = ++count;
        first.release();
        second.release();
    }

    /** Names the younger gate first. */
    @Actor
    public void other(II_Result result) {
        Gate.seizeAll(descending);
        result.r2 = ++count;
        second.release();
        first.release();
    }
}
