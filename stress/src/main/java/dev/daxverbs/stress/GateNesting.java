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

/** A seizer seizes what it has already, by both methods, and lets go of that again: the owner stays out until the outermost release. */
@JCStressTest
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "owner, then seizer")
@Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "seizer, then owner, which sees all that was changed")
@Outcome(expect = FORBIDDEN, desc = "owner is let in by an inner release")
@State
public class GateNesting {
    private final Gate gate = new Gate();
    private int first;
    private int second;

    /** One operation. */
    @Actor
    public void owner(II_Result result) {
        gate.enter();
        result.r1 = first;
        result.r2 = second;
        gate.exit();
    }

    /** Three seizures, one in the other. */
    @Actor
    public void seizer() {
        gate.seize();
        gate.seize();
        Gate.seizeAll(List.of(gate));
        first = 1;
        gate.release();
        LongOperation.run();
        first = 2;
        gate.release();
        LongOperation.run();
        second = 2;
        gate.release();
    }
}
