package dev.daxverbs.region;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

import java.lang.foreign.MemorySegment;

/** A hint to a range is left while the range is retired and the hints are cleared: no hint to it stays, as that would keep its memory reachable. */
@JCStressTest
@Outcome(id = "true", expect = ACCEPTABLE, desc = "forgotten, by one of the two")
@Outcome(expect = FORBIDDEN, desc = "a hint to what is retired is left")
@State
public class HintsForget {
    private static final MemorySegment MEMORY = MemorySegment.ofAddress(1 << 20);

    private final RangeHints<String> hints = new RangeHints<>(1);
    private final KeptRange<String> range = new KeptRange<>(MEMORY, 0, "range", null, true);

    /** Had it, and remembers it. */
    @Actor
    public void user() {
        hints.put(range.start, range);
    }

    /** Takes it out. */
    @Actor
    public void retirer() {
        range.retire();
        hints.clearRetired();
    }

    /** Looks. */
    @Arbiter
    public void look(Z_Result result) {
        result.r1 = hints.get(range.start) == null;
    }
}
