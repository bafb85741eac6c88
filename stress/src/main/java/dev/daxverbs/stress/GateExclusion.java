package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An owner and a seizer each count by one, with plain accesses: neither may count while the other does, or miss that it did. */
@JCStressTest
@Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "owner, then seizer")
@Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "seizer, then owner")
@Outcome(expect = FORBIDDEN, desc = "owner and seizer at the same time, or one that does not see the other's count")
@State
public class GateExclusion {
    private final Gate gate = new Gate();
    private int count;

    /** One operation. */
    @Actor
    public void owner(II_Result result) {
        gate.enter();
        result.r1 = ++count;
        gate.exit();
    }

    /** One seizure. */
    @Actor
    public void seizer(II_Result result) {
        gate.seize();
        result.r2 = ++count;
        gate.release();
    }
}
