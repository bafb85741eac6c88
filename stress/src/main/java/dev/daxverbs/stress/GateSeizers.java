package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two seizers, and an owner that comes after them. */
@JCStressTest
@Outcome(id = "1, 2, 3", expect = ACCEPTABLE, desc = "one, the other, then owner")
@Outcome(id = "2, 1, 3", expect = ACCEPTABLE, desc = "the other, one, then owner")
@Outcome(expect = FORBIDDEN, desc = "both seizers at the same time, or one of the three that does not see another's count")
@State
public class GateSeizers {
    private final Gate gate = new Gate();
    private int count;

    /** Seizes. */
    @Actor
    public void one(III_Result result) {
        gate.seize();
        int before = count;
        LongOperation.run();
        count = before + 1;
        result.r1 = count;
        gate.release();
    }

    /** Seizes. */
    @Actor
    public void other(III_Result result) {
        gate.seize();
        int before = count;
        LongOperation.run();
        count = before + 1;
        result.r2 = count;
        gate.release();
    }

    /** Finds the gate open. */
    @Arbiter
    public void owner(III_Result result) {
        gate.enter();
        result.r3 = ++count;
        gate.exit();
    }
}
