package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A seizer reads what an owner did, in plain fields, as a break reads which transfers a poster has posted. */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "seizer, then owner")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "owner, then seizer, which sees all that was done")
@Outcome(expect = FORBIDDEN, desc = "seizer sees a part of what the owner did")
@State
public class GateShowsSeizer {
    private final Gate gate = new Gate();
    private int first;
    private int second;

    /** One operation that takes its time. */
    @Actor
    public void owner() {
        gate.enter();
        first = 1;
        LongOperation.run();
        second = 1;
        gate.exit();
    }

    /** A seizer that does not wait sees the difference. */
    @Actor
    public void seizer(II_Result result) {
        gate.seize();
        result.r1 = first;
        result.r2 = second;
        gate.release();
    }
}
