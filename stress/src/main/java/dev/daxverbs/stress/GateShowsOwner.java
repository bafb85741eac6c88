package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An owner reads what a seizer changes, in plain fields, as a poster reads a region's registration that a break takes away. */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "owner, then seizer")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "seizer, then owner, which sees all that was changed")
@Outcome(expect = FORBIDDEN, desc = "owner sees a part of what the seizer changed")
@State
public class GateShowsOwner {
    private final Gate gate = new Gate();
    private int first;
    private int second;

    /** An owner that is let in too early sees the difference. */
    @Actor
    public void owner(II_Result result) {
        gate.enter();
        result.r1 = first;
        result.r2 = second;
        gate.exit();
    }

    /** One seizure that takes its time. */
    @Actor
    public void seizer() {
        gate.seize();
        first = 1;
        LongOperation.run();
        second = 1;
        gate.release();
    }
}
