package dev.daxverbs.testing;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;

/** The virtual machine for tests: it has all that they need, so that nothing may be skipped there. */
public final class Guest {
    private Guest() {
    }

    /** Whether the tests run in it: system property {@code daxverbs.guest}. */
    public static boolean isHere() {
        return Boolean.getBoolean("daxverbs.guest");
    }

    /** What a condition says of a test that cannot run for the lack of something. */
    public static ConditionEvaluationResult skipped(String reason) {
        if (isHere()) {
            throw new AssertionError("the guest should have all that tests need: " + reason);
        }
        return ConditionEvaluationResult.disabled(reason);
    }

    /** Skips the running test for the lack of something; fails in the guest. */
    public static void skip(String reason) {
        if (isHere()) {
            Assertions.fail("the guest should have all that tests need: " + reason);
        }
        Assumptions.abort(reason);
    }
}
