package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** As {@link GateExclusion}, with an owner that enters again at once: a seizer that sees its first exit must not miss its second enter. */
@JCStressTest
@Outcome(id = "1, 2, 3", expect = ACCEPTABLE, desc = "both operations, then seizer")
@Outcome(id = "1, 3, 2", expect = ACCEPTABLE, desc = "operation, seizer, operation")
@Outcome(id = "2, 3, 1", expect = ACCEPTABLE, desc = "seizer, then both operations")
@Outcome(expect = FORBIDDEN, desc = "owner and seizer at the same time, or one that does not see the other's count")
@State
public class GateReentry {
    private final Gate gate = new Gate();
    private int count;

    /** Two operations. */
    @Actor
    public void owner(III_Result result) {
        gate.enter();
        result.r1 = ++count;
        gate.exit();
        gate.enter();
        result.r2 = ++count;
        gate.exit();
    }

    /** One seizure. */
    @Actor
    public void seizer(III_Result result) {
        gate.seize();
        result.r3 = ++count;
        gate.release();
    }
}
