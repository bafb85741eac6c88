package dev.daxverbs.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.daxverbs.internal.Gate;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** A gate is closed under its owner, as a queue pair is under a poster. */
@JCStressTest
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "operation, then close")
@Outcome(id = "false, 0", expect = ACCEPTABLE, desc = "close, and no operation")
@Outcome(expect = FORBIDDEN, desc = "an operation that the closer does not see: it could use what is gone")
@State
public class GateClose {
    private final Gate gate = new Gate();
    private int operations;

    /** One operation, if the gate is open. */
    @Actor
    public void owner(ZI_Result result) {
        if (gate.enter()) {
            operations++;
            result.r1 = true;
            gate.exit();
        }
    }

    /** Closes. */
    @Actor
    public void closer(ZI_Result result) {
        gate.seize();
        result.r2 = operations;
        gate.close();
        gate.release();
    }
}
